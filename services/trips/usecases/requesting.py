"""A rider asks for a trip: the quote is looked up, the fare is held and his promo code taken, and the trip is written.

What another service is asked comes before the transaction that writes the trip. What it took is given back when the
trip is refused after all; should we die in between, it lets go by itself, since the trip never came to be.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol

from hansom.contracts.errors import HansomError, Unavailable
from hansom.contracts.trips import ActiveTripExists, RequestTrip
from hansom.idempotency import Request
from hansom.ids import id_for, new_id
from services.trips.domain.quote import Promo, Quote, Wish, must_be_good_for, promo_of, to_pay, trip_from
from services.trips.domain.trip import Trip
from services.trips.usecases.ports import TripEvent, Unit

log = logging.getLogger(__name__)

AUTHORIZE_DEADLINE_S = 3.5
"""A card is asked: its provider takes a while."""

GIVE_BACK_DEADLINE_S = 2.0


class Remote(Protocol):
    """Another service: see `hansom.rpc.ServiceClient`."""

    def call_async(self, method: str, payload: dict[str, Any], deadline_s: float | None = None) -> Any: ...


def trip_id_of(command: RequestTrip, key: Request) -> str:
    """The trip's id: of the rider, his key and body, and the quote; so a repeated request has no second hold."""
    if key is None:
        return new_id()
    return id_for("trip", command.rider_id, key["scope"], key["key"], key["fingerprint"], command.quote_id)


def wish_of(command: RequestTrip, key: Request, quote: Quote, active_id: str | None, now: datetime) -> Wish:
    """What is asked for, when it can be had: said before a card is bothered. `active_id`: the rider's trip under way.

    Raises NotYourQuote, CategoryNotQuoted, QuoteOfAnotherTrip, QuoteExpired, ActiveTripExists.
    """
    must_be_good_for(quote, command, now)
    if active_id is not None:
        raise ActiveTripExists(details={"trip_id": active_id})
    return Wish(trip_id_of(command, key), command, quote)


@contextmanager
def taken(pricing: Remote, payments: Remote, wish: Wish, has_ridden: Callable[[str], bool]) -> Iterator[Promo | None]:
    """Within it the fare is held and the quote's promo code is the trip's; what it raises gives both back.

    Both are asked for at once. A rider who pays as usual is not kept waiting while payments is down. Raises what
    payments refuses (DebtOpen, PaymentDeclined, PaymentNeedsConfirmation, UnknownPaymentMethod), PromoRefused,
    Unavailable.
    """
    promo = promo_of(wish.quote, wish.command.category)
    holding = payments.call_async("authorize_ride", _hold(wish), AUTHORIZE_DEADLINE_S)
    reserving = pricing.call_async("reserve_promo", _reservation(wish, has_ridden)) if promo else None
    no_hold = _refusal(holding)
    no_promo = _refusal(reserving) if reserving else None
    if isinstance(no_hold, Unavailable) and wish.command.payment_method is None:
        log.warning("a ride is asked for without a hold", extra={"error": no_hold.code, "trip_id": wish.trip_id})
    elif no_hold is not None and no_promo is None:
        # what waits to be confirmed by its rider waits for his next request; of other refusals there is no hold
        _give_back(pricing, payments, wish, hold=isinstance(no_hold, Unavailable), promo=promo is not None)
        raise no_hold
    try:
        if no_promo is not None:
            raise no_promo
        yield promo
    except HansomError:
        _give_back(pricing, payments, wish, hold=True, promo=promo is not None)
        raise


def _hold(wish: Wish) -> dict[str, Any]:
    return {
        "trip_id": wish.trip_id,
        "rider_id": wish.command.rider_id,
        "city": wish.quote.city,
        "amount": to_pay(wish.quote, wish.command.category).as_dict(),
        "payment_method": wish.command.payment_method,
    }


def _reservation(wish: Wish, has_ridden: Callable[[str], bool]) -> dict[str, Any]:
    rider_id = wish.command.rider_id
    asked = {"trip_id": wish.trip_id, "rider_id": rider_id, "first_ride": not has_ridden(rider_id)}
    return {**asked, "quote_id": wish.quote.id, "category": wish.command.category}


def _refusal(call: Any) -> HansomError | None:
    """Why a call was refused; None: it was not."""
    try:
        call.result()
    except HansomError as refusal:
        return refusal
    return None


def _give_back(pricing: Remote, payments: Remote, wish: Wish, *, hold: bool, promo: bool) -> None:
    """Let go of what the trip would have had. What cannot be told now, its owners find by themselves."""
    calls = []
    if hold:
        calls.append(payments.call_async("release_holds", {"trip_ids": [wish.trip_id]}, GIVE_BACK_DEADLINE_S))
    if promo:
        calls.append(pricing.call_async("release_promo", {"trip_id": wish.trip_id}, GIVE_BACK_DEADLINE_S))
    for call in calls:
        if (refusal := _refusal(call)) is not None:
            log.warning("not given back yet", extra={"trip_id": wish.trip_id, "error": refusal.code})


def request_trip(unit: Unit, wish: Wish, promo: Promo | None, pin: str) -> Trip:
    """Write the trip and tell of it. Raises NotYourQuote, CategoryNotQuoted, QuoteExpired, ActiveTripExists."""
    trip = trip_from(wish, promo, pin, unit.now)
    unit.rows.add(trip)
    unit.tell([TripEvent("trip_requested", trip)])
    return trip
