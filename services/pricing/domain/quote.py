"""A quote: route, fares and the tariffs they were worked out from, locked from the moment it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hansom.contracts.pricing import CategoryNotInQuote
from hansom.values import Point
from services.pricing.domain.explaining import as_quoted, new_destination
from services.pricing.domain.fare import Fare, FareLine, fare_of
from services.pricing.domain.promo import Promo
from services.pricing.domain.reasons import Surge
from services.pricing.domain.tariff import Tariff
from services.pricing.domain.terms import met


@dataclass(frozen=True, slots=True)
class Route:
    """The way along the roads: whole metres and seconds, and its line.

    `correction`: the factor for traffic that is in the seconds. Told with the quote and not kept: None afterwards.
    `estimated`: the road service was down, and metres and seconds are its guess. Told with the quote and not kept.
    """

    city: str
    distance_m: int
    duration_s: int
    line: tuple[Point, ...]
    correction: float | None = None
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """One category: its fare, the copy of its tariff, and how soon a car could be there (seconds, None: not known).

    `story`: of a quote for another destination, how its fare came about: the first quote's, and what each new
    destination made of it.
    """

    category: str
    fare: Fare
    tariff: Tariff
    pickup_eta_s: float | None
    story: tuple[FareLine, ...] = ()

    @property
    def lines(self) -> tuple[FareLine, ...]:
        """The explanation of its fare."""
        return self.story or self.fare.lines

    @property
    def tip_max_minor(self) -> int:
        """No tip is higher: the tariff's limit, or the fare."""
        most = self.tariff.terms.tip_max
        return self.fare.total_minor if most is None else most


@dataclass(frozen=True, slots=True)
class Quote:
    """What a rider was promised, until `expires_at`.

    `promo`: what a code takes off. `parent_id`, `trip_id`: of a quote for another destination, whose place it takes.
    """

    id: str
    rider_id: str
    currency: str
    pickup: Point
    dropoff: Point
    route: Route
    surge: Surge
    options: tuple[Option, ...]
    created_at: datetime
    expires_at: datetime
    promo: Promo | None = None
    parent_id: str | None = None
    trip_id: str | None = None

    def discount_minor(self, fare: Fare, tariff: Tariff) -> int:
        """What the code takes off a fare; nothing without a code."""
        return 0 if self.promo is None else self.promo.discount_minor(fare.total_minor, tariff.terms.rounding)

    def option(self, category: str) -> Option:
        """The option of a category. Raises CategoryNotInQuote."""
        for option in self.options:
            if option.category == category:
                return option
        raise CategoryNotInQuote(details={"category": [f"The quote has no category {category[:40]!r}."]})


@dataclass(frozen=True, slots=True)
class Errand:
    """Where a ride goes, and when it was asked for: what a tariff's terms look at."""

    pickup: Point
    dropoff: Point
    at: datetime


def options_of(
    tariffs: Sequence[Tariff], route: Route, surge: Surge, errand: Errand, etas_s: Mapping[str, float | None]
) -> tuple[Option, ...]:
    """One option a tariff, in the tariffs' order."""
    return tuple(
        Option(
            tariff.category,
            fare_of(
                tariff,
                route.distance_m,
                route.duration_s,
                surge.multiplier,
                met(tariff.terms, errand.pickup, errand.dropoff, errand.at),
            ),
            tariff,
            etas_s.get(tariff.category),
        )
        for tariff in tariffs
    )


@dataclass(frozen=True, slots=True)
class Change:
    """Another destination for a trip. `route`: the whole way, from the pickup on, what is driven already with it."""

    trip_id: str
    category: str
    dropoff: Point
    route: Route
    expires_at: datetime


def requoted(parent: Quote, change: Change, quote_id: str) -> Quote:
    """The quote for another destination, by the parent's own tariff, terms, surge and code; so `created_at`, by which
    nights are counted, is the first quote's. Raises CategoryNotInQuote.
    """
    option, route = parent.option(change.category), change.route
    terms = met(option.tariff.terms, parent.pickup, change.dropoff, parent.created_at)
    fare = fare_of(option.tariff, route.distance_m, route.duration_s, parent.surge.multiplier, terms)
    story = (
        *(option.story or (as_quoted(option.fare),)),
        *new_destination(option.fare, fare, parent.route.distance_m, route.distance_m),
    )
    return replace(
        parent,
        id=quote_id,
        dropoff=change.dropoff,
        route=route,
        options=(replace(option, fare=fare, story=story),),
        expires_at=change.expires_at,
        parent_id=parent.id,
        trip_id=change.trip_id,
    )
