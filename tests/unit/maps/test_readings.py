"""What a receiver said: cleaned, smoothed, gathered."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hansom.values import Point, distance_m
from services.maps.domain import readings
from services.maps.domain.readings import Spot, TracePoint

NORTH_M = 1 / 111_195
"""Degrees of latitude in a metre."""


def a_trace(*metres: float, accuracy_m: float | None = None, step_s: float = 1) -> list[TracePoint]:
    """A trace due north, one reading every `step_s` seconds, at these distances from its start."""
    return [TracePoint(Point(60 + m * NORTH_M, 25), 1000 + i * step_s, accuracy_m) for i, m in enumerate(metres)]


def norths(places: Sequence[TracePoint | Spot]) -> list[int]:
    """How far north of the start each is, in metres."""
    return [round((place.point.lat - 60) / NORTH_M) for place in places]


def test_readings_are_put_in_order_and_one_a_second_is_kept() -> None:
    mixed = a_trace(0, 10, 20, 30)
    doubled = [mixed[2], mixed[0], mixed[3], mixed[1], mixed[1]]
    assert readings.clean(doubled) == mixed


def test_a_wild_reading_is_left_out() -> None:
    assert [round((p.point.lat - 60) / NORTH_M) for p in readings.clean(a_trace(0, 10, 900, 30))] == [0, 10, 30]


def test_a_wild_first_reading_does_not_throw_out_all_that_follow() -> None:
    kept = readings.clean(a_trace(90_000, 10, 20, 30, 40, 50))
    assert round((kept[-1].point.lat - 60) / NORTH_M) == 50
    assert len(kept) >= 3


def test_readings_too_vague_to_use_are_left_out() -> None:
    assert readings.clean(a_trace(0, 10, accuracy_m=500)) == []


def test_smoothing_takes_most_of_the_noise_away_and_no_reading() -> None:
    scatter = random.Random(1)
    truth = [5.0 * i for i in range(60)]
    rough = a_trace(*(m + scatter.gauss(0, 10) for m in truth), accuracy_m=15)
    smooth = readings.smooth(rough)

    def missed(points: list[TracePoint]) -> float:
        return sum(abs(m - (p.point.lat - 60) / NORTH_M) for m, p in zip(truth, points, strict=True))

    assert [p.at_s for p in smooth] == [p.at_s for p in rough]
    assert missed(smooth) < missed(rough) / 2


def test_smoothing_leaves_a_steady_drive_where_it_is() -> None:
    steady = a_trace(*(12 * i for i in range(30)), accuracy_m=8, step_s=2)
    moved_m = [distance_m(a.point, b.point) for a, b in zip(steady, readings.smooth(steady), strict=True)]
    assert max(moved_m[5:]) < 0.1
    assert readings.smooth(steady[:2]) == steady[:2]


def test_a_car_that_stands_still_is_in_one_place() -> None:
    spots = readings.gather(a_trace(0, 1, 2, 3, 2, 1, 0, 16, 30, 45, 60))
    assert norths(spots)[0] in (1, 2, 3)
    assert spots[0].until_s - spots[0].from_s >= 6
    assert norths(spots) == sorted(norths(spots))


def test_one_reading_far_off_does_not_end_a_place() -> None:
    assert len(readings.gather(a_trace(0, 1, 0, 25, 0, 1, 0, 1))) == 1


def test_a_drive_begins_and_ends_where_it_was_first_and_last_heard_of() -> None:
    assert (norths(readings.gather(a_trace(*range(0, 200, 4))))[0], norths(readings.gather(a_trace(0, 50)))[-1]) == (
        0,
        50,
    )


def test_nothing_is_gathered_from_nothing() -> None:
    assert readings.gather([]) == []
