"""What a rider is told of surge: true of what was counted, and never raised by what is not known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hansom.contracts.pricing import SurgeCode
from services.pricing.domain.reasons import WORDS, Reckoned, surge_of
from services.pricing.domain.surge import Near, SegmentSurge

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
STALE = timedelta(seconds=60)
RECKONED = Reckoned(NOW - timedelta(seconds=5), cap_tenths=20, window_s=300)
BUSY = SegmentSurge(1.52, 15, 1.6, Near(waiting=6, requests=14, unmet=2, free=3))


def told(reckoned: Reckoned | None = RECKONED, segment: SegmentSurge | None = BUSY) -> tuple[int, SurgeCode, str]:
    surge = surge_of(reckoned, segment, NOW, STALE)
    return surge.tenths, surge.code, surge.reason


def test_a_raised_fare_says_what_was_counted() -> None:
    assert told() == (
        15,
        SurgeCode.HIGH_DEMAND,
        "Busy near the pickup: 14 rides asked for in the last 5 minutes, 6 still without a car, 2 found none, "
        "3 free cars.",
    )


def test_the_numbers_stand_beside_the_words_for_who_says_them_in_another_language() -> None:
    busy = {"window_s": 300, "requests": 14, "waiting": 6, "unmet": 2, "free": 3, "easing": False, "at_cap": False}
    assert surge_of(RECKONED, BUSY, NOW, STALE).values == busy
    quieter = surge_of(RECKONED, SegmentSurge(1.5, 15, 1.0, Near(requests=2, free=8)), NOW, STALE).values
    highest = surge_of(RECKONED, SegmentSurge(2.0, 20, 2.0, Near(requests=90, free=1)), NOW, STALE).values
    assert quieter and quieter["easing"] and highest and highest["at_cap"]
    assert surge_of(RECKONED, None, NOW, STALE).values is None, "the usual fare rests on nothing"


def test_one_is_not_many_and_none_is_said_so() -> None:
    reckoned = Reckoned(NOW, cap_tenths=20, window_s=60)
    assert told(reckoned, SegmentSurge(1.2, 12, 1.2, Near(requests=1, free=1)))[2] == (
        "Busy near the pickup: 1 ride asked for in the last minute, 1 free car."
    )
    assert told(segment=SegmentSurge(1.2, 12, 1.2, Near(requests=9)))[2].endswith(", no free car.")


def test_a_fare_on_its_way_down_says_so() -> None:
    assert told(segment=SegmentSurge(1.5, 15, 1.0, Near(requests=2, free=8)))[2].startswith("It was busier near")


def test_a_fare_at_the_cap_says_that_it_rises_no_further() -> None:
    assert told(segment=SegmentSurge(2.0, 20, 2.0, Near(requests=90, free=1)))[2].endswith(
        "Fares rise no further than 2.0 times the usual here."
    )


def test_a_cap_that_was_lowered_holds_for_what_was_reckoned_before() -> None:
    assert told(Reckoned(NOW, cap_tenths=12))[0] == 12


@pytest.mark.parametrize(
    ("reckoned", "code"),
    [
        (None, SurgeCode.DEMAND_UNKNOWN),
        (Reckoned(None, cap_tenths=20, trouble=SurgeCode.SUPPLY_UNKNOWN), SurgeCode.SUPPLY_UNKNOWN),
        (Reckoned(NOW - timedelta(seconds=61), cap_tenths=20), SurgeCode.DEMAND_UNKNOWN),
        (
            Reckoned(NOW - timedelta(seconds=61), cap_tenths=20, trouble=SurgeCode.SUPPLY_UNKNOWN),
            SurgeCode.SUPPLY_UNKNOWN,
        ),
        (Reckoned(NOW, enabled=False, cap_tenths=20), SurgeCode.OFF),
        (Reckoned(NOW, cap_tenths=10), SurgeCode.NORMAL),
    ],
)
def test_what_is_not_known_or_switched_off_never_raises_a_fare(reckoned: Reckoned | None, code: SurgeCode) -> None:
    assert told(reckoned) == (10, code, WORDS[code])


def test_trouble_just_now_leaves_what_was_reckoned_a_moment_ago() -> None:
    assert told(Reckoned(NOW - timedelta(seconds=59), cap_tenths=20, trouble=SurgeCode.SUPPLY_UNKNOWN))[0] == 15


def test_a_segment_at_rest_has_the_usual_fare() -> None:
    assert told(segment=None) == (10, SurgeCode.NORMAL, "The usual fare.")
    assert told(segment=SegmentSurge(1.05, 10, 1.05))[1] == SurgeCode.NORMAL


def test_every_code_has_its_words() -> None:
    assert WORDS.keys() == set(SurgeCode)
