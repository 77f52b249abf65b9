"""Which positions may enter live state, and their compact form."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansom.contracts.location import MARKS
from services.location.domain.positions import Position, believable, mark_row, trace_row, unpack

NOW, DAY = 1_790_000_000_000, 86_400_000


def a_row(**changes: Any) -> list[Any]:
    known = {"id": "d", "lat": 60.17, "lng": 24.94, "at": NOW, "seq": 1, "bearing": 90.0, "speed": 8.0, "accuracy": 5.0}
    return list((known | changes).values())


@pytest.mark.parametrize(
    "row",
    [
        a_row(lat=math.nan),
        a_row(lng=math.inf),
        a_row(lat=-math.inf),
        a_row(lat=90.001),
        a_row(lng=-180.1),
        a_row(lat="60.17"),
        a_row(lat=None),
        a_row(lat=[60.17]),
        a_row(at=NOW - DAY - 1),
        a_row(at=math.nan),
        a_row(at="now"),
        a_row(seq=-1),
        a_row(seq=2**53),
        a_row(id=""),
        a_row(id=7),
        a_row(id="d" * 65),
        a_row()[:7],
        [],
        None,
        "row",
        7,
    ],
)
def test_what_is_no_position_is_left_out_and_the_rest_is_taken(row: Any) -> None:
    assert [p.driver_id for p in believable([a_row(id="a"), row, a_row(id="b")], NOW, DAY, 60_000)] == ["a", "b"]


def test_a_clock_that_is_ahead_counts_as_now_and_one_that_is_far_ahead_is_not_believed() -> None:
    rows = [a_row(at=NOW + 3_600_000), a_row(at=NOW + 30_000), a_row(at=NOW + 1000)]
    far, ahead, slightly = believable(rows, NOW, DAY, 60_000)
    assert (far.at_ms, ahead.at_ms, slightly.at_ms) == (NOW, NOW, NOW + 1000)
    assert (far.mark, ahead.mark, slightly.mark) == ("clock_skew", None, None)


def test_a_row_may_bring_its_mark_and_an_unknown_one_is_none() -> None:
    rows = [[*a_row(), "clock_skew"], [*a_row(), "because"], [*a_row(), None], [*a_row(), ["vague"]]]
    assert [p.mark for p in believable(rows, NOW, DAY, 60_000)] == ["clock_skew", None, None, None]


def test_what_is_wrong_with_the_extras_is_left_out_and_the_position_is_taken() -> None:
    (position,) = believable([a_row(bearing=math.nan, speed="fast", accuracy=True)], NOW, DAY, 60_000)
    assert (position.bearing_deg, position.speed_mps, position.accuracy_m) == (None, None, None)


extras = st.none() | st.floats(0, 400).map(lambda value: round(value, 1))


packable = st.builds(
    Position,
    st.just("d"),
    st.floats(-90, 90).map(lambda degrees: round(degrees, 6)),
    st.floats(-180, 180).map(lambda degrees: round(degrees, 6)),
    st.integers(0, 2**42),
    st.integers(0, 2**53),
    extras,
    extras,
    extras,
    st.none() | st.sampled_from(MARKS),
)


@given(packable)
def test_a_position_survives_packing(position: Position) -> None:
    assert unpack("d", position.packed()) == position


def test_a_row_of_a_trace_begins_with_its_trip() -> None:
    (position,) = believable([a_row()], NOW, DAY, 60_000)
    assert trace_row("t", position) == ["t", *a_row()]


def test_a_marked_position_ends_its_row_with_the_mark() -> None:
    (position,) = believable([[*a_row(), "clock_skew"]], NOW, DAY, 60_000)
    assert trace_row("t", position) == ["t", *a_row(), "clock_skew"]
    assert mark_row(position) == ["d", NOW, 1, 60.17, 24.94, "clock_skew"]
