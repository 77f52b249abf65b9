"""What a rider who waits is told, and that nothing is promised which is not known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansom.contracts.matching import Dropped
from hansom.values import Point
from services.matching.domain.model import Considered, WaitingTrip
from services.matching.domain.waiting import (
    TELL_EVERY_MS,
    Around,
    Ended,
    Glance,
    WaitingState,
    corrected,
    correction,
    glances,
    in_turn,
    median_until,
    say,
    saying,
)

PICKUP = Point(60.17, 24.94)


def a_trip(trip_id: str = "t", **more: Any) -> WaitingTrip:
    return WaitingTrip(trip_id, "standard", PICKUP, **more)


def a_glance(free: int = 0, trip: WaitingTrip | None = None, **more: Any) -> Glance:
    return Glance(trip or a_trip(), free, **more)


def served(*values: float) -> list[Ended]:
    return [Ended(value, served=True) for value in values]


def gave_up(*values: float) -> list[Ended]:
    return [Ended(value, served=False) for value in values]


# -- how long ----------------------------------------------------------------------------------------------------------
def test_nothing_is_promised_from_too_few_waits() -> None:
    assert median_until([]) is None
    assert median_until(served(10, 20, 30, 40)) is None
    assert median_until(served(10, 20, 30, 40, 50)) == 30


def test_who_has_waited_long_is_compared_with_those_who_did() -> None:
    waits = served(*[5.0] * 50, 60, 70, 80, 90, 100)
    assert median_until(waits) == 5
    assert median_until(waits, past=50) == 30
    assert median_until(waits, past=75) is None


def test_riders_who_gave_up_make_the_promise_longer() -> None:
    assert median_until(served(10, 20, 30, 40, 50)) == 30
    longer = median_until(served(10, 20, 30, 40, 50) + gave_up(15, 25, 35))
    assert longer is not None and longer > 30


def test_nothing_is_promised_where_half_of_the_riders_never_got_a_car() -> None:
    assert median_until(served(10, 20, 30, 40, 50) + gave_up(*[60.0] * 6)) is None


@given(
    st.lists(st.tuples(st.floats(0, 1000), st.booleans()), max_size=40),
    st.floats(0, 500),
)
def test_a_promise_is_never_negative_and_within_what_was_seen(rows: list[tuple[float, bool]], past: float) -> None:
    found = median_until([Ended(*row) for row in rows], past)
    assert found is None or 0 < found <= max(value for value, _ in rows) - past


def test_words_are_corrected_by_how_they_were_kept_and_within_bounds() -> None:
    assert correction(served(20, 20, 20)) == 0
    assert correction(served(*[95.0] * 10)) == 95
    assert correction(served(*[-20.0] * 10)) == -20
    assert correction(served(*[4000.0] * 10)) == 600
    assert [corrected(3, 95), corrected(300, -20), corrected(30, -60)] == [98, 280, 15]


def test_a_driver_about_to_finish_is_promised_to_one_rider_the_first_in_line() -> None:
    seen = [
        a_glance(trip=a_trip("young", waited_s=5)),
        a_glance(trip=a_trip("old", waited_s=60)),
        a_glance(trip=a_trip("returned", waited_s=1, returned=True)),
        a_glance(trip=a_trip("served", waited_s=90), offered_s=60.0),
        a_glance(2, trip=a_trip("free", waited_s=90)),
    ]
    around = Around(2, (("d1", 60.0), ("d2", 200.0)))
    assert in_turn(seen, {glance.trip.trip_id: around for glance in seen}) == {"returned": 60.0, "old": 200.0}


# -- what is near ------------------------------------------------------------------------------------------------------
def test_a_batch_is_seen_as_its_rider_sees_it() -> None:
    def pair(driver_id: str, dropped: Dropped | None, metres: float = 100.0, **more: Any) -> Considered:
        return Considered("t", driver_id, metres, 60.0, 60.0, dropped, **more)

    considered = [
        pair("chosen", None),
        pair("other", Dropped.ANOTHER_DRIVER),
        pair("distant", Dropped.ANOTHER_DRIVER, 5000.0),
        pair("barred", Dropped.TOO_FAR),
        pair("riding", Dropped.FINISHING, free_in_s=30.0),
    ]
    [glance] = glances([a_trip()], considered, {"t": "chosen"}, near_m=2000)
    assert (glance.free, glance.offered_s, glance.passed_over, glance.held_s) == (2, 60.0, False, None)
    [glance] = glances([a_trip()], [pair("d", Dropped.HELD, free_in_s=30.0)], {}, near_m=2000)
    assert (glance.free, glance.offered_s, glance.held_s) == (0, None, 30.0)


# -- in words ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("glance", "busy", "about_s", "code", "text"),
    [
        (a_glance(), 0, None, "no_car", "No car near"),
        (a_glance(), 3, 360.0, "all_busy", "3 cars near, all busy; about 6 min"),
        (a_glance(), 1, None, "all_busy", "1 car near, busy"),
        (a_glance(), 2, 40.0, "all_busy", "2 cars near, all busy; less than a minute"),
        (a_glance(2), 0, None, "cars_near", "2 cars near, being asked"),
        (a_glance(2, passed_over=True), 0, None, "others_first", "2 cars near, going to riders who have waited longer"),
        (a_glance(1, offered_s=170.0), 4, None, "asking", "A driver 3 min away is being asked"),
        (
            a_glance(held_s=50.0),
            1,
            50.0,
            "kept",
            "A car near ends its ride in 1 min and is kept for you; less than a minute",
        ),
        (
            a_glance(trip=a_trip(excluded=frozenset({"a", "b"}))),
            1,
            None,
            "all_busy",
            "1 car near, busy; 2 offers before came to nothing",
        ),
        (
            a_glance(trip=a_trip(patience_left_s=70.0)),
            3,
            360.0,
            "all_busy",
            "3 cars near, all busy; about 6 min, but we look for 1 min more",
        ),
    ],
)
def test_the_rider_is_told_in_one_line_that_has_a_code(
    glance: Glance, busy: int, about_s: float | None, code: str, text: str
) -> None:
    told = saying(glance, Around(busy), about_s)
    assert (told.code, say(told)) == (code, text)


def test_what_is_said_of_a_wait_comes_as_values_too() -> None:
    trip = a_trip(excluded=frozenset({"a", "b"}), patience_left_s=70.0)
    told = saying(a_glance(1, offered_s=170.0, trip=trip), Around(2), 360.0)
    assert (told.near, told.car_in_s, told.came_to_nothing, told.about_s, told.looking_s) == (3, 170.0, 2, 360.0, 70.0)
    assert saying(a_glance(trip=a_trip(patience_left_s=70.0)), Around(), 60.0).looking_s is None


# -- when --------------------------------------------------------------------------------------------------------------
def test_a_rider_is_told_what_is_new_and_not_too_often() -> None:
    state = WaitingState("t", "r", 0, "No car near", 0, 0, 0, 0, offered=False, about_s=None)
    assert state.is_news(10_000)
    told = replace(state, told_ms=10_000, told=state.gist)
    assert not told.is_news(60_000)
    assert not replace(told, about_s=30.0).is_news(60_000)
    changed = replace(told, cars_near=1)
    assert not changed.is_news(10_000 + TELL_EVERY_MS - 1)
    assert changed.is_news(10_000 + TELL_EVERY_MS)
