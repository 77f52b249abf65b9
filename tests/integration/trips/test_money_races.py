"""Ends of a trip that come at the same moment, on real row locks: one of them happens, and it costs once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import uuid4

from hansom.contracts.errors import HansomError
from hansom.contracts.trip_terms import ChangeDestination
from hansom.contracts.trips import CancelTrip, DriveTrip, TripState
from hansom.values import Money, Point
from services.trips.domain.cancelling import Whereabouts
from services.trips.domain.pin import PinRule
from services.trips.domain.trip import Trip
from services.trips.usecases.cancelling import cancel_trip, claim_no_show
from services.trips.usecases.changing import change_destination
from services.trips.usecases.driving import complete, start
from tests.integration.trips.conftest import Desk
from tests.integration.trips.test_races import at_once
from tests.support.trips_builders import GRACE, NOON, PICKUP, a_quote, a_trip, rider, some_terms

ROUNDS = 15
RULE = PinRule(3, timedelta(seconds=60))


def a_ride(desk: Desk, state: TripState) -> Trip:
    """A ride whose grace and waiting times are over."""
    its = {"rider_id": uuid4().hex, "driver_id": uuid4().hex, "terms": some_terms()}
    trip = desk.put(a_trip(state, pickup_eta_s=3600.0, **its))
    desk.clock.time = NOON + timedelta(seconds=1200)
    return trip


def by_rider(desk: Desk, trip: Trip) -> Trip:
    with desk.units() as unit:
        return cancel_trip(unit, CancelTrip(trip.id, rider(trip.rider_id)), GRACE)


def no_show(desk: Desk, trip: Trip) -> Trip:
    with desk.units() as unit:
        return claim_no_show(unit, _driving(trip), lambda: Whereabouts(PICKUP, desk.clock.now()))


def begin(desk: Desk, trip: Trip) -> object:
    with desk.units() as unit:
        return start(unit, _driving(trip, trip.pin), RULE)


def end(desk: Desk, trip: Trip) -> Trip:
    with desk.units() as unit:
        return complete(unit, _driving(trip), GRACE)


def _driving(trip: Trip, pin: str | None = None) -> DriveTrip:
    assert trip.driver_id is not None
    return DriveTrip(trip.id, trip.driver_id, pin)


def go_to(desk: Desk, trip: Trip, quote_id: str) -> Trip:
    its = {"trip_id": trip.id, "parent_id": trip.quote_id, "expires_at": desk.clock.now() + GRACE}
    quote = a_quote(
        trip.rider_id, id=quote_id, dropoff=Point(60.18, 24.96), fares={"standard": Money(1500, "EUR")}, **its
    )
    with desk.units() as unit:
        return change_destination(unit, ChangeDestination(trip.id, trip.rider_id, quote_id), lambda: quote)


Deed = Callable[[Desk, Trip], object]


def winners(desk: Desk, trip: Trip, *deeds: Deed, swap: bool) -> list[bool]:
    answers = at_once(*[partial(deed, desk, trip) for deed in deeds], swap=swap)
    return [not isinstance(answer, HansomError) for answer in answers]


def test_a_no_show_and_a_riders_cancel_at_the_same_moment_cost_once(desk: Desk) -> None:
    for round_ in range(ROUNDS):
        trip = a_ride(desk, TripState.ARRIVED)
        assert sorted(winners(desk, trip, no_show, by_rider, swap=round_ % 2 == 0)) == [False, True]
        [(type_, data)] = desk.events(trip.id)
        kind = "no_show" if desk.trip(trip.id).cancelled_by == "driver" else "cancellation"
        assert type_ == "trip_cancelled" and data["fee"]["kind"] == kind


def test_a_rider_who_comes_at_the_last_moment_rides_or_did_not_come(desk: Desk) -> None:
    for round_ in range(ROUNDS):
        trip = a_ride(desk, TripState.ARRIVED)
        assert sorted(winners(desk, trip, no_show, begin, swap=round_ % 2 == 0)) == [False, True]
        now = desk.trip(trip.id)
        assert (now.state == TripState.IN_PROGRESS) == (now.cancellation_fee is None)


def test_a_ride_is_completed_or_ended_by_its_rider_and_settled_either_way(desk: Desk) -> None:
    for round_ in range(ROUNDS):
        trip = a_ride(desk, TripState.IN_PROGRESS)
        assert sorted(winners(desk, trip, end, by_rider, swap=round_ % 2 == 0)) == [False, True]
        now = desk.trip(trip.id)
        assert now.settle_after is not None and now.ended_early == (now.state == TripState.CANCELLED)
        assert len(desk.told(trip.id)) == 1


def test_of_two_new_destinations_at_once_the_first_is_taken_and_a_second_tap_changes_nothing(desk: Desk) -> None:
    for round_ in range(ROUNDS):
        trip = a_ride(desk, TripState.IN_PROGRESS)
        here, there = (partial(go_to, quote_id=uuid4().hex) for _ in range(2))
        won = winners(desk, trip, here, here, there, there, swap=round_ % 2 == 0)
        assert won in ([True, True, False, False], [False, False, True, True])
        assert desk.told(trip.id) == ["trip_changed"] and desk.trip(trip.id).destination_changes == 1
