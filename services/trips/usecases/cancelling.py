"""A trip is cancelled by its rider or ops, or given back by its driver."""

from __future__ import annotations

from hansom.contracts.trips import CancelTrip, Role, TripState, UnknownTrip
from services.trips.domain.trip import Trip, as_left_by, cancelled, must_be_driven_by, must_be_seen_by
from services.trips.usecases.ports import Happening, OfferEvent, TripEvent, Unit
from services.trips.usecases.returning import give_back


def cancel_trip(unit: Unit, command: CancelTrip) -> Trip:
    """Rider and ops end the trip; a driver who cancels sends it back to matching, without him.

    Repeating one's own cancel changes nothing. Raises UnknownTrip, NotYourTrip, IllegalTransition.
    """
    trip = unit.rows.lock(command.trip_id)
    if trip is None:
        raise UnknownTrip()
    if command.actor.role == Role.DRIVER:
        return _release(unit, trip, command)
    must_be_seen_by(trip, command.actor.user_id, command.actor.role)
    return _cancel(unit, trip, command)


def _cancel(unit: Unit, trip: Trip, command: CancelTrip) -> Trip:
    by = command.actor.role
    if trip.state == TripState.CANCELLED and trip.cancelled_by == by:
        return trip
    after = cancelled(trip, by, command.reason, unit.now)
    happenings: list[Happening] = []
    if trip.state == TripState.REQUESTED:
        withdrawn = unit.rows.withdraw_open_offers([trip.id], unit.now)
        happenings += [OfferEvent("offer_withdrawn", offer, reason="trip_cancelled") for offer in withdrawn]
    unit.rows.save(trip, after)
    told = {"driver_id": trip.driver_id, "reason": command.reason, "fee": after.cancellation_fee}
    unit.tell([*happenings, TripEvent("trip_cancelled", after, told)])
    return after


def _release(unit: Unit, trip: Trip, command: CancelTrip) -> Trip:
    driver_id = command.actor.user_id
    if trip.driver_id != driver_id and unit.rows.has_released(trip.id, driver_id):
        return as_left_by(trip)
    must_be_driven_by(trip, driver_id)
    return give_back(unit, trip, Role.DRIVER, command.reason)
