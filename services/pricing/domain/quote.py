"""A quote: route, fares and the tariffs they were worked out from, locked from the moment it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from hansom.contracts.pricing import CategoryNotInQuote, FareReason
from hansom.values import Point
from services.pricing.domain.fare import Fare, fare_of, waiting_minor, whole
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
    """One category: its fare, the copy of its tariff, and how soon a car could be there (seconds, None: not known)."""

    category: str
    fare: Fare
    tariff: Tariff
    pickup_eta_s: float | None

    @property
    def tip_max_minor(self) -> int:
        """No tip is higher: the tariff's limit, or the fare."""
        most = self.tariff.terms.tip_max
        return self.fare.total_minor if most is None else most


@dataclass(frozen=True, slots=True)
class Quote:
    """What a rider was promised, until `expires_at`."""

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

    def option(self, category: str) -> Option:
        """The option of a category. Raises CategoryNotInQuote."""
        for option in self.options:
            if option.category == category:
                return option
        raise CategoryNotInQuote(details={"category": [f"The quote has no category {category[:40]!r}."]})


@dataclass(frozen=True, slots=True)
class Driven:
    """What was driven: metres (None: no trace) and seconds, and whether the trace can be charged on.

    `waited_s`: seconds from the driver's arrival to the start.
    """

    distance_m: float | None
    duration_s: float
    credible: bool
    waited_s: float = 0.0


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


def final_fare(quote: Quote, category: str, driven: Driven, tolerance: Fraction) -> tuple[Fare, FareReason]:
    """The fare to charge and why: the quoted one, unless the ride was longer or shorter than quoted by more than
    `tolerance` (a share of the quoted distance) by a trace good enough to charge on; then what was driven is priced by
    the quote's own tariff and surge. Waiting beyond what is free comes on top. Raises CategoryNotInQuote.
    """
    option = quote.option(category)
    distance_m, duration_s, reason = _priced_way(quote, driven, tolerance)
    waited_s = whole(driven.waited_s)
    waited = waiting_minor(option.tariff, waited_s) > 0
    if not waited and reason in (FareReason.QUOTED, FareReason.TRACE_NOT_CREDIBLE):
        return option.fare, reason
    terms = met(option.tariff.terms, quote.pickup, quote.dropoff, quote.created_at, waited_s)
    fare = fare_of(option.tariff, distance_m, duration_s, quote.surge.multiplier, terms)
    return fare, FareReason.WAITED if reason == FareReason.QUOTED else reason


def _priced_way(quote: Quote, driven: Driven, tolerance: Fraction) -> tuple[int, int, FareReason]:
    """The metres and seconds to price, and why these."""
    quoted_m, quoted_s = quote.route.distance_m, quote.route.duration_s
    if driven.distance_m is None or not driven.credible:
        return quoted_m, quoted_s, FareReason.TRACE_NOT_CREDIBLE
    distance_m = whole(driven.distance_m)
    if abs(distance_m - quoted_m) <= tolerance * quoted_m:
        return quoted_m, quoted_s, FareReason.QUOTED
    reason = FareReason.LONGER if distance_m > quoted_m else FareReason.SHORTER
    return distance_m, whole(driven.duration_s), reason
