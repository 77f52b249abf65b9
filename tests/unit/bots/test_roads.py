from itertools import pairwise
from random import Random

import pytest

from hansom.bots.roads import Drive, RoadGraph, Route, gap_m, moved, node_of
from hansom.values import Point, distance_m

CENTRE = Point(60.17, 24.94)


def east_of(point: Point, metres: float) -> Point:
    return moved(point, metres, 0)


def a_route(*points: Point, speed_mps: float = 10.0) -> Route:
    length_m = sum(gap_m(here, there) for here, there in pairwise(points))
    return Route(points, length_m, length_m / speed_mps)


def test_flat_distances_agree_with_the_haversine_within_a_city() -> None:
    for east, north in ((0, 900), (1200, 0), (-700, 450)):
        there = moved(CENTRE, east, north)
        assert gap_m(CENTRE, there) == pytest.approx(distance_m(CENTRE, there), rel=1e-4)


def test_a_drive_is_where_its_speed_takes_it() -> None:
    drive = Drive([CENTRE, east_of(CENTRE, 100)], speed_mps=10, started_at=50.0)
    fix = drive.fix(53.0)
    assert gap_m(CENTRE, fix.point) == pytest.approx(30, abs=0.01)
    assert fix.bearing_deg == pytest.approx(90, abs=0.01)
    assert (fix.speed_mps, round(fix.left_m)) == (10, 70)
    assert drive.ends_at == pytest.approx(60.0)


def test_a_drive_stands_at_its_first_point_before_and_at_its_last_point_after() -> None:
    end = east_of(CENTRE, 100)
    drive = Drive([CENTRE, end], speed_mps=10, started_at=50.0)
    assert drive.fix(0.0).point == CENTRE
    after = drive.fix(1000.0)
    assert (after.point, after.speed_mps, after.left_m) == (end, 0.0, 0.0)


def test_a_drive_never_moves_faster_than_its_speed_around_corners() -> None:
    corner = east_of(CENTRE, 40)
    drive = Drive([CENTRE, corner, corner, moved(corner, 0, 60), moved(corner, -30, 60)], 9.0, 0.0)
    fixes = [drive.fix(second / 4) for second in range(80)]
    assert all(gap_m(here.point, there.point) <= 9.0 / 4 + 0.01 for here, there in pairwise(fixes))


def test_a_line_of_one_point_is_a_parked_car() -> None:
    drive = Drive([CENTRE], 1.0, 5.0)
    assert drive.ends_at == 5.0
    assert drive.fix(5.0).point == CENTRE


def test_a_line_without_points_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a point"):
        Drive([], 1.0, 0.0)


def a_ring() -> tuple[RoadGraph, list[Point]]:
    """A one-way square of 100 m a side."""
    corners = [CENTRE, moved(CENTRE, 100, 0), moved(CENTRE, 100, 100), moved(CENTRE, 0, 100)]
    graph = RoadGraph()
    graph.learn(a_route(*corners, corners[0]))
    return graph, corners


def test_wandering_follows_one_way_streets() -> None:
    graph, corners = a_ring()
    route = graph.wander(Random(1), corners[1], 350)
    assert route is not None
    order = [node_of(corner) for corner in corners]
    steps = [order.index(node_of(point)) for point in route.line]
    assert all(there == (here + 1) % 4 for here, there in pairwise(steps))
    assert route.distance_m == pytest.approx(400, rel=0.02)
    assert route.speed_mps == pytest.approx(10, rel=0.02)


def test_wandering_from_a_dead_end_gives_nothing() -> None:
    graph = RoadGraph()
    graph.learn(a_route(CENTRE, east_of(CENTRE, 50)))
    assert graph.wander(Random(1), east_of(CENTRE, 50), 100) is None


def test_the_quickest_known_way_goes_round_a_one_way_ring() -> None:
    graph, corners = a_ring()
    way = graph.way(corners[1], corners[0])
    assert way is not None
    assert way.distance_m == pytest.approx(300, rel=0.02)
    assert way.duration_s == pytest.approx(30, rel=0.02)


def test_there_is_no_way_to_where_no_street_leads() -> None:
    graph = RoadGraph()
    graph.learn(a_route(CENTRE, east_of(CENTRE, 50)))
    assert graph.way(east_of(CENTRE, 50), CENTRE) is None


def test_a_way_ends_near_a_crossing_to_which_no_known_street_leads() -> None:
    graph = RoadGraph()
    graph.learn(a_route(*[east_of(CENTRE, 100 * n) for n in range(4)]))
    graph.learn(a_route(moved(east_of(CENTRE, 300), 30, 30), east_of(CENTRE, 900)))  # only leads away
    way = graph.way(CENTRE, moved(east_of(CENTRE, 300), 30, 30))
    assert way is not None
    assert way.distance_m == pytest.approx(300, rel=0.02)
    assert graph.way(CENTRE, east_of(CENTRE, 900)) is None, "too far from what can be reached"


def test_a_place_between_two_distances_is_found() -> None:
    graph = RoadGraph()
    graph.learn(a_route(*[east_of(CENTRE, 50 * n) for n in range(40)]))
    place = graph.place_between(Random(3), CENTRE, 300, 900)
    assert 300 <= gap_m(CENTRE, place) <= 900
