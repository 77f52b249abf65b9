"""Promo codes: made and disabled by operators, put into quotes, reserved for trips, taken off fares or given back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from hansom.contracts.errors import Invalid, NotFound, Unavailable
from hansom.contracts.pricing import NotYourFare, QuoteOfAChange
from hansom.contracts.promos import (
    DisablePromo,
    ListPromos,
    ListPromoUses,
    NewPromo,
    PromoReason,
    ReservePromo,
    UnknownPromo,
    UseState,
)
from services.pricing.domain.promo import Hope, Promo, PromoCode, PromoUse, refused, why_not
from services.pricing.domain.quote import Quote
from services.pricing.usecases.quoting import CityPrices, QuoteRows

log = logging.getLogger(__name__)

SWEPT_AT_ONCE = 200

OVER = frozenset({"cancelled", "expired"})
"""States of a trip that takes nothing off any fare any more."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """`first`: a reservation whose trip should be there by now. `again`: until it is looked after once more.
    `settled_by`: a trip that was cancelled under way is settled within this."""

    first: timedelta
    again: timedelta = timedelta(minutes=10)
    settled_by: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Settled:
    """A trip with its final fare. `says`: what its event told of a code, `(code or None, discount)`; None: it is of a
    version that told nothing."""

    trip_id: str
    rider_id: str
    at: datetime
    says: tuple[str | None, int] | None


class PromoRows(Protocol):
    """See `storage.promos.Promos`."""

    def add(self, code: PromoCode) -> None: ...
    def find(self, code: str) -> PromoCode | None: ...
    def lock(self, code: str) -> PromoCode: ...
    def disable(self, code: str, by: str, at: datetime) -> None: ...
    def newest(self, before: str | None, most: int) -> Sequence[PromoCode]: ...
    def uses_by(self, code: str, rider_id: str) -> int: ...
    def use_of(self, trip_id: str) -> PromoUse | None: ...
    def uses_of(self, trip_ids: Sequence[str]) -> dict[str, PromoUse]: ...
    def keep_use(self, use: PromoUse, look_after: datetime) -> None: ...
    def give_back(self, trip_ids: Sequence[str], at: datetime) -> int: ...
    def take_due(self, now: datetime, patience: timedelta, most: int) -> list[PromoUse]: ...
    def list_uses(self, code: str | None, after: str | None, most: int) -> Sequence[PromoUse]: ...
    def note_rides(self, rides: Sequence[tuple[str, str, datetime]]) -> None: ...
    def had_a_ride(self, rider_id: str) -> bool: ...


# -- riders ----------------------------------------------------------------------------------------------------------
def with_code(quote: Quote, code: str | None, rows: PromoRows, now: datetime) -> Quote:
    """The quote with what the code takes off. Raises PromoRefused when the rider could not use it by what is known."""
    if code is None:
        return quote
    found = rows.find(code)
    if found is None:
        raise refused(code, PromoReason.UNKNOWN)
    rider = quote.rider_id
    had_a_ride = found.first_ride and rows.had_a_ride(rider)
    hope = Hope(quote.route.city, quote.currency, rows.uses_by(code, rider), had_a_ride, now)
    if (reason := why_not(found, hope)) is not None:
        raise refused(code, reason)
    return replace(quote, promo=found.promo)


def reserve(request: ReservePromo, quotes: QuoteRows, rows: PromoRows, now: datetime, sweep: Sweep) -> PromoUse | None:
    """Hold the quote's code for a trip; None when it has none. The same trip and quote get what they have.

    The code's times count as they stood when the quote was given, its limits as they stand now.
    Raises UnknownQuote, CategoryNotInQuote, NotYourFare, QuoteOfAChange, PromoRefused.
    """
    quote = quotes.get(request.quote_id)
    if quote.rider_id != request.rider_id:
        raise NotYourFare()
    if quote.parent_id is not None:
        raise QuoteOfAChange()
    option = quote.option(request.category)
    if quote.promo is None:
        return None
    rows.lock(quote.promo.code)
    before = rows.use_of(request.trip_id)
    if before is not None and before.state is not UseState.GIVEN_BACK:
        if before.state is UseState.USED or (before.quote_id, before.category) == (quote.id, option.category):
            return before
        rows.give_back([request.trip_id], now)
    code = rows.lock(quote.promo.code)
    uses = rows.uses_by(code.code, quote.rider_id)
    hope = Hope(quote.route.city, quote.currency, uses, not request.first_ride, quote.created_at)
    if (reason := why_not(code, hope)) is not None:
        raise refused(code.code, reason)
    use = PromoUse(
        trip_id=request.trip_id,
        code=code.code,
        rider_id=quote.rider_id,
        quote_id=quote.id,
        category=option.category,
        state=UseState.RESERVED,
        discount_minor=quote.discount_minor(option.fare, option.tariff),
        currency=quote.currency,
        reserved_at=now,
    )
    rows.keep_use(use, now + sweep.first)
    return use


# -- what becomes of trips -------------------------------------------------------------------------------------------
def settle(trips: Sequence[Settled], rows: PromoRows, now: datetime) -> None:
    """Take codes off for good by what trips' final fares say. Of one trip again and again: the same."""
    rows.note_rides([(trip.rider_id, trip.trip_id, trip.at) for trip in trips])
    uses = rows.uses_of([trip.trip_id for trip in trips])
    for trip in trips:
        use = uses.get(trip.trip_id)
        if use is None or use.state is UseState.USED:
            continue
        code, discount_minor = trip.says or (use.code, use.discount_minor)
        if code == use.code:
            used = replace(use, state=UseState.USED, discount_minor=discount_minor, resolved_at=now)
            rows.keep_use(used, now)
        else:
            rows.give_back([trip.trip_id], now)


