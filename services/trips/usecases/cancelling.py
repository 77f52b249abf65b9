"""A trip is cancelled by its rider or ops, given back by its driver, or ended by him since its rider did not come."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from hansom.contracts.errors import Invalid
from hansom.contracts.trip_terms import CancelCode
from hansom.contracts.trips import CancelTrip, DriveTrip, Role, TripState, UnknownTrip
from hansom.values import Money
from services.trips.domain.cancelling import Cost, Whereabouts, cost_of_cancelling, fee_of, no_show_cost
from services.trips.domain.machine import Verb, next_state
from services.trips.domain.trip import Trip, as_left_by, cancelled, must_be_driven_by, must_be_seen_by, not_shown
from services.trips.usecases.ports import Happening, OfferEvent, TripEvent, Unit
from services.trips.usecases.returning import give_back


class Surveyor(Protocol):
    """What a ride under way costs by now: see `outgoing.RoadsAndPrices`."""

    def fare_so_far(self, trip: Trip, now: datetime) -> Money: ...


def preview(trip: Trip, role: Role, surveyor: Surveyor, now: datetime) -> tuple[Cost, Money]:
    """What cancelling costs who asks, at this moment. Under way it is the fare of what was driven, or the fare as
    agreed while that cannot be said. Raises IllegalTransition.
    """
    free = Money(0, trip.fare.currency)
    if role == Role.DRIVER:
        next_state(trip.state, Verb.RELEASE)
        return Cost(CancelCode.GIVEN_BACK), free
    cost = cost_of_cancelling(trip, now)
    if role == Role.OPS:
        return Cost(CancelCode.NO_FEE), free
    if cost.code == CancelCode.UNDER_WAY:
        return cost, surveyor.fare_so_far(trip, now)
    return cost, cost.price.amount if cost.price else free


def cancel_trip(unit: Unit, command: CancelTrip, grace: timedelta) -> Trip:
    """Rider and ops end the trip; a driver who cancels sends it back to matching, without him.

    It costs the rider what `cost_of_cancelling` says; under way, what was driven, and that is settled from `grace` on.
    An operator's cancel costs nothing unless he says so. Repeating one's own cancel changes nothing.

    Raises UnknownTrip, NotYourTrip, IllegalTransition, Invalid (details: charge) when others than ops would charge.
    """
    if command.charge and command.actor.role != Role.OPS:
        raise Invalid(details={"charge": ["Only operators say whether a cancel is charged."]})
    trip = unit.rows.lock(command.trip_id)
    if trip is None:
        raise UnknownTrip()
    if command.actor.role == Role.DRIVER:
        return _release(unit, trip, command)
    must_be_seen_by(trip, command.actor.user_id, command.actor.role)
    return _cancel(unit, trip, command, grace)


def _cancel(unit: Unit, trip: Trip, command: CancelTrip, grace: timedelta) -> Trip:
    by = command.actor.role
    if trip.state == TripState.CANCELLED and trip.cancelled_by == by:
        return trip
    cost = cost_of_cancelling(trip, unit.now)
    if by == Role.OPS and not command.charge:
        cost = Cost(CancelCode.NO_FEE)
    fee = fee_of("cancellation", cost)
    settle_after = unit.now + grace if cost.code == CancelCode.UNDER_WAY else None
    operator_id = command.actor.user_id if by == Role.OPS else None
    after = cancelled(
        trip,
        by,
        command.reason,
        unit.now,
        operator_id=operator_id,
        fee=fee and dict(fee),
        settle_after=settle_after,
    )
    happenings: list[Happening] = []
    if trip.state == TripState.REQUESTED:
        withdrawn = unit.rows.withdraw_open_offers([trip.id], unit.now)
        happenings += [OfferEvent("offer_withdrawn", offer, reason="trip_cancelled") for offer in withdrawn]
    unit.rows.save(trip, after)
    unit.tell([*happenings, _told(after, command.reason)])
    return after


def _told(after: Trip, reason: str | None) -> TripEvent:
    told = {
        "driver_id": after.driver_id,
        "reason": reason,
        "fee": after.cancellation_fee,
        "operator_id": after.cancelled_by_operator,
    }
    return TripEvent("trip_cancelled", after, told)


def _release(unit: Unit, trip: Trip, command: CancelTrip) -> Trip:
    driver_id = command.actor.user_id
    if trip.driver_id != driver_id and unit.rows.has_released(trip.id, driver_id):
        return as_left_by(trip)
    must_be_driven_by(trip, driver_id)
    return give_back(unit, trip, Role.DRIVER, command.reason)


def claim_no_show(unit: Unit, command: DriveTrip, where: Callable[[], Whereabouts]) -> Trip:
    """The driver ends the trip: he has waited at the pickup for long enough, and nobody came. The rider pays the fee,
    unless the driver was late himself. Repeating it changes nothing.

    `where`: where he is and was. Raises UnknownTrip, NotYourTrip, IllegalTransition,
    NoShowNotOffered, TooEarly, NotAtPickup, and what `where` raises.
    """
    trip = unit.rows.lock(command.trip_id)
    if trip is None:
        raise UnknownTrip()
    must_be_driven_by(trip, command.driver_id)
    if trip.state == TripState.CANCELLED and trip.cancelled_by == Role.DRIVER:
        return trip
    cost = no_show_cost(trip, where(), unit.now)
    fee = fee_of("no_show", cost)
    after = not_shown(trip, unit.now, fee and dict(fee))
    unit.rows.save(trip, after)
    unit.tell([_told(after, after.cancel_reason)])
    return after
