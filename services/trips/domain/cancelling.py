"""What it costs to cancel a trip, or not to come: by the terms of its quote, and by who kept whom waiting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hansom.contracts.trip_terms import CancelCode, FeeData, NoShowNotOffered, NotAtPickup, TooEarly
from hansom.contracts.trips import TripState
from hansom.values import Point, distance_m
from services.trips.domain.approach import THERE_M, promised_at
from services.trips.domain.machine import Verb, next_state
from services.trips.domain.terms import Cancellation, Price, cancellation_of
from services.trips.domain.trip import Trip

SENTENCES = {
    CancelCode.SEARCHING: "Cancelling is free while a driver is looked for.",
    CancelCode.WITHIN_GRACE: "Cancelling is free for a short while after a driver took the ride.",
    CancelCode.DRIVER_LATE: "Cancelling is free: the driver is later than promised.",
    CancelCode.NO_FEE: "Cancelling this ride is free.",
    CancelCode.GIVEN_BACK: "Cancelling is free for you: another driver is looked for.",
    CancelCode.LATE: "A driver is on the way or waiting: cancelling costs a fee, part of which is his.",
    CancelCode.NO_SHOW: "The driver waited at the pickup, and nobody came.",
    CancelCode.UNDER_WAY: "The ride is under way: it ends here, and what was driven is charged.",
}
"""What people are told of each code."""

AWAY_M = 300.0
"""So far from the pickup nobody waits there; nearer, his position may just wander."""

FRESH = timedelta(seconds=120)
"""A position that is older says nothing of where a driver is."""

LABELS = {"cancellation": "Cancellation fee", "no_show": "No-show fee"}


@dataclass(frozen=True, slots=True)
class Cost:
    """What cancelling costs now. `price` None: nothing, or, under way, what was driven. `free_until`: if it ends."""

    code: CancelCode
    price: Price | None = None
    free_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a driver was last and when, None when he is not seen, and where he was before, as far as is known."""

    point: Point | None = None
    at: datetime | None = None
    fixes: Sequence[tuple[datetime, Point]] = ()


def cost_of_cancelling(trip: Trip, now: datetime) -> Cost:
    """What its rider would pay for cancelling the trip now. Raises IllegalTransition when he no longer can."""
    next_state(trip.state, Verb.CANCEL)
    if trip.state == TripState.REQUESTED:
        return Cost(CancelCode.SEARCHING)
    if trip.state == TripState.IN_PROGRESS:
        return Cost(CancelCode.UNDER_WAY)
    terms = cancellation_of(trip.terms)
    if terms is None or terms.fee.amount.amount_minor <= 0:
        return Cost(CancelCode.NO_FEE)
    if is_driver_late(trip, terms, now):
        return Cost(CancelCode.DRIVER_LATE)
    assert trip.assigned_at is not None, "an assigned trip says since when"
    free_until = trip.assigned_at + terms.free
    if now <= free_until:
        return Cost(CancelCode.WITHIN_GRACE, free_until=free_until)
    return Cost(CancelCode.LATE, terms.fee)


def is_driver_late(trip: Trip, terms: Cancellation, now: datetime) -> bool:
    """He came, or has not come until now, later than he was promised for by more than the tariff lets pass.

    The promise is what the rider was told when the driver took the ride; what was told later does not move it.
    """
    return (trip.arrived_at or now) > promised_at(trip) + terms.late


def fee_of(kind: str, cost: Cost) -> FeeData | None:
    """What `trip_cancelled` says of a cost; None when there is none. `kind`: `cancellation` or `no_show`."""
    price = cost.price
    if price is None or price.amount.amount_minor <= 0:
        return None
    return {
        "kind": kind,
        "amount": price.amount.as_dict(),
        "tax": price.tax.as_dict(),
        "driver_share": price.driver_share.as_dict(),
        "label": LABELS[kind],
        "reason": cost.code.value,
    }


def no_show_cost(trip: Trip, where: Whereabouts, now: datetime) -> Cost:
    """What the rider pays who did not come. Who says that he has arrived and is still far off, waits from when he is
    there, and is late when that is late.

    Raises IllegalTransition, NoShowNotOffered, TooEarly (details: claim_at), NotAtPickup (details: distance_m).
    """
    next_state(trip.state, Verb.NO_SHOW)
    terms = cancellation_of(trip.terms)
    if terms is None or terms.no_show_after is None:
        raise NoShowNotOffered()
    arrived_at = there_since(trip, where)
    claim_at = arrived_at + terms.no_show_after
    if now < claim_at:
        raise TooEarly(details={"claim_at": _told(claim_at)})
    _must_be_there(trip, where, now)
    if is_driver_late(replace(trip, arrived_at=arrived_at), terms, now):
        return Cost(CancelCode.DRIVER_LATE)
    return Cost(CancelCode.NO_SHOW, terms.no_show)


def there_since(trip: Trip, where: Whereabouts) -> datetime:
    """When the driver came: as he says, or later, if he was seen far from the pickup after that."""
    assert trip.arrived_at is not None, "who has arrived says since when"
    away = [at for at, point in where.fixes if distance_m(point, trip.pickup) > AWAY_M]
    return max([trip.arrived_at, *away])


def _must_be_there(trip: Trip, where: Whereabouts, now: datetime) -> None:
    if where.point is None or where.at is None or now - where.at > FRESH:
        raise NotAtPickup(details={"distance_m": None})
    away_m = distance_m(where.point, trip.pickup)
    if away_m > THERE_M:
        raise NotAtPickup(details={"distance_m": round(away_m)})


def _told(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
