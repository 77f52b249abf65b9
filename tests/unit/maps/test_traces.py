"""Traces: cleaning, cutting, joining."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansom.values import Point, distance_m
from services.maps.domain import traces
from services.maps.domain.traces import Leg, TracePoint

NORTH_M = 1 / 111_195
"""Degrees of latitude in a metre."""


def a_trace(*metres: float, accuracy_m: float | None = None, step_s: float = 1) -> list[TracePoint]:
    """A trace due north, one reading every `step_s` seconds, at these distances from its start."""
    return [TracePoint(Point(60 + m * NORTH_M, 25), 1000 + i * step_s, accuracy_m) for i, m in enumerate(metres)]


def a_leg(first: int, last: int, metres: float = 10, method: str = "matched", quality: float = 1) -> Leg:
    return Leg(first, last, metres, (Point(60, 25 + first), Point(60, 25 + last)), method, quality)


def test_readings_are_put_in_order_and_one_a_second_is_kept() -> None:
    mixed = a_trace(0, 10, 20, 30)
    doubled = [mixed[2], mixed[0], mixed[3], mixed[1], mixed[1]]
    assert traces.clean(doubled) == mixed


def test_a_wild_reading_is_left_out() -> None:
    assert [round((p.point.lat - 60) / NORTH_M) for p in traces.clean(a_trace(0, 10, 900, 30))] == [0, 10, 30]


def test_a_wild_first_reading_does_not_throw_out_all_that_follow() -> None:
    kept = traces.clean(a_trace(90_000, 10, 20, 30, 40, 50))
    assert round((kept[-1].point.lat - 60) / NORTH_M) == 50
    assert len(kept) >= 3


def test_readings_too_vague_to_use_are_left_out() -> None:
    assert traces.clean(a_trace(0, 10, accuracy_m=500)) == []


def test_a_car_that_stands_still_adds_no_points() -> None:
    thinned = traces.thin(a_trace(0, 1, 2, 3, 2, 1, 0, 16, 17, 18, 40))
    assert [round((p.point.lat - 60) / NORTH_M) for p in thinned] == [0, 16, 40]


def test_vague_readings_are_smoothed_and_the_ends_stay() -> None:
    rough = a_trace(0, 30, 0, 30, 0, 30, 0, accuracy_m=20)
    smooth = traces.smooth(rough)
    assert (smooth[0], smooth[-1]) == (rough[0], rough[-1])
    assert traces.hops(smooth, 1, 5).distance_m < traces.hops(rough, 1, 5).distance_m / 3
    assert traces.smooth(a_trace(0, 30, 0)) == a_trace(0, 30, 0)


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


def test_a_route_much_longer_than_the_way_between_the_points_is_not_believed() -> None:
    points = a_trace(0, 100, 200)
    line = (points[0].point, points[-1].point)
    assert traces.routed(points, 0, 2, 260, line).method == "routed"
    refused = traces.routed(points, 0, 2, 5000, line)
    assert refused.method == "hops"
    assert refused.distance_m == pytest.approx(200, abs=1)


def test_a_hole_is_routed_through_its_ends_and_some_points_between() -> None:
    points = a_trace(*range(0, 1000, 10))
    through = traces.waypoints(points, 10, 90, 25)
    assert len(through) == 25
    assert (through[0], through[-1]) == (points[10].point, points[90].point)
    assert traces.waypoints(points, 3, 5) == [p.point for p in points[3:6]]


def test_a_trace_is_as_sure_as_its_legs_by_their_length() -> None:
    trace = traces.assemble([a_leg(0, 1, 300), a_leg(1, 2, 100, "hops", 0.2)], readings=50)
    assert (trace.distance_m, trace.method, trace.confidence, trace.credible) == (400, "matched", 0.8, True)


def test_a_trace_of_two_readings_is_not_credible() -> None:
    assert not traces.assemble([a_leg(0, 1, 300)], readings=2).credible


def test_a_car_that_never_moved_has_driven_nothing_and_that_is_credible() -> None:
    still = a_trace(0, 1, 0, 1, 0)
    trace = traces.assemble([traces.hops(traces.thin(still), 0, 1)], readings=5)
    assert (trace.distance_m, trace.credible) == (0, True)


def test_lines_are_put_together_without_repeating_where_they_meet() -> None:
    trace = traces.assemble([a_leg(0, 1), a_leg(1, 2)], readings=9)
    assert len(trace.line) == 3
    assert distance_m(trace.line[0], trace.line[0]) == 0
