"""Payments on a database of their own, migrated as in production, triggers and all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, text

from hansom.stack.scratch import own_database
from hansom.store import engine_for, transactions
from services.payments.provider.simulated import SimulatedProvider
from services.payments.provider.tables import metadata as provider_books
from services.payments.storage.tables import Base
from tests.support.money import MoneyDesk
from tests.support.payments_world import SERVICE, Ear, Running


@pytest.fixture(scope="package")
def money_settings(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    with own_database(config, "payments", SERVICE) as settings:
        yield settings


@pytest.fixture(scope="package")
def engine(money_settings: dict[str, Any]) -> Iterator[Engine]:
    """The owner's, by which tests look into the books and spoil them."""
    engine = engine_for({**money_settings, "DB_LOGINS": {}}, "payments")
    yield engine
    engine.dispose()


@pytest.fixture(scope="package")
def service_engine(money_settings: dict[str, Any]) -> Iterator[Engine]:
    """The service's own, which may do no more than the service does."""
    engine = engine_for({**money_settings, "DB_POOL_SIZE": 20}, "payments")
    yield engine
    engine.dispose()


def _empty(engine: Engine) -> None:
    """Empty every table. The triggers refuse it, so they are off for as long as the transaction."""
    tables = [*reversed(Base.metadata.sorted_tables), *provider_books.sorted_tables]
    with engine.begin() as connection:
        for table in tables:
            connection.execute(text(f"ALTER TABLE {table.fullname} DISABLE TRIGGER USER"))
            connection.execute(table.delete())
        for table in tables:
            connection.execute(text(f"ALTER TABLE {table.fullname} ENABLE TRIGGER USER"))


@pytest.fixture
def money(engine: Engine, service_engine: Engine, money_settings: dict[str, Any]) -> MoneyDesk:
    """The desk, with nothing in its books."""
    _empty(engine)
    store = transactions(service_engine)
    return MoneyDesk(store, engine, money_settings, SimulatedProvider(store))


@pytest.fixture(scope="module")
def settings_of_service() -> dict[str, Any]:
    """What a module's service has other than the tests' settings."""
    return {}


@pytest.fixture(scope="module")
def everything(money_settings: dict[str, Any], settings_of_service: dict[str, Any]) -> Iterator[Running]:
    running = Running({**money_settings, "EVENT_MAX_TRIES": 2, "PAYOUT_INTERVAL_S": 3600, **settings_of_service})
    yield running
    running.stop()


@pytest.fixture
def running(everything: Running, money: MoneyDesk) -> Running:
    """With nothing in the books, and nothing heard yet."""
    Ear.heard.clear()
    return everything
