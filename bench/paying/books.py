"""Payments' books, in a database of their own: what writes them, and who looks into them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from hansom.events import OutboxWriter
from hansom.ids import new_id
from hansom.store import Transactions, engine_for, transactions
from services.payments.dependencies import money_rules
from services.payments.provider.simulated import SimulatedProvider
from services.payments.storage.audit import audit
from services.payments.storage.books import BookRows
from services.payments.storage.tables import outbox
from services.payments.usecases.ports import Desk

SERVICE = "payments"
Settings = dict[str, Any]


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
