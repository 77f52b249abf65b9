"""Which payment provider is in use: PAYMENT_PROVIDER names it, and each is built from its own settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hansom.store import engine_for, transactions
from services.payments.provider.simulated import SimulatedProvider
from services.payments.usecases.ports import Provider

Config = dict[str, Any]


def provider_of(config: Config) -> Provider:
    """The provider in use. Raises ValueError when PAYMENT_PROVIDER names none, or a setting of its is missing."""
    name = config["PAYMENT_PROVIDER"]
    if name not in PROVIDERS:
        raise ValueError(f"PAYMENT_PROVIDER {name!r} is not one of {', '.join(sorted(PROVIDERS))}")
    return PROVIDERS[name](config)


def _simulated(config: Config) -> Provider:
    secret = str(config["SIMULATED_WEBHOOK_SECRET"] or "")
    return SimulatedProvider(transactions(engine_for(config, "payments")), webhook_secret=secret)


PROVIDERS: Mapping[str, Callable[[Config], Provider]] = {"simulated": _simulated}
