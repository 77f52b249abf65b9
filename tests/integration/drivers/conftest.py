"""The drivers service, and the users service that it asks, on real servers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from nameko.containers import ServiceContainer
from sqlalchemy import insert

from hansom.idempotency import once
from hansom.store import Transactions, engine_for, transactions
from services.drivers.service import DriversService
from services.drivers.storage.drivers import DriverRows
from services.drivers.storage.tables import idempotency, outbox
from services.drivers.usecases import Unit, Units
from services.users.service import UsersService
from tests.support.identity import Call, caller, running

CATEGORIES = {"standard": ("standard",), "comfort": ("comfort", "standard"), "van": ("van",)}


@pytest.fixture(scope="module")
def users_container(config: dict[str, Any]) -> Iterator[ServiceContainer]:
    with running(UsersService, config) as container:
        yield container


@pytest.fixture(scope="module")
def container(config: dict[str, Any]) -> Iterator[ServiceContainer]:
    with running(DriversService, config, DRIVER_AUTO_APPROVE=True) as container:
        yield container


@pytest.fixture
def users(users_container: ServiceContainer) -> Call:
    return caller(users_container)


@pytest.fixture
def drivers(users_container: ServiceContainer, container: ServiceContainer) -> Call:
    """`drivers("get_driver", driver_id=...)`, where drivers are approved at once."""
    return caller(container)


@pytest.fixture
def store(config: dict[str, Any]) -> Iterator[Transactions]:
    """The service's own database."""
    engine = engine_for(config, "drivers")
    yield transactions(engine)
    engine.dispose()


@pytest.fixture
def strict_units(store: Transactions) -> Units:
    """Transactions of a place where drivers wait for ops."""

    @contextmanager
    def units() -> Iterator[Unit]:
        with store.begin() as session:

            def tell(type_: str, key: str, data: dict[str, Any]) -> None:
                row = {"event_id": f"{type_}-{key}-{data['online']}", "type": type_, "key": key, "data": data}
                session.execute(insert(outbox).values(row))

            yield Unit(
                rows=DriverRows(session),
                tell=tell,
                once=partial(once, session, idempotency),
                now=datetime.now(UTC),
                auto_approve=False,
                categories=CATEGORIES,
            )

    return units
