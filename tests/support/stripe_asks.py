"""A provider that asks Stripe, and what it is asked for."""

from __future__ import annotations

from datetime import UTC, datetime

from hansom.contracts.payments import HoldState
from hansom.ids import new_id
from hansom.store import Transactions
from services.payments.provider.stripe.asking import Line
from services.payments.provider.stripe.provider import StripeProvider
from services.payments.usecases.ports import ToCharge, ToHold
from tests.support.stripe_server import API_KEY, Stripe

SECRET = "whsec_known_to_both"

NEEDS_3DS = "4000002500003155"
DECLINES_AFTER_3DS = "4000008260003178"
DECLINES = "4000000000000341"


def a_provider(stripe: Stripe, store: Transactions, timeout_s: float = 5.0, pause_s: float = 0.0) -> StripeProvider:
    line = Line(API_KEY, stripe.url, timeout_s, 8, pause_s=pause_s)
    return StripeProvider(line, store, SECRET, lambda: datetime.now(UTC))


def a_hold(method: str, amount_minor: int = 1000) -> ToHold:
    return ToHold(new_id(), amount_minor, "EUR", method, "rider-1")


def a_charge(method: str, amount_minor: int = 1000, hold_key: str | None = None) -> ToCharge:
    return ToCharge(new_id(), amount_minor, "EUR", method, hold_key)


def held(provider: StripeProvider, method: str, amount_minor: int = 1000) -> str:
    wanted = a_hold(method, amount_minor)
    assert provider.hold_all([wanted])[wanted.key].state == HoldState.HELD
    return wanted.key
