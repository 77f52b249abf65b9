"""The driver's verbs: arrive, start with the PIN, complete."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from hansom.contracts.trips import DriveTrip, TripState, UnknownTrip, WrongPin
from services.trips.domain import pin
from services.trips.domain.machine import Verb, next_state
from services.trips.domain.pin import PinRule
from services.trips.domain.trip import Trip, arrived, completed, must_be_driven_by, started
from services.trips.usecases.ports import TripEvent, Unit


def arrive(unit: Unit, command: DriveTrip) -> Trip:
    """The driver is at the pickup. Raises UnknownTrip, NotYourTrip, IllegalTransition."""
    return _drive(unit, command, TripState.ARRIVED, "driver_arrived", lambda trip: arrived(trip, unit.now))


def complete(unit: Unit, command: DriveTrip, grace: timedelta) -> Trip:
    """The rider is there; the fare becomes final after `grace`. Raises UnknownTrip, NotYourTrip, IllegalTransition."""
    return _drive(
        unit,
        command,
        TripState.COMPLETED,
        "trip_completed",
        lambda trip: completed(trip, unit.now, unit.now + grace),
    )


def start(unit: Unit, command: DriveTrip, rule: PinRule) -> Trip | WrongPin:
    """The rider is aboard. A wrong PIN is counted and *returned*, not raised: its count must be committed.

    Raises UnknownTrip, NotYourTrip, IllegalTransition, PinLocked.
    """
    trip = _locked(unit, command)
    if trip.state == TripState.IN_PROGRESS:
        return trip
    next_state(trip.state, Verb.START)
    pin.must_not_be_locked(trip, unit.now)
    if not pin.is_right(trip, command.pin):
        unit.rows.save(trip, pin.failed(trip, rule, unit.now))
        return WrongPin(details={"pin": ["Not the PIN that the rider was told."]})
    after = started(trip, unit.now)
    unit.rows.save(trip, after)
    unit.tell([TripEvent("trip_started", after)])
    return after


def _drive(unit: Unit, command: DriveTrip, leads_to: TripState, event: str, move: Callable[[Trip], Trip]) -> Trip:
    """One verb of the driver's. Repeated where it led to, it changes nothing."""
    trip = _locked(unit, command)
    if trip.state == leads_to:
        return trip
    after = move(trip)
    unit.rows.save(trip, after)
    unit.tell([TripEvent(event, after)])
    return after


def _locked(unit: Unit, command: DriveTrip) -> Trip:
    trip = unit.rows.lock(command.trip_id)
    if trip is None:
        raise UnknownTrip()
    must_be_driven_by(trip, command.driver_id)
    return trip
