"""Trips and offers in any state, as tests need them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hansom.contracts.trips import Actor, OfferState, RequestTrip, Role, TripState
from hansom.ids import new_id
from hansom.values import Money, Point
from services.trips.domain import trip as life
from services.trips.domain.offer import Offer
from services.trips.domain.quote import Quote, Wish
from services.trips.domain.trip import Trip

NOON = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)
PICKUP = Point(60.1699, 24.9384)
DROPOFF = Point(60.1750, 24.9500)
GRACE = timedelta(seconds=1)
"""The last positions of a ride get this long to arrive."""


class HandClock:
    """A clock that a test moves."""

    def __init__(self, now: datetime = NOON) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def forward(self, seconds: float) -> datetime:
        self.time += timedelta(seconds=seconds)
        return self.time


def a_card(driver_id: str = "driver-1", **changes: Any) -> dict[str, Any]:
    """A driver's card as drivers.get_cards gives it."""
    vehicle = {"make": "Toyota", "model": "Prius", "colour": "white", "plate": "ABC-123", "category": "standard"}
    card = {"id": driver_id, "name": "Aino", "rating": 4.9, "vehicle": vehicle, "categories": ["standard"]}
    return {**card, **changes}


def kept_card(driver_id: str = "driver-1") -> dict[str, Any]:
    """What of a card stays on the offer and the trip."""
    return {name: value for name, value in a_card(driver_id).items() if name != "categories"}


def a_quote(rider_id: str = "rider-1", **changes: Any) -> Quote:
    quote = Quote(
        id="quote-1",
        rider_id=rider_id,
        city="helsinki",
        pickup=PICKUP,
        dropoff=DROPOFF,
        distance_m=1234.5,
        duration_s=300.0,
        fares={"standard": Money(950, "EUR"), "van": Money(1700, "EUR")},
        expires_at=NOON + timedelta(seconds=300),
    )
    return replace(quote, **changes)


def some_money(amount_minor: int) -> dict[str, Any]:
    return {"amount_minor": amount_minor, "currency": "EUR"}


def some_terms(**changes: Any) -> dict[str, Any]:
    """What a quote's option promises beside its fare: `changes` to its terms of cancelling."""
    cancellation = {
        "free_s": 120,
        "late_s": 300,
        "fee": some_money(400),
        "tax": some_money(48),
        "driver_share": some_money(300),
        "no_show_after_s": 300,
        "no_show_fee": some_money(600),
        "no_show_tax": some_money(71),
        "no_show_driver_share": some_money(450),
    }
    return {"cancellation": {**cancellation, **changes}, "tip_max": some_money(5000), "promo": None}


def a_fee(**changes: Any) -> dict[str, Any]:
    """A fee as trip_cancelled tells it."""
    fee = {
        "kind": "cancellation",
        "amount": some_money(400),
        "tax": some_money(48),
        "driver_share": some_money(300),
        "label": "Cancellation fee",
        "reason": "cancelled_late",
    }
    return {**fee, **changes}


def a_wish(quote: Quote, command: RequestTrip, trip_id: str = "trip-1") -> Wish:
    return Wish(trip_id, command, quote)


def a_trip(state: TripState = TripState.REQUESTED, *, driver_id: str = "driver-1", **changes: Any) -> Trip:
    """A trip that was led to `state` by its own verbs, one second each, from NOON on; then `changes` made to it."""
    trip = Trip(
        id=changes.pop("id", None) or new_id(),
        rider_id=changes.pop("rider_id", "rider-1"),
        city="helsinki",
        category="standard",
        quote_id="quote-1",
        payment_method=None,
        pickup=PICKUP,
        dropoff=DROPOFF,
        fare=Money(950, "EUR"),
        distance_m=1234.5,
        duration_s=300.0,
        pin="1234",
        requested_at=changes.get("requested_at", NOON),
        waiting_since=changes.get("requested_at", NOON),
    )
    trip = life.requested(trip)
    for step, verb in enumerate(_way_to(state), start=1):
        trip = _led(trip, verb, driver_id, trip.requested_at + timedelta(seconds=step))
    return replace(trip, **changes)


def _way_to(state: TripState) -> list[str]:
    ways: dict[TripState, list[str]] = {
        TripState.REQUESTED: [],
        TripState.EXPIRED: ["expire"],
        TripState.CANCELLED: ["cancel"],
    }
    drive = ["assign", "arrive", "start", "complete"]
    reached = [TripState.ASSIGNED, TripState.ARRIVED, TripState.IN_PROGRESS, TripState.COMPLETED]
    return ways[state] if state in ways else drive[: reached.index(state) + 1]


def _led(trip: Trip, verb: str, driver_id: str, at: datetime) -> Trip:
    match verb:
        case "assign":
            return life.assigned(trip, kept_card(driver_id), 120.0, at)
        case "arrive":
            return life.arrived(trip, at)
        case "start":
            return life.started(trip, at)
        case "complete":
            return life.completed(trip, at, at + timedelta(seconds=1))
        case "cancel":
            return life.cancelled(trip, Role.RIDER, None, at)
        case _:
            return life.expired(trip, at)


def an_offer(trip: Trip, driver_id: str = "driver-1", **changes: Any) -> Offer:
    """An open offer of a trip, made a second after it was asked for, good for 15 seconds."""
    made_at = trip.requested_at + timedelta(seconds=1)
    offer = Offer(
        id=new_id(),
        trip_id=trip.id,
        driver_id=driver_id,
        pickup_eta_s=120.0,
        card=kept_card(driver_id),
        made_at=made_at,
        expires_at=made_at + timedelta(seconds=15),
        state=OfferState.OPEN,
    )
    return replace(offer, **changes)


def rider(user_id: str = "rider-1") -> Actor:
    return Actor(user_id, Role.RIDER)


def driver(user_id: str = "driver-1") -> Actor:
    return Actor(user_id, Role.DRIVER)


def ops() -> Actor:
    return Actor("ops-1", Role.OPS)
