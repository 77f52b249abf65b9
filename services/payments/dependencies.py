"""What a worker of this service is given beside its store: its rules, and the payment provider."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from nameko.extensions import DependencyProvider

from hansom.cities import City, cities_ever
from services.payments.provider.choosing import provider_of, usual_method_of
from services.payments.usecases.ports import CityRules, MoneyRules, Provider

LOOKED_UP_AFTER_S = 30
"""A charge that is pending for longer was left by somebody who died, or by a provider that was down."""


def money_rules(config: dict[str, Any]) -> MoneyRules:
    """The settings as the use cases take them. Raises KeyError, ValueError when one is missing or wrong."""
    fee_share = Fraction(str(config["PLATFORM_FEE_SHARE"]))
    if not 0 <= fee_share <= 1:
        raise ValueError("PLATFORM_FEE_SHARE is a share: between 0 and 1")
    known = {key: _city_rules(city) for key, city in cities_ever(config).items()}
    return MoneyRules(
        home=known[config["DEFAULT_CITY"]],
        fee_share=fee_share,
        usual_method=usual_method_of(config),
        cities=known,
        looked_up_after=timedelta(seconds=LOOKED_UP_AFTER_S),
        confirm_within=timedelta(seconds=float(config["PAYMENT_CONFIRM_WITHIN_S"])),
        tip_within=timedelta(hours=float(config["TIP_WITHIN_H"])),
    )


def _city_rules(city: City) -> CityRules:
    rates: dict[str, list[tuple[datetime, Fraction]]] = {}
    for tariff in city.tariffs:
        valid_from = datetime.fromisoformat(str(tariff["valid_from"]))
        rates.setdefault(tariff["category"], []).append((valid_from, Fraction(str(tariff.get("tax_share", 0)))))
    return CityRules(
        city.currency,
        ZoneInfo(city.time_zone),
        {category: sorted(known) for category, known in rates.items()},
        max(1, city.payout_minimum),
    )


class Rules(DependencyProvider):
    """Gives a worker the rules, read once from the settings."""

    def setup(self) -> None:
        self.rules = money_rules(self.container.config)

    def get_dependency(self, worker_ctx: Any) -> MoneyRules:
        return self.rules


class PaymentProvider(DependencyProvider):
    """Gives a worker the provider that PAYMENT_PROVIDER names."""

    def setup(self) -> None:
        self.provider: Provider = provider_of(self.container.config)

    def get_dependency(self, worker_ctx: Any) -> Provider:
        return self.provider
