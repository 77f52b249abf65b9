"""What a worker of this service is given beside its stores: its rules, and the segments of the cities."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from typing import Any

from nameko.extensions import DependencyProvider

from hansom.cities import cities_ever
from hansom.contracts.errors import HansomError
from hansom.segments import SegmentIndex
from services.pricing.domain.tariff import Tariff
from services.pricing.usecases import CityPrices, PriceRules

SEGMENTS_KEPT_S = 600
"""After so long a city's segments are asked for again: an operator may have prepared it anew."""


def price_rules(config: dict[str, Any]) -> PriceRules:
    """The settings as the use cases take them. Raises KeyError, ValueError when one is missing or wrong."""
    prices = {
        city.key: CityPrices(
            currency=city.currency,
            tariffs=tuple(Tariff.from_dict(raw) for raw in city.tariffs),
            surge_cap=max(Fraction(1), Fraction(str(city.surge_cap))),
        )
        for city in cities_ever(config).values()
    }
    return PriceRules(
        cities=prices,
        quote_ttl=timedelta(seconds=float(config["QUOTE_TTL_S"])),
        tolerance=Fraction(str(config["FARE_TOLERANCE"])),
        surge_enabled=bool(config["SURGE_ENABLED"]),
    )


class Rules(DependencyProvider):
    """Gives a worker the rules, read once from the settings: a wrong tariff stops the service from starting."""

    def setup(self) -> None:
        self.rules = price_rules(self.container.config)

    def get_dependency(self, worker_ctx: Any) -> PriceRules:
        return self.rules


class SegmentCache:
    """The segments of each city, asked of maps once in a while: a look-up costs no call."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, SegmentIndex]] = {}

    def of(self, city: str, ask: Callable[[str], list[str]]) -> SegmentIndex:
        """The index of a city; `ask` gives its cells. When it raises, what was known is used, or the error passes."""
        kept_at, index = self._known.get(city, (0.0, None))
        if index is not None and time.monotonic() - kept_at < SEGMENTS_KEPT_S:
            return index
        try:
            index = SegmentIndex(ask(city))
        except HansomError:
            if index is None:
                raise
        self._known[city] = (time.monotonic(), index)
        return index


class Segments(DependencyProvider):
    """Gives a worker the process's one cache of segments."""

    def setup(self) -> None:
        self.cache = SegmentCache()

    def get_dependency(self, worker_ctx: Any) -> SegmentCache:
        return self.cache
