"""Quotes, the fares of what was driven, and tariffs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Protocol

from hansom.contracts.pricing import AskFinalFare, AskQuote, FareReason, NoTariff
from hansom.values import Point
from services.pricing.domain.fare import Fare
from services.pricing.domain.quote import Driven, Errand, Quote, Route, final_fare, options_of
from services.pricing.domain.reasons import Surge
from services.pricing.domain.tariff import Tariff, in_force


@dataclass(frozen=True, slots=True)
class CityPrices:
    """A city's part of the settings: every tariff that was or will be, and the currency."""

    currency: str
    tariffs: tuple[Tariff, ...]


@dataclass(frozen=True, slots=True)
class PriceRules:
    """The settings that quotes are made by."""

    cities: Mapping[str, CityPrices]
    quote_ttl: timedelta
    tolerance: Fraction


class World(Protocol):
    """What a quote needs of other services and of Redis."""

    def survey(self, pickup: Point, dropoff: Point) -> tuple[Route, Mapping[str, float | None]]:
        """The route, and seconds until a car of each category could be there, asked for at once. Raises what maps
        raises."""

    def surge(self, city: str, pickup: Point, now: datetime) -> Surge:
        """The surge at a pickup."""


class QuoteRows(Protocol):
    def add(self, quote: Quote) -> None: ...
    def get(self, quote_id: str) -> Quote: ...
    def forget_expired(self, before: datetime, limit: int) -> int: ...


def make_quote(request: AskQuote, world: World, rules: PriceRules, now: datetime, new_id: Callable[[], str]) -> Quote:
    """A quote, not yet kept. Raises NoTariff, and what maps raises for points it cannot serve."""
    route, etas_s = world.survey(request.pickup, request.dropoff)
    prices = rules.cities.get(route.city)
    tariffs = in_force(prices.tariffs, now) if prices else []
    if prices is None or not tariffs:
        raise NoTariff(details={"city": [route.city]})
    surge = world.surge(route.city, request.pickup, now)
    return Quote(
        id=new_id(),
        rider_id=request.rider_id,
        currency=prices.currency,
        pickup=request.pickup,
        dropoff=request.dropoff,
        route=route,
        surge=surge,
        options=options_of(tariffs, route, surge, Errand(request.pickup, request.dropoff, now), etas_s),
        created_at=now,
        expires_at=now + rules.quote_ttl,
    )


def price_ride(request: AskFinalFare, rows: QuoteRows, rules: PriceRules) -> tuple[Quote, Fare, FareReason]:
    """The fare to charge for what was driven. Raises UnknownQuote, CategoryNotInQuote."""
    quote = rows.get(request.quote_id)
    driven = Driven(request.distance_m, request.duration_s, request.credible, request.waited_s)
    fare, reason = final_fare(quote, request.category, driven, rules.tolerance)
    return quote, fare, reason


def list_tariffs(rules: PriceRules, city: str, now: datetime) -> Sequence[Tariff]:
    """The tariffs in force in a city. Raises NoTariff when it has none."""
    prices = rules.cities.get(city)
    if prices is None:
        raise NoTariff(details={"city": [city]})
    return in_force(prices.tariffs, now)
