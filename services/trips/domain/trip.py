"""A trip and what can happen to it. Pure: each function takes a trip and gives the trip it becomes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from hansom.contracts.trips import FINISHED, WITH_DRIVER, NotYourTrip, Role, TripState
from hansom.values import Money, Point
from services.trips.domain.machine import Verb, next_state


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a trip's history. `verb` is `request` for the first, `settle` for the last of a completed trip."""

    version: int
    verb: str
    state: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Trip:
    """A ride from request to receipt. Distances in metres, durations in seconds, times UTC to the millisecond.

    `terms`: what the option of its quote promised beside the fare, see `domain.terms`. `settle_after`: while it waits
    for its final fare, when that is looked at next. `cancelled_by_operator`: his id; no party is told it.
    """

    id: str
    rider_id: str
    city: str
    category: str
    quote_id: str
    payment_method: str | None
    pickup: Point
    dropoff: Point
    fare: Money
    distance_m: float
    duration_s: float
    pin: str
    requested_at: datetime
    waiting_since: datetime
    state: TripState = TripState.REQUESTED
    driver_id: str | None = None
    driver_card: dict[str, Any] | None = None
    pickup_eta_s: float | None = None
    fare_final: bool = False
    fare_reason: str | None = None
    discount_minor: int = 0
    promo_code: str | None = None
    terms: dict[str, Any] | None = None
    cancellation_fee: dict[str, Any] | None = None
    destination_changes: int = 0
    pin_failures: int = 0
    pin_locked_until: datetime | None = None
    assigned_at: datetime | None = None
    arrived_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancelled_by: str | None = None
    cancel_reason: str | None = None
    cancelled_by_operator: str | None = None
    expired_at: datetime | None = None
    settled_at: datetime | None = None
    settle_after: datetime | None = None
    finished_at: datetime | None = None
    returns: int = 0
    version: int = 1
    history: tuple[Step, ...] = ()

    def is_done(self) -> bool:
        """True when nothing will change it any more: it may go to the archive."""
        return self.state in FINISHED and self.settle_after is None

    @property
    def discount(self) -> Money:
        """What a promo code takes off the fare."""
        return Money(self.discount_minor, self.fare.currency)

    @property
    def to_pay(self) -> Money:
        """What the rider pays."""
        return self.fare + -self.discount

    @property
    def ended_early(self) -> bool:
        """Cancelled under way, and charged for what was driven."""
        is_charged = self.settle_after is not None or self.settled_at is not None
        return self.state == TripState.CANCELLED and self.started_at is not None and is_charged


