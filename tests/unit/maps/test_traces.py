"""Traces: cutting, judging, joining."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hansom.values import Point, distance_m
from services.maps.domain import traces
from services.maps.domain.readings import Spot
from services.maps.domain.traces import Leg

NORTH_M = 1 / 111_195
"""Degrees of latitude in a metre."""


def spots_at(*metres: float, step_s: float = 5) -> list[Spot]:
    """Spots due north, one every `step_s` seconds, at these distances from the first."""
    return [Spot(Point(60 + m * NORTH_M, 25), 1000 + i * step_s, 1000 + i * step_s, 5) for i, m in enumerate(metres)]


def a_leg(first: int, last: int, metres: float = 10, method: str = "matched", quality: float = 1) -> Leg:
    return Leg(first, last, metres, (Point(60, 25 + first), Point(60, 25 + last)), method, quality)


@given(st.integers(1, 2000), st.integers(20, 200), st.integers(2, 15))
def test_pieces_cover_all_points_and_overlap(count: int, size: int, overlap: int) -> None:
    cut = traces.pieces(count, size, overlap)
    assert cut[0][0] == 0
    assert cut[-1][1] == count
    assert all(end - first <= size for first, end in cut)
    assert all(before[1] - after[0] == overlap for before, after in pairwise(cut))


def test_two_pieces_change_over_in_the_middle_of_what_they_share() -> None:
    before = [a_leg(i, i + 1) for i in range(19)]
    after = [a_leg(i, i + 1) for i in range(10, 30)]
    joined = traces.join(before, after, (10, 20))
    assert [leg.first for leg in joined] == list(range(30))
    assert traces.holes(joined, 31) == []


def test_two_pieces_that_share_no_matched_point_leave_a_hole_to_be_routed() -> None:
    joined = traces.join([a_leg(0, 8)], [a_leg(16, 20)], (10, 20))
    assert [(leg.first, leg.last) for leg in joined] == [(0, 8), (16, 20)]
    assert traces.holes(joined, 25) == [(8, 16), (20, 24)]


def test_without_any_match_the_whole_trace_is_a_hole() -> None:
    assert traces.holes([], 10) == [(0, 9)]


def test_a_way_much_longer_than_a_car_can_have_come_is_not_believed() -> None:
    spots = spots_at(0, 40, 80, 120)
    assert traces.is_believed(spots, 1, 2, 42)
    assert not traces.is_believed(spots, 1, 2, 400), "round the block in five seconds"
    assert traces.is_believed(spots_at(0, 40, 80, 120, step_s=60), 1, 2, 400), "in a minute it can"


def test_a_car_that_was_fast_before_may_have_come_through_a_hairpin() -> None:
    slow, fast = spots_at(0, 25, 50, 60, 85), spots_at(0, 80, 160, 170, 250)
    assert not traces.is_believed(slow, 2, 3, 110)
    assert traces.is_believed(fast, 2, 3, 110)


def test_a_way_that_leaves_out_what_was_driven_between_is_not_believed() -> None:
    there_and_back = spots_at(0, 60, 120, 180, 120, 60, 10)
    assert not traces.is_believed(there_and_back, 0, 6, 40)
    assert traces.is_believed(there_and_back, 0, 6, 350)


def test_a_hole_is_led_through_all_its_spots_then_through_fewer() -> None:
    assert traces.ways_through(3, 9) == [[3, 4, 5, 6, 7, 8, 9], [3, 6, 9], [3, 9]]
    assert traces.ways_through(3, 4) == [[3, 4]]
    assert traces.ways_through(0, 90)[0] == [0, 90], "more than a router takes"


def test_a_trace_is_as_sure_as_its_legs_by_their_length() -> None:
    trace = traces.assemble([a_leg(0, 1, 300), a_leg(1, 2, 100, "hops", 0.2)], readings=50)
    assert (trace.distance_m, trace.method, trace.confidence, trace.credible) == (400, "matched", 0.8, True)


def test_a_trace_of_two_readings_is_not_credible() -> None:
    assert not traces.assemble([a_leg(0, 1, 300)], readings=2).credible


def test_a_car_that_never_moved_has_driven_nothing_and_that_is_credible() -> None:
    trace = traces.assemble([traces.hops(spots_at(0), 0, 0)], readings=5)
    assert (trace.distance_m, trace.credible) == (0, True)


def test_lines_are_put_together_without_repeating_where_they_meet() -> None:
    trace = traces.assemble([a_leg(0, 1), a_leg(1, 2)], readings=9)
    assert len(trace.line) == 3
    assert distance_m(trace.line[0], trace.line[0]) == 0
