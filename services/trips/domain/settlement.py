"""When and on what a completed trip's fare becomes final."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from hansom.contracts.trips import IllegalTransition, TripState
from hansom.values import Money, Point
from services.trips.domain.trip import Step, Trip


@dataclass(frozen=True, slots=True)
class SettleRule:
    """`grace`: the last positions get this long to arrive. `patience`: how long parts that are down, or a trace that is
    still arriving, are waited for; then the quote holds. `retry`: time between tries."""

    grace: timedelta
    patience: timedelta
    retry: timedelta


@dataclass(frozen=True, slots=True)
class Driven:
    """What location knows of the ride from its start to its end. `credible`: good enough to charge on.

    `ended_at`: of a ride that ended early, where that was, if it is known.
    """

    distance_m: float | None
    credible: bool
    ended_at: Point | None = None


@dataclass(frozen=True, slots=True)
class FinalFare:
    """The fare to charge and, in a word, why it is that. `lines` and `tax` go on the receipt, as pricing words them.

    `discount`: what the trip's promo code takes off this fare; None: what it takes off the quoted one.
    """

    fare: Money
    reason: str
    lines: Sequence[dict[str, Any]] = ()
    tax: dict[str, Any] | None = None
    discount: Money | None = None


def is_out_of_patience(trip: Trip, rule: SettleRule, now: datetime) -> bool:
    """True when the parts that are down have been waited for long enough."""
    assert trip.finished_at is not None
    return now >= trip.finished_at + rule.patience


def ride_duration_s(trip: Trip) -> float:
    """Seconds from the start to the end: completion, or the rider's cancel under way."""
    assert trip.finished_at is not None and trip.started_at is not None
    return (trip.finished_at - trip.started_at).total_seconds()


def waited_s(trip: Trip) -> float:
    """Seconds that the driver waited at the pickup; 0 when he did not say that he was there."""
    if trip.arrived_at is None or trip.started_at is None:
        return 0.0
    return max(0.0, (trip.started_at - trip.arrived_at).total_seconds())


def settled(trip: Trip, fare: FinalFare, distance_m: float | None, at: datetime) -> Trip:
    """The trip with its final fare. `distance_m`: as driven, or None to keep the quote's. Raises IllegalTransition."""
    if trip.settled_at is not None or not (trip.state == TripState.COMPLETED or trip.ended_early):
        raise IllegalTransition(details={"state": trip.state.value, "verb": "settle"})
    version = trip.version + 1
    discount_minor = trip.discount_minor
    if trip.promo_code is not None and fare.discount is not None:
        discount_minor = fare.discount.amount_minor
    discount_minor = min(discount_minor, fare.fare.amount_minor)
    return replace(
        trip,
        fare=fare.fare,
        fare_final=True,
        fare_reason=fare.reason,
        discount_minor=discount_minor,
        distance_m=trip.distance_m if distance_m is None else distance_m,
        duration_s=ride_duration_s(trip),
        settled_at=at,
        settle_after=None,
        version=version,
        history=(*trip.history, Step(version, "settle", trip.state.value, "trips", at)),
    )


def settled_terms(trip: Trip) -> dict[str, Any]:
    """What `trip_settled` says of a settled trip beside the fare and its lines."""
    return {
        "discount": trip.discount.as_dict(),
        "promo_code": trip.promo_code,
        "tip_max": (trip.terms or {}).get("tip_max"),
    }


def settled_on_the_quote(trip: Trip, at: datetime) -> Trip:
    """The trip with the quoted fare as the final one, since what was driven could not be learnt in time."""
    return settled(trip, FinalFare(trip.fare, "quoted_fare_trace_unavailable"), None, at)
