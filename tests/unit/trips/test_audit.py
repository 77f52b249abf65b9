"""The audit finds what it is there to find."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hansom.contracts.trips import OfferState, TripState
from services.trips.domain import trip as life
from services.trips.domain.audit import driver_breaches, fare_breaches, history_breaches
from tests.support.trips_builders import NOON, a_trip, an_offer


@pytest.mark.parametrize("state", list(TripState))
def test_a_trip_that_went_its_way_has_no_breach(state: TripState) -> None:
    trip = a_trip(state)
    taken = [] if trip.driver_id is None else [an_offer(trip, state=OfferState.ACCEPTED)]
    assert history_breaches(trip) + driver_breaches(trip, taken) + fare_breaches(trip) == []


def test_a_trip_that_was_given_back_and_driven_by_another_has_no_breach() -> None:
    trip = life.released(a_trip(TripState.ARRIVED), NOON + timedelta(seconds=9))
    trip = life.assigned(trip, {"id": "driver-2"}, 60.0, NOON + timedelta(seconds=20))
    past = [an_offer(trip, state=OfferState.RELEASED), an_offer(trip, "driver-2", state=OfferState.ACCEPTED)]
    assert history_breaches(trip) + driver_breaches(trip, past) == []


def test_a_step_that_was_skipped_is_a_breach() -> None:
    trip = a_trip(TripState.IN_PROGRESS)
    assert history_breaches(replace(trip, history=(*trip.history[:2], *trip.history[3:])))


def test_a_state_that_its_history_does_not_lead_to_is_a_breach() -> None:
    assert history_breaches(replace(a_trip(TripState.ARRIVED), state=TripState.COMPLETED))
    assert history_breaches(a_trip(version=2))
    assert history_breaches(a_trip(history=()))


def test_two_drivers_who_accepted_are_a_breach() -> None:
    trip = a_trip(TripState.ASSIGNED)
    both = [an_offer(trip, state=OfferState.ACCEPTED), an_offer(trip, "driver-2", state=OfferState.ACCEPTED)]
    assert driver_breaches(trip, both)
    assert driver_breaches(trip, both[1:])
    assert driver_breaches(a_trip(TripState.REQUESTED), both[:1])


def test_an_offer_left_open_on_a_taken_trip_is_a_breach() -> None:
    trip = a_trip(TripState.ASSIGNED)
    assert driver_breaches(trip, [an_offer(trip, state=OfferState.ACCEPTED), an_offer(trip, "driver-2")])


def test_a_final_fare_of_a_trip_that_is_not_settled_is_a_breach() -> None:
    assert fare_breaches(a_trip(TripState.COMPLETED, fare_final=True))
    assert fare_breaches(a_trip(TripState.CANCELLED, settled_at=NOON, fare_final=True))
