"""The role and the databases of the services in PostgreSQL."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import psycopg2
from psycopg2 import sql
from sqlalchemy.engine import make_url

from hansom.stack.problems import StackProblem
from hansom.store import login_of


def database_names(config: dict[str, Any]) -> list[str]:
    """Names of the services' databases, from `DB_URIS`."""
    return [urlsplit(uri).path.lstrip("/") for uri in config["DB_URIS"].values()]


def create_role(admin_uri: str, role: str, password: str) -> None:
    """Make the services' role, or give it this password again."""
    with _connected(admin_uri) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
        verb = sql.SQL("ALTER") if cursor.fetchone() else sql.SQL("CREATE")
        statement = sql.SQL("{} ROLE {} LOGIN CREATEDB PASSWORD {}")
        cursor.execute(statement.format(verb, sql.Identifier(role), sql.Literal(password)))


def create_logins(uri: str, config: dict[str, Any]) -> None:
    """Make the roles that services have of their own (`DB_LOGINS`), or give them their passwords again.

    They own nothing and may make nothing; a migration gives them their rights. Raises StackProblem.
    """
    logins = [login for service in config["DB_LOGINS"] if (login := login_of(config, service))]
    if not logins:
        return
    owner = make_url(config["POSTGRES_URI"]).username or ""
    with _connected(uri) as connection, connection.cursor() as cursor:
        for role, password in logins:
            _create_login(cursor, role, password, owner)


def _create_login(cursor: Any, role: str, password: str, owner: str) -> None:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
    is_there = cursor.fetchone() is not None
    verb = sql.SQL("ALTER" if is_there else "CREATE")
    statement = sql.SQL("{} ROLE {} LOGIN NOINHERIT PASSWORD {}")
    try:
        cursor.execute(statement.format(verb, sql.Identifier(role), sql.Literal(password)))
        if owner not in ("", role):
            # so that the owner, who migrates, may end the sessions of the role
            cursor.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(owner)))
    except psycopg2.errors.InsufficientPrivilege:
        # one that is there was made by somebody else, who gave it its password
        if not is_there:
            raise StackProblem(
                f"The role of POSTGRES_URI may not create roles: make {role} (LOGIN, no more)."
            ) from None


def create_databases(uri: str, names: list[str]) -> list[str]:
    """Make those that are missing, owned by the role of `uri`. Gives their names. Raises StackProblem."""
    with _connected(uri) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        present = {row[0] for row in cursor.fetchall()}
        missing = [name for name in names if name not in present]
        for name in missing:
            try:
                cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            except psycopg2.errors.InsufficientPrivilege:
                raise StackProblem(
                    f"The role of POSTGRES_URI may not create databases: create {', '.join(missing)}, owned by it."
                ) from None
            except psycopg2.errors.DuplicateDatabase:
                continue
    return missing


def drop_database(uri: str, name: str) -> None:
    """Drop it, with whoever is connected; nothing when it is gone. Raises StackProblem, psycopg2.Error."""
    with _connected(uri) as connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


class _connected:
    """An autocommitting connection to the server's `postgres` database, closed at the end."""

    def __init__(self, uri: str) -> None:
        self._uri = uri.rstrip("/") + "/postgres"

    def __enter__(self) -> Any:
        try:
            self._connection = psycopg2.connect(self._uri, connect_timeout=5)
        except psycopg2.OperationalError as exc:
            raise StackProblem(f"Cannot log in to PostgreSQL: {str(exc).strip().splitlines()[-1]}") from exc
        self._connection.autocommit = True
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()
