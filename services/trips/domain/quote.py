"""A quote, as far as a trip needs it, and what makes it good for one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hansom.contracts.trips import CategoryNotQuoted, NotYourQuote, QuoteExpired, RequestTrip
from hansom.values import Money, Point
from services.trips.domain.trip import Trip, requested


@dataclass(frozen=True, slots=True)
class Quote:
    """Pricing's promise. `fares`: category → fare; `terms`: category → what was promised beside it, see `terms`.

    `distance_m` and `duration_s` of the route by road. `parent_id`: the quote of the trip that this one is to change.
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


def trip_from(quote: Quote, command: RequestTrip, trip_id: str, pin: str, now: datetime) -> Trip:
    """The trip that a rider asks for. Raises NotYourQuote, CategoryNotQuoted (details: category), QuoteExpired."""
    if quote.rider_id != command.rider_id:
        raise NotYourQuote()
    if command.category not in quote.fares:
        known = ", ".join(sorted(quote.fares))
        raise CategoryNotQuoted(details={"category": [f"Not in the quote, which has: {known}."]})
    if quote.expires_at <= now:
        raise QuoteExpired()
    trip = Trip(
        id=trip_id,
        rider_id=command.rider_id,
        city=quote.city,
        category=command.category,
        quote_id=quote.id,
        payment_method=command.payment_method,
        pickup=quote.pickup,
        dropoff=quote.dropoff,
        fare=quote.fares[command.category],
        terms=quote.terms.get(command.category),
        distance_m=quote.distance_m,
        duration_s=quote.duration_s,
        pin=pin,
        requested_at=now,
        waiting_since=now,
    )
    return requested(trip)
