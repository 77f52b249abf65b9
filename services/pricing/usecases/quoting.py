"""Quotes, the fares of what was driven, and tariffs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Protocol

from hansom.contracts.errors import Invalid
from hansom.contracts.pricing import AskFinalFare, AskQuote, AskRequote, FareReason, NoTariff, NotYourFare
from hansom.values import Point
from services.pricing.domain.fare import Fare, whole
from services.pricing.domain.final import final_fare
from services.pricing.domain.quote import Change, Errand, Quote, Route, options_of, requoted
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

    def way(self, start: Point, end: Point) -> Route:
        """The route alone. Raises what maps raises."""

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


def make_requote(request: AskRequote, parent: Quote, world: World, expires_at: datetime, quote_id: str) -> Quote:
    """The quote for another destination of a trip, not yet kept.

    Raises NotYourFare, CategoryNotInQuote, Invalid for another city, and what maps raises.
    """
    if parent.rider_id != request.rider_id:
        raise NotYourFare()
    parent.option(request.category)
    route = _way_to(request, parent, world)
    if route.city != parent.route.city:
        raise Invalid(details={"dropoff": ["In another city."]})
    return requoted(parent, Change(request.trip_id, request.category, request.dropoff, route, expires_at), quote_id)


def _way_to(request: AskRequote, parent: Quote, world: World) -> Route:
    """The whole way from the pickup; under way, what is driven already and the rest from where the car is."""
    if request.via is None:
        return world.way(parent.pickup, request.dropoff)
    before, rest = world.way(parent.pickup, request.via), world.way(request.via, request.dropoff)
    driven_m = before.distance_m if request.driven_m is None else whole(request.driven_m)
    driven_s = before.duration_s if request.driven_s is None else whole(request.driven_s)
    return Route(
        rest.city,
        driven_m + rest.distance_m,
        driven_s + rest.duration_s,
        (*before.line, *rest.line),
        rest.correction,
        rest.estimated,
    )


def price_ride(request: AskFinalFare, rows: QuoteRows, rules: PriceRules) -> tuple[Quote, Fare, FareReason]:
    """The fare to charge for what was driven. Raises UnknownQuote, CategoryNotInQuote."""
    quote = rows.get(request.quote_id)
    fare, reason = final_fare(quote, request, rules.tolerance)
    return quote, fare, reason


def list_tariffs(rules: PriceRules, city: str, now: datetime) -> Sequence[Tariff]:
    """The tariffs in force in a city. Raises NoTariff when it has none."""
    prices = rules.cities.get(city)
    if prices is None:
        raise NoTariff(details={"city": [city]})
    return in_force(prices.tariffs, now)
