"""PAYMENT_PROVIDER and what each provider wants of the settings; wrong settings end the start, and are named."""

from __future__ import annotations

from typing import Any

import pytest

from services.payments.provider.choosing import provider_of, usual_method_of
from services.payments.provider.simulated import SimulatedProvider
from services.payments.provider.stripe.provider import StripeProvider

CONFIG = {
    "DB_URIS": {"payments:Base": "postgresql://nobody@127.0.0.1:9/hansom_payments"},
    "DB_LOGINS": {},
    "DB_POOL_SIZE": 1,
    "DB_POOL_OVERFLOW": 0,
    "DB_STATEMENT_TIMEOUT_MS": 1000,
    "PAYMENT_PROVIDER": "stripe",
    "PROVIDER_TIMEOUT_S": 8,
    "PROVIDER_AT_ONCE": 8,
    "SIMULATED_WEBHOOK_SECRET": "",
    "STRIPE_API_KEY": "sk_test_12345",
    "STRIPE_API_BASE": "https://api.stripe.com",
    "STRIPE_WEBHOOK_SECRET": "",
    "STRIPE_USUAL_METHOD": "",
}


def settings(**changes: Any) -> dict[str, Any]:
    return {**CONFIG, **changes}


def test_each_provider_is_built_from_its_settings() -> None:
    assert isinstance(provider_of(settings()), StripeProvider)
    assert isinstance(provider_of(settings(PAYMENT_PROVIDER="simulated", STRIPE_API_KEY="")), SimulatedProvider)


@pytest.mark.parametrize("key", ["", None, "pk_test_12345", "whsec_12345"])
def test_stripe_s_public_key_or_none_is_refused_and_not_repeated(key: str | None) -> None:
    with pytest.raises(ValueError, match="STRIPE_API_KEY") as refused:
        provider_of(settings(STRIPE_API_KEY=key))
    assert not key or key not in str(refused.value)


def test_a_provider_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(ValueError, match="simulated, stripe"):
        provider_of(settings(PAYMENT_PROVIDER="paypal"))


@pytest.mark.parametrize(
    ("changes", "usual"),
    [
        ({"PAYMENT_PROVIDER": "simulated"}, "card_ok"),
        ({}, None),
        ({"STRIPE_USUAL_METHOD": "pm_card_visa"}, "pm_card_visa"),
    ],
)
def test_who_names_no_method_pays_by_the_usual_one_where_there_is_one(
    changes: dict[str, Any], usual: str | None
) -> None:
    assert usual_method_of(settings(**changes)) == usual


@pytest.mark.parametrize(
    ("method", "is_one"),
    [
        ("pm_card_visa", True),
        ("pm_1N9abcXYZ", True),
        ("card_ok", False),
        ("pm_", False),
        ("pm_1 ", False),
        ("cus_1", False),
    ],
)
def test_stripe_s_methods_are_known_by_their_form(method: str, is_one: bool) -> None:
    assert provider_of(settings()).knows_method(method) is is_one


@pytest.mark.parametrize(("account", "is_one"), [("acct_1032D82eZv", True), ("usual", False), ("bank_ok", False)])
def test_stripe_s_accounts_are_known_by_their_form(account: str, is_one: bool) -> None:
    assert provider_of(settings()).knows_account(account) is is_one