def to_the_millisecond(moment: datetime) -> datetime:
    """`moment` cut to milliseconds: what the wire and the archive keep, so that a trip reads the same everywhere."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def requested(trip: Trip) -> Trip:
    """A new trip with the first line of its history."""
    first = Step(1, "request", TripState.REQUESTED.value, Role.RIDER.value, trip.requested_at)
    return replace(trip, state=TripState.REQUESTED, version=1, history=(first,))


def _moved(trip: Trip, verb: Verb, by: Role | str, at: datetime, **changes: Any) -> Trip:
    state = next_state(trip.state, verb)
    version = trip.version + 1
    step = Step(version, verb.value, state.value, str(by), at)
    finished_at = at if state in FINISHED else None
    return replace(
        trip, state=state, version=version, history=(*trip.history, step), finished_at=finished_at, **changes
    )


def assigned(trip: Trip, card: dict[str, Any], pickup_eta_s: float, at: datetime) -> Trip:
    """The trip with its driver, whose `card` is {id, name, rating, vehicle}. Raises IllegalTransition."""
    return _moved(
        trip,
        Verb.ASSIGN,
        Role.DRIVER,
        at,
        driver_id=card["id"],
        driver_card=card,
        pickup_eta_s=pickup_eta_s,
        assigned_at=at,
    )


def arrived(trip: Trip, at: datetime) -> Trip:
    """The driver is at the pickup. Raises IllegalTransition."""
    return _moved(trip, Verb.ARRIVE, Role.DRIVER, at, arrived_at=at)


def started(trip: Trip, at: datetime) -> Trip:
    """The rider is aboard; the PIN has been checked. Raises IllegalTransition."""
    return _moved(trip, Verb.START, Role.DRIVER, at, started_at=at, pin_failures=0, pin_locked_until=None)


def completed(trip: Trip, at: datetime, settle_after: datetime) -> Trip:
    """The rider is there; the fare is settled from `settle_after` on. Raises IllegalTransition."""
    return _moved(trip, Verb.COMPLETE, Role.DRIVER, at, completed_at=at, settle_after=settle_after)


def cancelled(
    trip: Trip,
    by: Role,
    reason: str | None,
    at: datetime,
    *,
    operator_id: str | None = None,
    fee: dict[str, Any] | None = None,
    settle_after: datetime | None = None,
) -> Trip:
    """Ended by its rider or ops, of whom `operator_id` did it; the driver it had stays written on it. `fee`: what that
    costs, `contracts.FeeData`; `settle_after`: it was under way, and what was driven is charged from then on.

    Raises IllegalTransition.
    """
    told = {"cancelled_at": at, "cancelled_by": by.value, "cancel_reason": reason, "cancelled_by_operator": operator_id}
    return _moved(trip, Verb.CANCEL, by, at, **told, cancellation_fee=fee, settle_after=settle_after)


def not_shown(trip: Trip, at: datetime, fee: dict[str, Any] | None) -> Trip:
    """Ended by its driver, who has waited for his rider in vain. Raises IllegalTransition."""
    told = {"cancelled_at": at, "cancelled_by": Role.DRIVER.value, "cancel_reason": "no_show"}
    return _moved(trip, Verb.NO_SHOW, Role.DRIVER, at, **told, cancellation_fee=fee)


def goes_elsewhere(trip: Trip, at: datetime, **new: Any) -> Trip:
    """The rider wants to be taken elsewhere: `new` is what the new quote says. Raises IllegalTransition."""
    changes = trip.destination_changes + 1
    return _moved(trip, Verb.CHANGE, Role.RIDER, at, destination_changes=changes, **new)


def released(trip: Trip, at: datetime, by: Role | str = Role.DRIVER) -> Trip:
    """Given back by its driver, or taken from him: it waits for another one, with its patience new.

    `by` is the driver, or the word for why it was taken from him. Raises IllegalTransition.
    """
    moved = _moved(trip, Verb.RELEASE, by, at, waiting_since=at, returns=trip.returns + 1)
    return without_driver(moved)


def without_driver(trip: Trip) -> Trip:
    """The trip as it waits: nobody's, and nothing of the former driver's on it."""
    return replace(
        trip,
        driver_id=None,
        driver_card=None,
        pickup_eta_s=None,
        assigned_at=None,
        arrived_at=None,
        pin_failures=0,
        pin_locked_until=None,
    )


def as_left_by(trip: Trip) -> Trip:
    """What a driver who gave the trip back sees when he asks again: the trip as he left it, and no successor of his."""
    if trip.state == TripState.REQUESTED:
        return trip
    return replace(without_driver(trip), state=TripState.REQUESTED, started_at=None, completed_at=None, settled_at=None)


def expired(trip: Trip, at: datetime) -> Trip:
    """Nobody was found in time. Raises IllegalTransition."""
    return _moved(trip, Verb.EXPIRE, "patience", at, expired_at=at)


def is_out_of_patience(trip: Trip, patience: timedelta, now: datetime) -> bool:
    """True when the trip has waited for a driver for as long as a trip may."""
    return trip.state == TripState.REQUESTED and trip.waiting_since + patience <= now


def must_be_driven_by(trip: Trip, driver_id: str) -> None:
    """Raises NotYourTrip when `driver_id` isn't the trip's driver."""
    if trip.driver_id != driver_id:
        raise NotYourTrip()


def must_be_seen_by(trip: Trip, user_id: str, role: Role) -> None:
    """Raises NotYourTrip unless the user is a party of the trip in his role, or ops."""
    if role == Role.OPS or (role == Role.RIDER and trip.rider_id == user_id):
        return
    if role == Role.DRIVER and trip.driver_id == user_id:
        return
    raise NotYourTrip()


def pickup_eta_s(trip: Trip, now: datetime) -> float | None:
    """Seconds until the driver should be at the pickup: as promised, less what has passed; None when he is there."""
    if trip.state != TripState.ASSIGNED or trip.pickup_eta_s is None or trip.assigned_at is None:
        return None
    return max(0.0, round(trip.pickup_eta_s - (now - trip.assigned_at).total_seconds(), 1))


def target(trip: Trip) -> Point:
    """Where its driver is going: the pickup until the rider is aboard, then the dropoff."""
    return trip.dropoff if trip.state == TripState.IN_PROGRESS else trip.pickup


def shows_live_position(trip: Trip) -> bool:
    """True while the parties may see where the car is."""
    return trip.state in WITH_DRIVER
