"""When the driver of a trip is given up: he alone is silent, or late and no nearer."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from hansom.contracts.trips import TripState
from hansom.values import METRES_A_DEGREE, Point
from services.trips.domain.approach import (
    NO_SHOW,
    SILENT,
    Approach,
    Listening,
    Sighting,
    Verdict,
    Watched,
    WatchRule,
    believed,
    judge,
    promised_at,
)
from services.trips.domain.trip import Trip
from tests.support.trips_builders import NOON, PICKUP, a_trip

RULE = WatchRule(silent=timedelta(seconds=120), late=timedelta(seconds=600))
TRIP = a_trip(TripState.ASSIGNED)
ASSIGNED_AT, PROMISED_AT = TRIP.assigned_at or NOON, promised_at(TRIP)


def s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def away(metres: float) -> Point:
    return Point(PICKUP.lat + metres / METRES_A_DEGREE, PICKUP.lng)


def verdict(
    now: datetime,
    seen: Sighting,
    approach: Approach | None = None,
    listening_since: datetime = NOON - timedelta(hours=1),
    trip: Trip = TRIP,
) -> Verdict:
    return judge(Watched(trip, approach), seen, Listening(listening_since, now), RULE)


# -- silence ---------------------------------------------------------------------------------------------------------
def test_a_driver_who_was_heard_less_than_two_minutes_ago_is_not_silent() -> None:
    now = ASSIGNED_AT + s(300)
    assert verdict(now, Sighting(now - s(119.9), away(900))).reason is None
    assert verdict(now, Sighting(now - s(120), away(900))).reason == SILENT


def test_nobody_is_silent_before_he_has_had_the_trip_for_so_long() -> None:
    before = Sighting(ASSIGNED_AT - s(3600), away(900))
    assert verdict(ASSIGNED_AT + s(119), before).reason is None
    assert verdict(ASSIGNED_AT + s(120), before).reason == SILENT


@pytest.mark.parametrize("seen", [Sighting(), Sighting(ASSIGNED_AT, away(900))])
def test_silence_counts_from_when_others_were_heard_again(seen: Sighting) -> None:
    """Redis was emptied, or location, the broker or the gateways were away."""
    back = ASSIGNED_AT + s(400)
    assert verdict(back + s(119), seen, listening_since=back).reason is None
    assert verdict(back + s(120), seen, listening_since=back).reason == SILENT


def test_time_stands_still_while_nobody_is_heard() -> None:
    """`until` is the last position of anybody: however late it is by the clock, he has not been silent since."""
    assert verdict(ASSIGNED_AT + s(60), Sighting()).reason is None


def test_of_very_many_who_fall_silent_at_once_none_is_believed_but_those_who_do_not_come_are() -> None:
    def of(reason: str | None, city: str = "helsinki") -> Verdict:
        return Verdict(replace(TRIP, id=uuid4().hex, city=city), reason, None)

    few, late = [of(SILENT) for _ in range(5)], of(NO_SHOW)
    assert believed(few) == (few, 0), "a small town's few drivers may really all be gone"
    many = [of(SILENT) for _ in range(6)]
    assert believed([*many, late, of(None)]) == ([late], 6)
    assert believed([*many, *[of(None) for _ in range(6)]]) == (many, 0), "half of all is not most"
    elsewhere = [of(None, "turku") for _ in range(50)]
    assert believed([*many, *elsewhere]) == ([], 6), "each city has its own gateways and networks"


# -- lateness --------------------------------------------------------------------------------------------------------
def test_a_driver_ten_minutes_late_who_came_no_nearer_is_given_up() -> None:
    now = PROMISED_AT + s(600)
    waiting = Approach(900, PROMISED_AT)
    assert verdict(now - s(1), Sighting(now - s(2), away(900)), waiting).reason is None
    assert verdict(now, Sighting(now - s(1), away(850)), waiting).reason == NO_SHOW


def test_a_late_driver_who_comes_nearer_keeps_his_rider_and_is_remembered_by_where_he_was() -> None:
    now = PROMISED_AT + s(900)
    found = verdict(now, Sighting(now, away(780)), Approach(900, PROMISED_AT + s(200)))
    assert found.reason is None
    assert found.approach is not None
    assert (found.approach.nearest_m, found.approach.nearer_at) == (pytest.approx(780, abs=2), now)
    later = now + s(599)
    assert verdict(later, Sighting(later, away(800)), found.approach).reason is None
    assert verdict(later + s(1), Sighting(later, away(5000)), found.approach).reason == NO_SHOW


def test_what_is_remembered_is_told_only_when_it_is_new() -> None:
    now = PROMISED_AT + s(10)
    assert verdict(now, Sighting(now, away(880)), Approach(900, PROMISED_AT)).approach is None
    assert verdict(now, Sighting(now, None), None).approach is None
    early = PROMISED_AT - s(1)
    assert verdict(early, Sighting(early, away(900))).approach is None


def test_a_driver_at_the_pickup_who_has_not_said_so_is_there() -> None:
    now = PROMISED_AT + s(3600)
    assert verdict(now, Sighting(now, away(120)), Approach(120, PROMISED_AT)).reason is None


def test_who_says_that_he_is_alive_from_places_that_nobody_believes_has_to_come_all_the_same() -> None:
    now = PROMISED_AT + s(600)
    assert verdict(now - s(1), Sighting(now - s(2), None)).reason is None
    assert verdict(now, Sighting(now, None)).reason == NO_SHOW


def test_nobody_is_late_by_the_time_in_which_he_could_not_be_seen() -> None:
    back = PROMISED_AT + s(3000)
    now = back + s(599)
    assert verdict(now, Sighting(now, away(900)), Approach(900, PROMISED_AT), listening_since=back).reason is None
