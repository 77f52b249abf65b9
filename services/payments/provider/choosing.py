"""Which payment provider is in use: PAYMENT_PROVIDER names it, and each is built from its own settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hansom.clock import SystemClock
from hansom.store import engine_for, transactions
from services.payments.domain.methods import CARD_OK
from services.payments.provider.simulated import SimulatedProvider
from services.payments.usecases.ports import Provider

Config = dict[str, Any]


def provider_of(config: Config) -> Provider:
    """The provider in use. Raises ValueError when PAYMENT_PROVIDER names none, or a setting of its is missing."""
    name = config["PAYMENT_PROVIDER"]
    if name not in PROVIDERS:
        raise ValueError(f"PAYMENT_PROVIDER {name!r} is not one of {', '.join(sorted(PROVIDERS))}")
    return PROVIDERS[name](config)


def usual_method_of(config: Config) -> str | None:
    """What a rider pays by who names nothing; None: he must name a method."""
    if config["PAYMENT_PROVIDER"] == "simulated":
        return CARD_OK
    return str(config["STRIPE_USUAL_METHOD"] or "") or None


def _simulated(config: Config) -> Provider:
    secret = str(config["SIMULATED_WEBHOOK_SECRET"] or "")
    return SimulatedProvider(transactions(engine_for(config, "payments")), webhook_secret=secret)


def _stripe(config: Config) -> Provider:
    # its library costs tens of megabytes, which who does not use it need not pay
    from services.payments.provider.stripe.asking import Line
    from services.payments.provider.stripe.provider import StripeProvider

    key = str(config["STRIPE_API_KEY"] or "")
    if not key.startswith(("sk_", "rk_")):
        raise ValueError("STRIPE_API_KEY is not a secret key, which begins with sk_, or a restricted one, with rk_")
    at_once = int(config["PROVIDER_AT_ONCE"])
    line = Line(key, str(config["STRIPE_API_BASE"]), float(config["PROVIDER_TIMEOUT_S"]), at_once)
    store = transactions(engine_for(config, "payments"))
    return StripeProvider(line, store, str(config["STRIPE_WEBHOOK_SECRET"] or ""), SystemClock().now)


PROVIDERS: Mapping[str, Callable[[Config], Provider]] = {"simulated": _simulated, "stripe": _stripe}