def look_after(uses: Sequence[PromoUse], state_of: Callable[[str], str], now: datetime, sweep: Sweep) -> Sequence[str]:
    """Of reservations that are due, the trips that will never use them: they never came to be, or ended otherwise.

    `state_of` a trip raises NotFound, Unavailable; then the rest comes again.
    """
    lost = []
    for use in uses:
        try:
            is_over = state_of(use.trip_id) in OVER
        except NotFound:
            lost.append(use.trip_id)
            continue
        except Unavailable as exc:
            log.info("reservations of codes are looked after later", extra={"error": exc.code})
            break
        if is_over and use.reserved_at + sweep.settled_by <= now:
            lost.append(use.trip_id)
    return lost


# -- operators -------------------------------------------------------------------------------------------------------
def create(request: NewPromo, rows: PromoRows, cities: Mapping[str, CityPrices], now: datetime) -> PromoCode:
    """A new code. Raises PromoExists, and Invalid for a city or a currency that is not served."""
    valid_from = request.valid_from or now
    if request.valid_until is not None and request.valid_until <= max(valid_from, now):
        raise Invalid(details={"valid_until": ["Over before it begins."]})
    _check_places(request, cities)
    code = PromoCode(
        promo=Promo(request.code, request.kind, request.amount_minor, request.percent, request.cap_minor),
        currency=request.currency,
        first_ride=request.first_ride,
        valid_from=valid_from,
        valid_until=request.valid_until,
        uses_max=request.uses_max,
        uses_per_rider=request.uses_per_rider,
        cities=request.cities,
        uses=0,
        note=request.note,
        created_at=now,
        created_by=request.ops_user_id,
    )
    rows.add(code)
    return code


def _check_places(request: NewPromo, cities: Mapping[str, CityPrices]) -> None:
    """Every city is served, and fares there are in the currency of the code's amounts."""
    unknown = [city for city in request.cities or () if city not in cities]
    if unknown:
        raise Invalid(details={"cities": [f"Not served: {', '.join(unknown)}."]})
    reached = request.cities or tuple(cities)
    if request.currency is None:
        return
    others = [city for city in reached if cities[city].currency != request.currency]
    if request.cities and others:
        raise Invalid(details={"cities": [f"Fares are in another currency in {', '.join(others)}."]})
    if len(others) == len(reached):
        raise Invalid(details={"currency": ["No city has fares in it."]})


def disable(request: DisablePromo, rows: PromoRows, now: datetime) -> PromoCode:
    """Nobody reserves the code from now on; trips that have it keep it. Raises UnknownPromo."""
    code = rows.lock(request.code)
    if code.disabled_at is not None:
        return code
    rows.disable(code.code, request.ops_user_id, now)
    return replace(code, disabled_at=now, disabled_by=request.ops_user_id)


def see(code: str, rows: PromoRows) -> PromoCode:
    """A code as it stands. Raises UnknownPromo."""
    found = rows.find(code)
    if found is None:
        raise UnknownPromo(details={"code": code})
    return found


def list_codes(request: ListPromos, rows: PromoRows) -> tuple[Sequence[PromoCode], str | None]:
    """A page of codes, newest first, and where the next one begins."""
    found = rows.newest(request.cursor, request.limit + 1)
    page = found[: request.limit]
    return page, page[-1].code if len(found) > len(page) else None


def list_uses(request: ListPromoUses, rows: PromoRows) -> tuple[Sequence[PromoUse], str | None]:
    """A page of uses, by trip, and where the next one begins."""
    found = rows.list_uses(request.code, request.cursor, request.limit + 1)
    page = found[: request.limit]
    return page, page[-1].trip_id if len(found) > len(page) else None
