"""What happened to a trip and its offers, moment by moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hansom.contracts.timeline import Code, Kind, Moment, Who
from hansom.contracts.trips import OfferState, Role
from services.trips.domain.machine import Verb
from services.trips.domain.offer import Offer
from services.trips.domain.trip import Step, Trip

TAKEN = frozenset({OfferState.ACCEPTED, OfferState.RELEASED})
"""States of an offer whose driver had the trip."""

ANSWERS = {
    OfferState.ACCEPTED: Code.OFFER_ACCEPTED,
    OfferState.RELEASED: Code.OFFER_ACCEPTED,
    OfferState.DECLINED: Code.OFFER_DECLINED,
    OfferState.EXPIRED: Code.OFFER_EXPIRED,
    OfferState.WITHDRAWN: Code.OFFER_WITHDRAWN,
}

CODES: dict[str, Code] = {
    "request": Code.REQUESTED,
    Verb.ASSIGN: Code.ASSIGNED,
    Verb.ARRIVE: Code.ARRIVED,
    Verb.START: Code.STARTED,
    Verb.CHANGE: Code.DESTINATION_CHANGED,
    Verb.COMPLETE: Code.COMPLETED,
    Verb.CANCEL: Code.CANCELLED,
    Verb.NO_SHOW: Code.NO_SHOW,
    Verb.EXPIRE: Code.EXPIRED,
    "settle": Code.SETTLED,
}
"""Of each verb of a trip's history; a release is one of two."""


def timeline(trip: Trip, offers: Sequence[Offer]) -> list[Moment]:
    """The trip's own steps and its offers, oldest first; at one time an offer's answer comes before its effect, and
    what a step withdrew after it."""
    moments = [(moment, 1) for moment in _steps(trip, offers)]
    moments += [
        (moment, 2 if moment.code is Code.OFFER_WITHDRAWN else 0) for offer in offers for moment in _offer(offer)
    ]
    return [moment for moment, _ in sorted(moments, key=lambda each: (each[0].at, each[1]))]


def _steps(trip: Trip, offers: Sequence[Offer]) -> Iterator[Moment]:
    taken = {offer.answered_at: offer for offer in offers if offer.state in TAKEN}
    driver: Offer | None = None
    for step in trip.history:
        if step.verb == Verb.ASSIGN:
            driver = taken.get(step.at)
        yield Moment(step.at, Kind.TRIP, _code(step, trip), _who(step, trip, driver), _values(step, trip, driver))


def _code(step: Step, trip: Trip) -> Code:
    if step.verb == Verb.RELEASE:
        return Code.GIVEN_BACK if step.by == Role.DRIVER else Code.TAKEN_BACK
    if step.verb == Verb.CANCEL and trip.ended_early:
        return Code.ENDED_EARLY
    return CODES[step.verb]


def _who(step: Step, trip: Trip, driver: Offer | None) -> Who | None:
    match step.by:
        case Role.RIDER:
            return Who(Role.RIDER.value, trip.rider_id)
        case Role.DRIVER:
            return Who(Role.DRIVER.value, driver.driver_id if driver is not None else trip.driver_id)
        case Role.OPS:
            return Who(Role.OPS.value, trip.cancelled_by_operator)  # to cancel is all that they do to a trip
        case _:
            return None


def _values(step: Step, trip: Trip, driver: Offer | None) -> dict[str, Any]:
    values: dict[str, Any] = {}
    match step.verb:
        case "request":
            values = {"category": trip.category, "city": trip.city, "promo_code": trip.promo_code}
        case Verb.ASSIGN:
            eta_s = driver.pickup_eta_s if driver is not None else trip.pickup_eta_s
            values = {"pickup_eta_s": eta_s, "vehicle": driver.card.get("vehicle") if driver is not None else None}
        case Verb.RELEASE:
            values = {"driver_id": driver.driver_id if driver is not None else None, "reason": step.by}
        case Verb.CANCEL | Verb.NO_SHOW:
            fee = trip.cancellation_fee
            values = {"reason": trip.cancel_reason, "fee": fee["amount"] if fee is not None else None}
        case "settle":
            values = _settled(trip)
    return values


def _settled(trip: Trip) -> dict[str, Any]:
    return {
        "fare": trip.fare.as_dict(),
        "to_pay": trip.to_pay.as_dict(),
        "discount": trip.discount.as_dict(),
        "reason": trip.fare_reason,
        "distance_m": trip.distance_m,
        "duration_s": trip.duration_s,
    }


def _offer(offer: Offer) -> Iterator[Moment]:
    driver = Who(Role.DRIVER.value, offer.driver_id)
    known = {"offer_id": offer.id, "pickup_eta_s": offer.pickup_eta_s}
    ttl_s = round((offer.expires_at - offer.made_at).total_seconds(), 1)
    yield Moment(offer.made_at, Kind.OFFER, Code.OFFER_MADE, driver, {**known, "ttl_s": ttl_s})
    if offer.shown_at is not None:
        yield Moment(offer.shown_at, Kind.OFFER, Code.OFFER_SHOWN, driver, known)
    if offer.answered_at is not None and offer.state in ANSWERS:
        after_s = round((offer.answered_at - offer.made_at).total_seconds(), 1)
        yield Moment(offer.answered_at, Kind.OFFER, ANSWERS[offer.state], driver, {**known, "after_s": after_s})
