"""Databases of tests' own."""

from __future__ import annotations

from typing import Any

import psycopg2
from psycopg2.errors import InsufficientPrivilege

from tests.support.waiting import eventually


def drop_database(config: dict[str, Any], name: str) -> None:
    """Drop it with whoever is connected; waits while autovacuum is in it, whom only a superuser could throw out."""
    eventually(lambda: _dropped(config, name), within_s=20, every_s=0.2, why=f"{name} was not dropped")


def _dropped(config: dict[str, Any], name: str) -> bool:
    connection = psycopg2.connect(f"{config['POSTGRES_URI']}/postgres")
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    except InsufficientPrivilege:
        return False
    finally:
        connection.close()
    return True
