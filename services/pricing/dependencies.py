"""What a worker of this service is given beside its stores: its rules, and the segments of the cities."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from math import floor
from typing import Any

from nameko.extensions import DependencyProvider

from hansom.cities import cities, cities_ever
from hansom.contracts.errors import HansomError
from hansom.segments import SegmentIndex
from services.pricing.domain.setting import SurgeDefaults
from services.pricing.domain.surge import STEPS, Around, SurgeRules
from services.pricing.domain.tariff import Tariff
from services.pricing.usecases.quoting import CityPrices, PriceRules
from services.pricing.usecases.surging import SurgePlan

SEGMENTS_KEPT_S = 600
"""After so long a city's segments are asked for again: an operator may have prepared it anew."""


def price_rules(config: dict[str, Any]) -> PriceRules:
    """The settings as the use cases take them. Raises KeyError, ValueError when one is missing or wrong."""
    prices = {
        city.key: CityPrices(
            currency=city.currency,
            tariffs=tuple(Tariff.from_dict(raw, city.time_zone) for raw in city.tariffs),
        )
        for city in cities_ever(config).values()
    }
    return PriceRules(
        cities=prices,
        quote_ttl=timedelta(seconds=float(config["QUOTE_TTL_S"])),
        tolerance=Fraction(str(config["FARE_TOLERANCE"])),
    )


def surge_plan(config: dict[str, Any]) -> SurgePlan:
    """The settings of surge. Raises KeyError, ValueError when one is missing or wrong."""
    enabled = bool(config["SURGE_ENABLED"])
    caps = {city.key: floor(Fraction(str(city.surge_cap)) * STEPS) for city in cities(config).values()}
    return SurgePlan(
        defaults={key: SurgeDefaults(enabled, max(STEPS, cap_tenths)) for key, cap_tenths in caps.items()},
        rules=SurgeRules(
            window_s=float(config["SURGE_WINDOW_S"]),
            rise_s=float(config["SURGE_RISE_S"]),
            fall_s=float(config["SURGE_FALL_S"]),
        ),
        tick=timedelta(seconds=float(config["SURGE_TICK_S"])),
        stale=timedelta(seconds=float(config["SURGE_STALE_S"])),
    )


class Rules(DependencyProvider):
    """Gives a worker the rules, read once from the settings: a wrong tariff stops the service from starting."""

    def setup(self) -> None:
        self.rules = price_rules(self.container.config)

    def get_dependency(self, worker_ctx: Any) -> PriceRules:
        return self.rules


class Plan(DependencyProvider):
    """Gives a worker the settings of surge, read once."""

    def setup(self) -> None:
        self.plan = surge_plan(self.container.config)

    def get_dependency(self, worker_ctx: Any) -> SurgePlan:
        return self.plan


@dataclass(frozen=True, slots=True)
class Ground:
    """A city's segments, and which of them lie around which."""

    index: SegmentIndex
    around: Around


class SegmentCache:
    """The segments of each city, asked of maps once in a while: a look-up costs no call."""

    def __init__(self, rings: int) -> None:
        self._rings = rings
        self._known: dict[str, tuple[float, Ground]] = {}

    def of(self, city: str, ask: Callable[[str], list[str]]) -> Ground:
        """The ground of a city; `ask` gives its cells. When it raises, what was known is used, or the error passes."""
        kept_at, ground = self._known.get(city, (0.0, None))
        if ground is not None and time.monotonic() - kept_at < SEGMENTS_KEPT_S:
            return ground
        try:
            index = SegmentIndex(ask(city))
            ground = Ground(index, Around(index.neighbours, self._rings))
        except HansomError:
            if ground is None:
                raise
        self._known[city] = (time.monotonic(), ground)
        return ground


class Segments(DependencyProvider):
    """Gives a worker the process's one cache of segments."""

    def setup(self) -> None:
        self.cache = SegmentCache(int(self.container.config["SURGE_RINGS"]))

    def get_dependency(self, worker_ctx: Any) -> SegmentCache:
        return self.cache
