"""Stripe's stand-in, started once for all of these, and a provider that asks it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from hansom.store import Transactions, transactions
from services.payments.provider.stripe.provider import StripeProvider
from services.payments.provider.stripe.tables import asked
from tests.support.stripe_asks import a_provider
from tests.support.stripe_server import Stripe, stripe_server


@pytest.fixture(scope="package")
def server() -> Iterator[Stripe]:
    with stripe_server() as stripe:
        yield stripe


@pytest.fixture
def stripe(server: Stripe) -> Stripe:
    server.reset()
    return server


@pytest.fixture
def store(engine: Engine, service_engine: Engine) -> Transactions:
    with engine.begin() as connection:
        connection.execute(asked.delete())
    return transactions(service_engine)


@pytest.fixture
def provider(stripe: Stripe, store: Transactions) -> StripeProvider:
    return a_provider(stripe, store)
