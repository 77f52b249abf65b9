from random import Random

import pytest

from hansom.bots import habits, options
from hansom.bots.navigator import road_time_s
from hansom.bots.roads import RoadGraph, Route, gap_m, moved
from hansom.values import Point


def test_the_command_line_makes_options() -> None:
    given = options.parse(["--drivers", "500", "--for", "180", "--area", "1,2,3,4", "--json"])
    assert (given.drivers, given.run_for_s, given.json) == (500, 180.0, True)
    assert given.area == options.Area(1, 2, 3, 4)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--drivers", "0"],
        ["--for", "-1"],
        ["--area", "1,2,3"],
        ["--area", "3,2,1,4"],
        ["--url", "ftp://x"],
        ["--traffic", "0"],
        ["--traffic", "5"],
        ["--traffic", "nan"],
        ["--traffic", "jam"],
        ["--time-zone", "Mars"],
    ],
)
def test_options_that_make_no_sense_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        options.parse(arguments)
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_traffic_is_a_share_of_the_roads_speed_or_slow_in_rush_hours() -> None:
    assert {options.parse(["--traffic", "0.6"]).traffic.speed(hour) for hour in range(24)} == {0.6}
    rush = options.parse(["--traffic", "rush"]).traffic
    assert rush.speed(8) < rush.speed(12) < rush.speed(3) == 1.0
    assert len(rush.speeds) == 24
    assert options.parse([]).traffic.speed(8) == 1.0


def test_the_roads_own_time_is_that_of_the_quote_without_its_correction() -> None:
    assert road_time_s({"duration_s": 150, "correction": 1.5}) == 100.0
    assert road_time_s({"duration_s": 150}) == 150.0


def test_points_stay_inside_the_area() -> None:
    area = options.Area(*options.HELSINKI)
    for share in (0.0, 0.5, 1.0):
        point = area.inside(share, share)
        assert area.south < point.lat < area.north
        assert area.west < point.lng < area.east


def test_the_same_seed_draws_the_same_person_and_another_run_another_address() -> None:
    first, again = (habits.person(Random("7:rider-3"), "rider", 3, "run1") for _ in range(2))
    other = habits.person(Random("7:rider-3"), "rider", 3, "run2")
    assert first == again
    assert other["email"] != first["email"]
    assert {**other, "email": ""} == {**first, "email": ""}


def test_the_first_three_cars_are_of_three_categories() -> None:
    assert {habits.vehicle(Random(1), number)["category"] for number in range(3)} == set(habits.CATEGORIES)


def a_grid(blocks: int = 20, metres: float = 90.0) -> RoadGraph:
    """Streets both ways, as a square net."""
    graph, south_west = RoadGraph(), Point(60.16, 24.93)
    for row in range(blocks):
        along = [moved(south_west, column * metres, row * metres) for column in range(blocks)]
        across = [moved(south_west, row * metres, column * metres) for column in range(blocks)]
        for line in (along, across, along[::-1], across[::-1]):
            graph.learn(Route(tuple(line), blocks * metres, blocks * metres / 8))
    return graph


def test_most_trips_are_short_and_none_goes_round_the_block() -> None:
    rng, graph = Random(5), a_grid()
    trips = []
    for _ in range(300):
        start = graph.place(rng)
        trips.append(gap_m(start, habits.destination(rng, graph, start)))
    assert min(trips) >= habits.SHORT_TRIP_LEAST_M
    assert sum(length <= habits.SHORT_TRIP_M[1] + 90 for length in trips) > 0.9 * len(trips)
    assert max(trips) <= habits.LONG_TRIP_M[1]


def test_riders_order_what_they_like_of_what_is_near() -> None:
    def quoted(**etas: float | None) -> list[dict[str, object]]:
        return [{"category": name, "pickup_eta_s": eta_s} for name, eta_s in etas.items()]

    rng = Random(5)
    assert {habits.category(rng, quoted(standard=None, van=90.0)) for _ in range(50)} == {"van"}
    assert {habits.category(rng, quoted(standard=None, van=None)) for _ in range(50)} == {"standard", "van"}
    near = [habits.category(rng, quoted(standard=30.0, comfort=600.0)) for _ in range(500)]
    assert near.count("comfort") < 25


def test_chances_follow_their_weights() -> None:
    rng = Random(5)
    draws = [habits.one_of(rng, {"a": 0.9, "b": 0.1}) for _ in range(1000)]
    assert 860 <= draws.count("a") <= 940
