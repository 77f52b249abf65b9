"""Whether a trace is all there."""

from __future__ import annotations

import pytest

from services.location.domain.positions import Position
from services.location.domain.traces import Passage, Stretch, believed, coarse, covered, gaps, still_arriving, with_ends
from services.location.usecases.positions import counted_down
from services.location.usecases.tracing import thinned

RIDE = Stretch(100_000, 400_000)


@pytest.mark.parametrize(
    ("times_ms", "latest_ms", "now_ms", "waits"),
    [
        ([100_000, 399_000], 399_000, 400_100, False),
        ([100_000, 350_000], 400_000, 400_100, False),
        ([100_000, 350_000], 350_000, 400_100, True),
        ([100_000, 350_000], 350_000, 404_000, False),
        ([], None, 400_100, True),
        ([], None, 404_000, False),
    ],
    ids=[
        "the last one is here",
        "a later one is here",
        "the end is missing",
        "waited enough",
        "none yet",
        "none at all",
    ],
)
def test_finishing_waits_only_while_more_may_come(
    times_ms: list[int], latest_ms: int | None, now_ms: int, waits: bool
) -> None:
    assert still_arriving(times_ms, latest_ms, RIDE, now_ms, wait_s=3) is waits


def test_gaps_are_long_silences_also_at_both_ends() -> None:
    assert gaps([140_000, 150_000, 300_000, 384_000], RIDE) == [
        (100_000, 140_000),
        (150_000, 300_000),
        (300_000, 384_000),
        (384_000, 400_000),
    ]
    assert gaps(list(range(104_000, 400_001, 5000)), RIDE) == [], "reports every five seconds"
    assert gaps([], RIDE) == [(100_000, 400_000)]
    assert gaps([], Stretch(0, 5_000)) == [(0, 5_000)], "a ride without positions is never complete"


def test_marked_positions_are_counted_and_not_driven() -> None:
    marks = [None, "teleport", None, "frozen", "teleport"]
    positions = [Position("d", 60, 24, at, at, None, None, None, mark) for at, mark in enumerate(marks)]
    taken, marked = believed(positions)
    assert [p.at_ms for p in taken] == [0, 2]
    assert marked == {"teleport": 2, "frozen": 1}


def at_times(*times_ms: int) -> list[Position]:
    return [Position("d", 60, 24, at_ms, at_ms, None, None, None) for at_ms in times_ms]


def test_where_the_end_of_a_ride_was_not_heard_of_the_nearest_position_stands_for_it() -> None:
    around = at_times(30_000, 90_000, 98_000, 150_000, 380_000, 420_000, 425_000)
    assert [p.at_ms for p in with_ends(around, RIDE)] == [98_000, 150_000, 380_000, 420_000]
    whole = at_times(98_000, 101_000, 250_000, 399_000, 402_000)
    assert [p.at_ms for p in with_ends(whole, RIDE)] == [101_000, 250_000, 399_000], "its own are enough"
    assert with_ends(at_times(98_000, 402_000), RIDE) == [], "nothing of the ride itself is no trace"
    assert [p.at_ms for p in with_ends(at_times(10_000, 200_000, 500_000), RIDE)] == [200_000], "too far from it"


def test_a_coarse_trace_names_each_segment_once_in_a_row_with_rounded_times() -> None:
    seen = [("d", "a", 10_000), ("d", "a", 20_000), ("d", "b", 149_000), ("d", "a", 151_000), ("e", "a", 600_000)]
    assert coarse(seen) == [
        Passage("d", "a", 0),
        Passage("d", "b", 0),
        Passage("d", "a", 300_000),
        Passage("e", "a", 600_000),
    ]
    assert coarse([]) == []


def test_a_ride_that_was_silent_for_more_than_half_is_not_covered() -> None:
    assert covered([(100_000, 240_000)], RIDE)
    assert not covered([(100_000, 260_000)], RIDE)
    assert covered([(0, 55_000)], Stretch(0, 56_000)), "a minute is forgiven whatever the ride's length"


def test_a_time_to_go_counts_down_to_zero() -> None:
    assert counted_down(100, 10_000, 40_000) == 70
    assert counted_down(10, 10_000, 40_000) == 0
    assert counted_down(None, 0, 40_000) is None


def test_a_long_trace_is_shown_thinned_with_both_ends() -> None:
    points = [Position("d", 60, 24, at, at, None, None, None) for at in range(1000)]
    shown = thinned(points, 100)
    assert len(shown) == 100
    assert (shown[0], shown[-1]) == (points[0], points[-1])
    assert thinned(points, 1000) == points
