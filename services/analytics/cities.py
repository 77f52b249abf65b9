"""The cities, as far as analytics needs them: which there are, how promises are made in them, and learnt from."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from nameko.extensions import DependencyProvider

from hansom.cities import cities, cities_ever
from hansom.contracts.errors import Invalid
from services.analytics.domain.promises import Terms
from services.analytics.usecases import Learning, Place

REFRESHES = 2
"""A correction is known to all who promise after so many of their refreshes: one of them may have failed."""


class KnownCities(DependencyProvider):
    """Gives a worker `.terms`, `.learning`, `.zone(city)`, `.place(city)` and `.keys(city)`."""

    def setup(self) -> None:
        config = self.container.config
        self._served = tuple(cities(config))
        ever = cities_ever(config)
        self._zones = {key: ZoneInfo(city.time_zone) for key, city in ever.items()}
        self._currencies = {key: city.currency for key, city in ever.items()}
        self.terms = Terms(
            zones=self._zones,
            keep=timedelta(days=float(config["ANALYTICS_FACTS_KEEP_DAYS"])),
            offer_open=timedelta(seconds=float(config["OFFER_TTL_S"])),
            spread=timedelta(seconds=REFRESHES * float(config["ETA_CORRECTION_REFRESH_S"])),
        )

        self.learning = Learning(
            span=timedelta(days=float(config["ETA_LEARN_DAYS"])),
            every=timedelta(seconds=float(config["ETA_LEARN_S"])),
            keep=self.terms.keep,
        )

    def get_dependency(self, worker_ctx: Any) -> KnownCities:
        return self

    def zone(self, city: str) -> ZoneInfo:
        """The city's time zone. Raises Invalid for one that never was here."""
        if city not in self._zones:
            raise Invalid(details={"city": ["Not a city here."]})
        return self._zones[city]

    def place(self, city: str) -> Place:
        """What its figures need to know of it. Raises Invalid for one that never was here."""
        return Place(city, self.zone(city), self._currencies[city])

    def keys(self, city: str | None) -> list[str]:
        """This city alone, or all that are served. Raises Invalid."""
        if city is None:
            return list(self._served)
        self.zone(city)
        return [city]
