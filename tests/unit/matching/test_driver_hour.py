"""Why a driver had few rides: in counts, in words, and what to do about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansom.contracts.matching import Answer, Dropped
from hansom.values import Point
from services.matching.domain.driver_hour import (
    NOW,
    WORDS,
    DriverHour,
    Place,
    SeenTrip,
    Shift,
    busier_place,
    direction,
    explain,
    online_seconds,
    requests_near,
    riding_seconds,
)

UNTIL = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)
SINCE = UNTIL - timedelta(hours=1)
HERE = Point(60.17, 24.94)


def at(minute: float) -> datetime:
    """So many minutes into the hour."""
    return SINCE + timedelta(minutes=minute)


def an_hour(**known: Any) -> DriverHour:
    blank: dict[str, Any] = {
        **{"since": SINCE, "until": UNTIL, "online_s": 3600.0, "riding_s": 0.0, "rides": 0},
        **{"batches": 0, "trips": {}, "answers": [], "mean_answer_s": None, "requests": 0, "unmet": 0},
    }
    return DriverHour(**{**blank, **known})


def north(metres: float) -> Point:
    return Point(HERE.lat + metres / 111_195, HERE.lng)


def test_the_reasons_are_counted_by_request_most_frequent_first() -> None:
    trips = {
        **{f"t{n}": SeenTrip("another_driver", 120.0) for n in range(3)},
        "t3": SeenTrip("another_driver", 240.0),
        "t4": SeenTrip("refused:driver_not_free", None),
        "t5": SeenTrip("offered", None),
    }
    told = explain(an_hour(trips=trips, batches=9, answers=[Answer.DECLINED, Answer.ACCEPTED], mean_answer_s=5.0))
    assert [(reason.code, reason.count) for reason in told.reasons] == [
        ("another_driver", 4),
        ("declined", 1),
        ("refused", 1),
    ]
    assert told.reasons[0].words == "4 requests went to better placed drivers, 2 min nearer on average."
    assert "wait where fewer stand" in " ".join(told.advice)


def test_the_summary_tells_of_work_requests_and_offers() -> None:
    told = explain(
        an_hour(
            online_s=3120.0,
            rides=1,
            riding_s=720.0,
            requests=14,
            trips={"t": SeenTrip("offered", None)},
            answers=[Answer.ACCEPTED],
            mean_answer_s=4.4,
        )
    )
    assert told.summary == (
        "Of 60 min you were online 52 min, 12 min of it with 1 ride. 14 rides were asked for within 2 km of you; "
        "you were looked at for 1, near or far. 1 offer was made to you: 1 accepted, after 4 s on average."
    )
    assert told.advice == ()


@pytest.mark.parametrize("why", sorted(NOW))
def test_what_keeps_him_from_offers_now_is_said(why: str) -> None:
    words, advice = NOW[why]
    told = explain(an_hour(now=why))
    assert words in told.summary
    assert not advice or told.advice[0] == advice


def test_every_reason_that_a_batch_may_give_has_words() -> None:
    assert set(WORDS) == set(Dropped)


def test_who_takes_no_offer_is_told_what_that_does() -> None:
    told = explain(an_hour(answers=[Answer.EXPIRED, Answer.DECLINED, Answer.ACCEPTED], requests=9))
    assert [reason.code for reason in told.reasons] == ["declined", "not_answered"]
    assert told.advice == (
        "An offer that is not taken goes to another driver, and the same request never comes back to you.",
    )


def test_what_is_not_known_is_not_said() -> None:
    told = explain(an_hour(requests=None, unmet=None, rides=None, riding_s=None))
    assert told.summary == (
        "Of 60 min you were online 60 min. You were looked at for 0 requests. No offer was made to you."
    )
    assert told.advice == ()


# -- time --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("shifts", "minutes"),
    [
        ([], 0),
        ([Shift(at(-30), True)], 60),
        ([Shift(at(-30), False)], 0),
        ([Shift(at(45), True)], 15),
        ([Shift(at(45), False)], 45),
        ([Shift(at(-30), True), Shift(at(10), False), Shift(at(30), True)], 40),
        ([Shift(at(30), True), Shift(at(10), False), Shift(at(-30), True)], 40),
    ],
)
def test_time_online_is_what_the_shifts_say(shifts: list[Shift], minutes: float) -> None:
    assert online_seconds(shifts, SINCE, UNTIL) == 60 * minutes


@given(st.lists(st.tuples(st.floats(-90, 59), st.booleans()), max_size=8))
def test_nobody_is_online_longer_than_the_hour(said: list[tuple[float, bool]]) -> None:
    assert 0 <= online_seconds([Shift(at(minute), online) for minute, online in said], SINCE, UNTIL) <= 3600


def test_a_ride_counts_with_what_of_it_lies_in_the_hour() -> None:
    rides = [(at(-10), at(5)), (at(10), at(20)), (at(50), None), (at(-50), at(-20))]
    assert riding_seconds(rides, SINCE, UNTIL) == 60 * (5 + 10 + 10)


# -- places ------------------------------------------------------------------------------------------------------------
def test_only_what_is_near_counts_as_near() -> None:
    places = [Place(north(100), 4, 1), Place(north(1900), 3, 0), Place(north(2100), 50, 9)]
    assert requests_near(places, HERE) == (7, 1)


def test_a_busier_place_is_worth_the_drive() -> None:
    places = [Place(north(100), 4, 1), Place(north(1500), 9, 3), Place(north(-4900), 10, 0), Place(north(6000), 99, 0)]
    busier = busier_place(places, HERE)
    assert busier is not None
    assert (busier.requests, busier.direction) == (9, "north")
    told = explain(an_hour(requests=13, busier=busier))
    assert told.advice == ("About 1.5 km north of you 9 rides were asked for.",)


def test_nobody_is_sent_away_from_where_most_is_asked_for() -> None:
    assert busier_place([Place(north(100), 9, 1), Place(north(1500), 9, 3)], HERE) is None
    assert busier_place([], HERE) is None


@pytest.mark.parametrize(
    ("lat", "lng", "word"), [(1, 0, "north"), (1, 2, "north-east"), (0, -1, "west"), (-1, -2, "south-west")]
)
def test_directions_are_those_of_a_map(lat: float, lng: float, word: str) -> None:
    assert direction(HERE, Point(HERE.lat + lat / 100, HERE.lng + lng / 100)) == word
