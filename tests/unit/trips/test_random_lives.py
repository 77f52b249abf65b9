"""Whatever is done to a trip in whatever order, its history stays legal and its fields fit its state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hansom.contracts.trips import FINISHED, WITH_DRIVER, IllegalTransition, OfferState, Role, TripState
from hansom.values import Money
from services.trips.domain import settlement
from services.trips.domain import trip as life
from services.trips.domain.audit import driver_breaches, fare_breaches, history_breaches
from services.trips.domain.machine import TRANSITIONS, Verb
from services.trips.domain.settlement import FinalFare
from services.trips.domain.trip import Trip
from tests.support.trips_builders import NOON, a_trip, an_offer, kept_card

FARE = FinalFare(Money(1000, "EUR"), "longer_than_quoted")

Deed = Callable[[Trip, datetime], Trip]
DEEDS: dict[str, Deed] = {
    "assign": lambda trip, at: life.assigned(trip, kept_card(f"driver-{trip.version}"), 60.0, at),
    "arrive": life.arrived,
    "start": life.started,
    "complete": lambda trip, at: life.completed(trip, at, at),
    "cancel": lambda trip, at: life.cancelled(trip, Role.RIDER, None, at),
    "release": life.released,
    "expire": life.expired,
    "settle": lambda trip, at: settlement.settled(trip, FARE, 1.0, at),
}


@given(st.lists(st.sampled_from(sorted(DEEDS)), max_size=30))
def test_any_order_of_deeds_leaves_a_legal_trip(deeds: list[str]) -> None:
    trip, at = a_trip(), NOON
    for deed in deeds:
        at += timedelta(seconds=1)
        before = trip
        try:
            trip = DEEDS[deed](trip, at)
        except IllegalTransition:
            assert trip is before and _is_illegal(before, deed)
            continue
        assert trip.version == before.version + 1
        assert not _is_illegal(before, deed)
    taken = [an_offer(trip, trip.driver_id, state=OfferState.ACCEPTED)] if trip.driver_id else []
    assert history_breaches(trip) + driver_breaches(trip, taken) + fare_breaches(trip) == []
    assert (trip.driver_id is None) == (trip.driver_card is None)
    assert (trip.state in FINISHED) == (trip.finished_at is not None)
    assert trip.state not in WITH_DRIVER or trip.assigned_at is not None


def _is_illegal(trip: Trip, deed: str) -> bool:
    if deed == "settle":
        return trip.state != TripState.COMPLETED or trip.settled_at is not None
    return (trip.state, Verb(deed)) not in TRANSITIONS
