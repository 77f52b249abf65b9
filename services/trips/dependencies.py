"""What a worker of this service is given beside its stores: its rules, read once from the settings, and new PINs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from nameko.extensions import DependencyProvider

from hansom.cities import city_of
from services.trips.domain.approach import WatchRule
from services.trips.domain.pin import PIN_DIGITS, PinRule
from services.trips.domain.settlement import SettleRule
from services.trips.usecases.auditing import Patience


@dataclass(frozen=True, slots=True)
class TripRules:
    """The settings of this service, as the use cases take them."""

    pin: PinRule
    settle: SettleRule
    patience: timedelta
    watch: WatchRule
    archive_after: timedelta
    keys_kept: timedelta
    zone: ZoneInfo

    @classmethod
    def from_settings(cls, config: dict[str, Any]) -> TripRules:
        """Raises KeyError, ValueError when a setting is missing or wrong."""

        def span(name: str) -> timedelta:
            return timedelta(seconds=float(config[name]))

        return cls(
            pin=PinRule(max_tries=int(config["PIN_MAX_TRIES"]), lock=span("PIN_LOCK_S")),
            settle=SettleRule(
                grace=span("SETTLE_GRACE_S"),
                patience=span("SETTLE_PATIENCE_S"),
                retry=timedelta(seconds=1),
            ),
            patience=span("TRIP_PATIENCE_S"),
            watch=WatchRule(silent=span("DRIVER_SILENT_S"), late=span("DRIVER_LATE_S")),
            archive_after=span("ARCHIVE_AFTER_S"),
            keys_kept=timedelta(hours=float(config["IDEMPOTENCY_KEEP_HOURS"])),
            zone=ZoneInfo(city_of(config, config["DEFAULT_CITY"]).time_zone),
        )

    def audit_patience(self) -> Patience:
        """After how long a trip counts as stuck."""
        return Patience(driver=self.patience, settlement=self.settle.patience)

    def day_began_at(self, now: datetime) -> datetime:
        """Midnight of the default city's today."""
        return now.astimezone(self.zone).replace(hour=0, minute=0, second=0, microsecond=0)


class Rules(DependencyProvider):
    """Gives a worker the rules: `self.rules.patience`."""

    def setup(self) -> None:
        self.rules = TripRules.from_settings(self.container.config)

    def get_dependency(self, worker_ctx: Any) -> TripRules:
        return self.rules


class PinSource:
    def new(self) -> str:
        """Four random digits."""
        return f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}d}"


class Pins(DependencyProvider):
    """Gives a worker new PINs: `self.pins.new()`."""

    def get_dependency(self, worker_ctx: Any) -> PinSource:
        return PinSource()
