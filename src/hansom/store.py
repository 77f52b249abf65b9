"""Transactions on a service's own Postgres database."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
from nameko_sqlalchemy import Database
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.event import listens_for
from sqlalchemy.exc import DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker

from hansom.contracts.errors import StoreUnavailable

TRUSTED_S = 2.0
"""A connection used this short a time ago is used again unasked."""


def _dumps(value: Any) -> str:
    return orjson.dumps(value).decode()


def engine_options(config: dict[str, Any]) -> dict[str, Any]:
    """Options of every engine: bounded pool, statement time-out, JSON by orjson."""
    timeout_ms = int(config["DB_STATEMENT_TIMEOUT_MS"])
    return {
        "pool_size": int(config["DB_POOL_SIZE"]),
        "max_overflow": int(config["DB_POOL_OVERFLOW"]),
        "pool_timeout": 5,
        "pool_use_lifo": True,
        "json_serializer": _dumps,
        "json_deserializer": orjson.loads,
        "connect_args": {
            "connect_timeout": 5,
            "options": f"-c statement_timeout={timeout_ms} -c idle_in_transaction_session_timeout={timeout_ms * 2}",
        },
    }


def login_of(config: Mapping[str, Any], service: str) -> tuple[str, str] | None:
    """Role and password of a service that has a role of its own in its database: of `DB_LOGINS`. Raises ValueError."""
    login = config.get("DB_LOGINS", {}).get(service)
    if not login:
        return None
    role, colon, password = str(login).partition(":")
    if not (role and colon and password):
        raise ValueError(f"DB_LOGINS of {service} is role:password")
    return role, password


def owner_uri(config: dict[str, Any], service: str) -> str:
    """URI of a service's database for its owner, who migrates. Raises KeyError when it has none.

    The driver is psycopg2 whatever the URI says: SQLAlchemy 2.1 would take psycopg 3, which blocks an eventlet process.
    """
    uri = make_url(config["DB_URIS"][f"{service}:Base"])
    return uri.set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)


def database_uri(config: dict[str, Any], service: str) -> str:
    """The same for the service itself, which may have a role of its own."""
    uri, login = make_url(owner_uri(config, service)), login_of(config, service)
    if login is not None:
        uri = uri.set(username=login[0], password=login[1])
    return uri.render_as_string(hide_password=False)


def engine_for(config: dict[str, Any], service: str) -> Engine:
    """An engine outside a container: for scripts, migrations and tests."""
    engine = create_engine(database_uri(config, service), **engine_options(config))
    _check_when_idle(engine)
    return engine


def _check_when_idle(engine: Engine) -> None:
    """Have a connection that was idle for a while asked whether it lives, and replaced if not, when it is taken.

    `pool_pre_ping` would ask at every transaction, which costs a round trip each. A connection that dies between two
    transactions of a busy moment is seen by the second one's error, which is transient, and empties the pool.
    """

    @listens_for(engine, "checkin")
    def note(dbapi_connection: Any, record: Any) -> None:
        record.info["idle_since"] = time.monotonic()

    @listens_for(engine, "checkout")
    def ask(dbapi_connection: Any, record: Any, proxy: Any) -> None:
        if time.monotonic() - record.info.get("idle_since", 0.0) < TRUSTED_S:
            return
        try:
            engine.dialect.do_ping(dbapi_connection)
        except engine.dialect.loaded_dbapi.Error as exc:
            raise DisconnectionError() from exc


class Transactions:
    """`with store.begin() as session:` is one transaction."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """One transaction, committed at the end of the block, rolled back when it raises.

        Raises StoreUnavailable when the database is down, late, or has no connection free.
        """
        try:
            with self._sessions() as session, session.begin():
                yield session
        except (OperationalError, InterfaceError, PoolTimeout) as exc:
            raise StoreUnavailable() from exc


def transactions(engine: Engine) -> Transactions:
    """Transactions outside a container."""
    return Transactions(sessionmaker(engine, expire_on_commit=False))


class Store(Database):
    """Gives a worker its service's database: `store = Store(Base)`."""

    def setup(self) -> None:
        # in place of nameko-sqlalchemy's own: the driver is set, and the options come from the settings
        self.engine = engine_for(self.container.config, self.container.service_name)
        self.transactions = transactions(self.engine)

    def get_dependency(self, worker_ctx: Any) -> Transactions:
        return self.transactions

    def worker_teardown(self, worker_ctx: Any) -> None:
        """Nothing: a transaction ends with its block, never with the worker."""
