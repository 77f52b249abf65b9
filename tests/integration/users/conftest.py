"""The users service on real servers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from nameko.containers import ServiceContainer

from hansom.store import Transactions, engine_for, transactions
from services.users.service import UsersService
from tests.support.identity import Call, caller, running


@pytest.fixture(scope="module")
def container(config: dict[str, Any]) -> Iterator[ServiceContainer]:
    with running(UsersService, config) as container:
        yield container


@pytest.fixture
def users(container: ServiceContainer) -> Call:
    """`users("get_profile", user_id=...)`."""
    return caller(container)


@pytest.fixture
def store(config: dict[str, Any]) -> Iterator[Transactions]:
    """The service's own database."""
    engine = engine_for(config, "users")
    yield transactions(engine)
    engine.dispose()
