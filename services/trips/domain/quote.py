"""A quote, as far as a trip needs it, and what makes it good for one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hansom.contracts.trip_terms import QuoteOfAnotherTrip
from hansom.contracts.trips import CategoryNotQuoted, NotYourQuote, QuoteExpired, RequestTrip
from hansom.values import Money, Point
from services.trips.domain.machine import Verb, next_state
from services.trips.domain.trip import Trip, goes_elsewhere, requested


@dataclass(frozen=True, slots=True)
class Quote:
    """Pricing's promise. `fares`: category → fare; `terms`: category → what was promised beside it, see `terms`.

    `distance_m` and `duration_s` of the route by road. `trip_id` and `parent_id`: of a quote for another destination,
    its trip and the quote that it changes.
    """

    id: str
    rider_id: str
    city: str
    pickup: Point
    dropoff: Point
    distance_m: float
    duration_s: float
    fares: Mapping[str, Money]
    expires_at: datetime
    terms: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    parent_id: str | None = None
    trip_id: str | None = None


@dataclass(frozen=True, slots=True)
class Promo:
    """A promo code, and what it takes off a fare."""

    code: str
    discount: Money


def must_be_good_for(quote: Quote, command: RequestTrip, now: datetime) -> None:
    """Raises NotYourQuote, CategoryNotQuoted (details: category), QuoteOfAnotherTrip, QuoteExpired."""
    if quote.rider_id != command.rider_id:
        raise NotYourQuote()
    must_have(quote, command.category)
    if quote.parent_id is not None:
        raise QuoteOfAnotherTrip("This quote is for changing a trip: ask for a new one.")
    if quote.expires_at <= now:
        raise QuoteExpired()


def must_have(quote: Quote, category: str) -> None:
    """Raises CategoryNotQuoted (details: category)."""
    if category not in quote.fares:
        known = ", ".join(sorted(quote.fares))
        raise CategoryNotQuoted(details={"category": [f"Not in the quote, which has: {known}."]})


def promo_of(quote: Quote, category: str) -> Promo | None:
    """The promo code that the quote was given with, and what it takes off the fare of a category."""
    told = quote.terms.get(category, {}).get("promo")
    if told is None:
        return None
    fare = quote.fares[category]
    return Promo(told["code"], Money(min(told["discount"]["amount_minor"], fare.amount_minor), fare.currency))


def to_pay(quote: Quote, category: str) -> Money:
    """What the rider would pay: the fare, less what his code takes off."""
    promo = promo_of(quote, category)
    return quote.fares[category] + -promo.discount if promo else quote.fares[category]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a rider asks for. `trip_id`: the same for the same request, so that its hold and its promo are found."""

    trip_id: str
    command: RequestTrip
    quote: Quote


def trip_from(wish: Wish, promo: Promo | None, pin: str, now: datetime) -> Trip:
    """The trip that a rider asks for; `promo` is what was kept for it. Raises what `must_be_good_for` does."""
    quote, command = wish.quote, wish.command
    must_be_good_for(quote, command, now)
    trip = Trip(
        id=wish.trip_id,
        rider_id=command.rider_id,
        city=quote.city,
        category=command.category,
        quote_id=quote.id,
        payment_method=command.payment_method,
        pickup=quote.pickup,
        dropoff=quote.dropoff,
        fare=quote.fares[command.category],
        terms=quote.terms.get(command.category),
        discount_minor=promo.discount.amount_minor if promo else 0,
        promo_code=promo.code if promo else None,
        distance_m=quote.distance_m,
        duration_s=quote.duration_s,
        pin=pin,
        requested_at=now,
        waiting_since=now,
    )
    return requested(trip)


def changed_to(trip: Trip, quote: Quote, now: datetime) -> Trip:
    """The trip on its way to the new quote's destination, for what that says.

    Raises NotYourQuote, QuoteOfAnotherTrip, CategoryNotQuoted, QuoteExpired, IllegalTransition.
    """
    next_state(trip.state, Verb.CHANGE)
    if quote.rider_id != trip.rider_id:
        raise NotYourQuote()
    if quote.trip_id != trip.id or quote.parent_id != trip.quote_id:
        raise QuoteOfAnotherTrip()
    must_have(quote, trip.category)
    if quote.expires_at <= now:
        raise QuoteExpired()
    promo = promo_of(quote, trip.category) if trip.promo_code is not None else None
    return goes_elsewhere(
        trip,
        now,
        quote_id=quote.id,
        dropoff=quote.dropoff,
        fare=quote.fares[trip.category],
        discount_minor=promo.discount.amount_minor if promo else 0,
        terms=quote.terms.get(trip.category),
        distance_m=quote.distance_m,
        duration_s=quote.duration_s,
    )
