"""A rider wants to be taken elsewhere: he asks what that costs, and takes it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from hansom.contracts.trip_terms import ChangeDestination, QuoteDestination
from hansom.contracts.trips import NotYourTrip, TripState, UnknownTrip
from services.trips.domain.destination import WaySoFar
from services.trips.domain.machine import Verb, next_state
from services.trips.domain.quote import Quote, changed_to
from services.trips.domain.trip import Trip
from services.trips.usecases.ports import TripEvent, Unit


def must_be_changeable(trip: Trip | None, rider_id: str) -> Trip:
    """Raises UnknownTrip, NotYourTrip, IllegalTransition."""
    if trip is None:
        raise UnknownTrip()
    if trip.rider_id != rider_id:
        raise NotYourTrip()
    next_state(trip.state, Verb.CHANGE)
    return trip


def question(command: QuoteDestination, trip: Trip, way: Callable[[Trip], WaySoFar], now: datetime) -> dict[str, Any]:
    """What pricing is asked: the fare to the other place by the terms of the trip's own quote, and, once the ride is
    under way, from where the car is. Raises what `way` does."""
    asked: dict[str, Any] = {
        "trip_id": trip.id,
        "rider_id": trip.rider_id,
        "quote_id": trip.quote_id,
        "category": trip.category,
        "dropoff": command.dropoff.as_dict(),
        "idempotency": command.idempotency,
    }
    if trip.state == TripState.IN_PROGRESS and trip.started_at is not None:
        come = way(trip)
        via = come.point or trip.pickup
        asked |= {"via": via.as_dict(), "driven_m": come.driven_m, "driven_s": (now - trip.started_at).total_seconds()}
    return asked


def change_destination(unit: Unit, command: ChangeDestination, quote: Callable[[], Quote]) -> Trip:
    """The trip goes where the quote goes, for what it says; both parties are told. Repeating it changes nothing.

    `quote` gives the quote, or raises why there is none. Raises UnknownTrip, NotYourTrip, IllegalTransition,
    NotYourQuote, QuoteOfAnotherTrip, QuoteExpired.
    """
    trip = unit.rows.lock(command.trip_id)
    if trip is not None and trip.rider_id == command.rider_id and trip.quote_id == command.quote_id:
        return trip
    trip = must_be_changeable(trip, command.rider_id)
    after = changed_to(trip, quote(), unit.now)
    unit.rows.save(trip, after)
    unit.tell([TripEvent("trip_changed", after)])
    return after
