"""Databases of a test's or a benchmark's own, on the stack's PostgreSQL: gone at the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg2
from psycopg2.errors import InsufficientPrivilege

from hansom.stack.databases import create_databases, drop_database
from hansom.stack.migrations import migrate_postgres
from hansom.stack.problems import StackProblem

DROPPED_WITHIN_S, LOOK_S = 120.0, 0.2

Settings = dict[str, Any]


@contextmanager
def empty_database(config: Settings, prefix: str) -> Iterator[str]:
    """The owner's URI of a fresh database, whose name begins like this. Raises StackProblem."""
    server, name = config["POSTGRES_URI"].rstrip("/"), f"{prefix}_{uuid4().hex[:8]}"
    create_databases(server, [name])
    try:
        yield f"{server}/{name}"
    finally:
        _drop(server, name)


@contextmanager
def own_database(config: Settings, service: str, *others: str) -> Iterator[Settings]:
    """Settings in which a service, and `others` who stand for it, have a fresh database, migrated as in production."""
    with empty_database(config, service) as uri:
        everybody = (service, *others)
        own = {
            **config,
            "DB_URIS": {**config["DB_URIS"], **{f"{each}:Base": uri for each in everybody}},
            "DB_LOGINS": {**config["DB_LOGINS"], **dict.fromkeys(everybody, config["DB_LOGINS"].get(service))},
        }
        migrate_postgres(own, service)
        yield own


def _drop(server: str, name: str) -> None:
    """Waits for PostgreSQL when it is away, and while autovacuum is in there, whom only a superuser could throw out.
    Raises StackProblem, psycopg2.Error when that takes too long."""
    until = time.monotonic() + DROPPED_WITHIN_S
    while True:
        try:
            return drop_database(server, name)
        except (StackProblem, InsufficientPrivilege, psycopg2.OperationalError):
            if time.monotonic() > until:
                raise
            time.sleep(LOOK_S)
