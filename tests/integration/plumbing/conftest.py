"""A publisher and a consumer with a database of their own, and containers to run them in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from nameko.containers import ServiceContainer
from sqlalchemy import Column, MetaData, Table, Text
from sqlalchemy.orm import DeclarativeBase

from hansom.contracts import topology
from hansom.stack.scratch import empty_database
from hansom.store import engine_for, transactions
from hansom.tables import idempotency_table, inbox_table, outbox_table


class Base(DeclarativeBase):
    metadata = MetaData()


outbox = outbox_table(Base.metadata)
inbox = inbox_table(Base.metadata)
idempotency = idempotency_table(Base.metadata)
notes = Table("notes", Base.metadata, Column("event_id", Text), Column("text", Text))


@pytest.fixture(scope="module")
def plumbing(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Settings in which services `speaker` and `listener` share a fresh database."""
    with empty_database(config, "plumbing") as uri:
        uris = {**config["DB_URIS"], "speaker:Base": uri, "listener:Base": uri}
        settings = {**config, "DB_URIS": uris, "EVENT_MAX_TRIES": 2, "RPC_DEADLINE_S": 5}
        engine = engine_for(settings, "speaker")
        Base.metadata.create_all(engine)
        engine.dispose()
        yield settings


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `listener` hear what `speaker` says."""
    monkeypatch.setitem(topology.PUBLISHED, "speaker", ("said", "shouted"))
    monkeypatch.setitem(topology.SUBSCRIPTIONS, "listener", {"speaker": ("said", "shouted")})


@pytest.fixture
def store(plumbing: dict[str, Any]) -> Iterator[Any]:
    engine = engine_for(plumbing, "speaker")
    with engine.begin() as connection:
        for table in Base.metadata.sorted_tables:
            connection.execute(table.delete())
    yield transactions(engine)
    engine.dispose()


@pytest.fixture
def run(plumbing: dict[str, Any]) -> Iterator[Any]:
    """`run(ServiceClass, key=value)` starts a container with those settings; all stop at the end."""
    containers = []

    def start(service: type, **settings: Any) -> ServiceContainer:
        container = ServiceContainer(service, config={**plumbing, **settings})
        containers.append(container)
        container.start()
        return container

    yield start
    for container in reversed(containers):
        container.kill()
