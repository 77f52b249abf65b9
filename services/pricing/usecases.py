"""What pricing does: one function a verb."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Protocol

from hansom.contracts.pricing import AskFinalFare, AskQuote, FareReason, NoTariff, SurgeReason
from hansom.values import Point
from services.pricing.domain.fare import Fare
from services.pricing.domain.quote import Driven, Quote, Route, final_fare, options_of
from services.pricing.domain.surge import Demand, no_surge, surge_for
from services.pricing.domain.tariff import Tariff, in_force


@dataclass(frozen=True, slots=True)
class CityPrices:
    """A city's part of the settings: every tariff that was or will be, the currency, and how far surge may go."""

    currency: str
    tariffs: tuple[Tariff, ...]
    surge_cap: Fraction


@dataclass(frozen=True, slots=True)
class PriceRules:
    """The settings that quotes are made by."""

    cities: Mapping[str, CityPrices]
    quote_ttl: timedelta
    tolerance: Fraction
    surge_enabled: bool


@dataclass(frozen=True, slots=True)
class Supply:
    """Free cars near a pickup, and seconds until one of each category could be there. `free_cars` None: not known."""

    free_cars: int | None
    etas_s: Mapping[str, float | None]


class World(Protocol):
    """What a quote needs of other services and of Redis."""

    def survey(self, pickup: Point, dropoff: Point) -> tuple[Route, Supply]:
        """The route and the supply, asked for at once. Raises what maps raises."""

    def demand(self, city: str, pickup: Point, now: datetime) -> Demand | None:
        """The demand around a pickup, or None when it is not known."""


class QuoteRows(Protocol):
    def add(self, quote: Quote) -> None: ...
    def get(self, quote_id: str) -> Quote: ...
    def forget_expired(self, before: datetime, limit: int) -> int: ...


def make_quote(request: AskQuote, world: World, rules: PriceRules, now: datetime, new_id: Callable[[], str]) -> Quote:
    """A quote, not yet kept. Raises NoTariff, and what maps raises for points it cannot serve."""
    route, supply = world.survey(request.pickup, request.dropoff)
    prices = rules.cities.get(route.city)
    tariffs = in_force(prices.tariffs, now) if prices else []
    if prices is None or not tariffs:
        raise NoTariff(details={"city": [route.city]})
    surge = no_surge(SurgeReason.OFF)
    if rules.surge_enabled:
        surge = surge_for(world.demand(route.city, request.pickup, now), supply.free_cars, prices.surge_cap)
    return Quote(
        id=new_id(),
        rider_id=request.rider_id,
        currency=prices.currency,
        pickup=request.pickup,
        dropoff=request.dropoff,
        route=route,
        surge=surge,
        options=options_of(tariffs, route, surge, supply.etas_s),
        created_at=now,
        expires_at=now + rules.quote_ttl,
    )


def price_ride(request: AskFinalFare, rows: QuoteRows, rules: PriceRules) -> tuple[Quote, Fare, FareReason]:
    """The fare to charge for what was driven. Raises UnknownQuote, CategoryNotInQuote."""
    quote = rows.get(request.quote_id)
    driven = Driven(request.distance_m, request.duration_s, request.credible)
    fare, reason = final_fare(quote, request.category, driven, rules.tolerance)
    return quote, fare, reason


def list_tariffs(rules: PriceRules, city: str, now: datetime) -> Sequence[Tariff]:
    """The tariffs in force in a city. Raises NoTariff when it has none."""
    prices = rules.cities.get(city)
    if prices is None:
        raise NoTariff(details={"city": [city]})
    return in_force(prices.tariffs, now)
