"""Payments' books in databases of their own, migrated as in production, on the stack's PostgreSQL: gone at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg2
from psycopg2 import OperationalError, sql
from psycopg2.errors import InsufficientPrivilege
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from hansom.events import OutboxWriter
from hansom.ids import new_id
from hansom.stack.migrations import migrate_postgres
from hansom.store import Transactions, engine_for, transactions
from services.payments.dependencies import money_rules
from services.payments.provider.simulated import SimulatedProvider
from services.payments.storage.audit import audit
from services.payments.storage.books import BookRows
from services.payments.storage.tables import outbox
from services.payments.usecases.ports import Desk

SERVICE = "payments"
DROPPED_WITHIN_S, LOOK_S = 120.0, 0.5
Settings = dict[str, Any]


@contextmanager
def own_database(config: Settings, *names: str) -> Iterator[Settings]:
    """Settings in which payments, and services of other `names`, have a fresh database; it is dropped at the end."""
    name = f"bench_money_{uuid4().hex[:8]}"
    administer(config, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    everybody = (SERVICE, *names)
    login = config["DB_LOGINS"].get(SERVICE)
    own = {
        **config,
        "DB_URIS": {**config["DB_URIS"], **{f"{each}:Base": f"{config['POSTGRES_URI']}/{name}" for each in everybody}},
        "DB_LOGINS": {**config["DB_LOGINS"], **dict.fromkeys(everybody, login)},
    }
    try:
        migrate_postgres(own, SERVICE)
        yield own
    finally:
        _drop(config, name)


def _drop(config: Settings, name: str) -> None:
    """With whoever is connected. Waits for PostgreSQL when it is away, and while autovacuum is in there, whom only a
    superuser could throw out. Raises psycopg2.Error when that takes too long."""
    until = time.monotonic() + DROPPED_WITHIN_S
    while True:
        try:
            return administer(config, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        except (InsufficientPrivilege, OperationalError):
            if time.monotonic() > until:
                raise
            time.sleep(LOOK_S)


def administer(config: Settings, statement: sql.Composable) -> None:
    """One statement outside any transaction, as the owner of all databases."""
    connection = psycopg2.connect(f"{config['POSTGRES_URI']}/postgres")
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


def owner_engine(config: Settings) -> Engine:
    """The owner's, who may look at everything and spoil it: the service itself may not."""
    return engine_for({**config, "DB_LOGINS": {}, "DB_STATEMENT_TIMEOUT_MS": 0}, SERVICE)


class _NoRelay:
    """The outbox's rows stay where they are: nobody listens."""

    table = outbox

    def wake(self, session: Session | None = None) -> None:
        """Nobody publishes here."""


_RELAY: Any = _NoRelay()


@dataclass
class Counter:
    """Payments' use cases on such a database, at a time of the benchmark's choosing."""

    config: Settings
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self._engine = engine_for(self.config, SERVICE)
        self._store: Transactions = transactions(self._engine)
        self._rules = money_rules(self.config)
        self.provider = SimulatedProvider(self._store)

    @property
    def desk(self) -> Desk:
        return Desk(self.open_books, self.provider, self._rules, lambda: self.now, new_id)

    @contextmanager
    def open_books(self) -> Iterator[BookRows]:
        with self._store.begin() as session:
            yield BookRows(session, OutboxWriter(_RELAY))

    def close(self) -> None:
        self._engine.dispose()


@contextmanager
def counter(config: Settings) -> Iterator[Counter]:
    """A counter that is closed at the end, so that its database may be dropped."""
    opened = Counter(config)
    try:
        yield opened
    finally:
        opened.close()


def breaches(engine: Engine, spoil: Callable[[Session], None] | None = None) -> dict[str, int]:
    """Broken checks of an audit and how often each is, after `spoil`, of which nothing is left."""
    with Session(engine) as session:
        if spoil is not None:
            spoil(session)
        found = audit(session, "simulated")
        session.rollback()
    return {check["name"]: check["broken"] for check in found if check["broken"]}


def one(engine: Engine, statement: str, **values: Any) -> Any:
    """The only value of the only row."""
    with engine.connect() as connection:
        return connection.execute(text(statement), values).scalar_one()
