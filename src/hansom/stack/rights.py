"""What a service that logs in to PostgreSQL by a role of its own may do there: `DB_LOGINS` names those services.

Tables belong to the role of `POSTGRES_URI`, which migrates. After every migration a service's own role is given exactly
what `services/<service>/storage/rights.py` says, and what is too much is taken away; a table that is not named there is
an ordinary one, so that a new table needs no thought and one that is kept for ever needs one line.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from hansom.stack.problems import StackProblem
from hansom.store import login_of

Grant = tuple[str, str, str]
"""A table with its schema, both quoted; the verb; the quoted column, or nothing for all of them."""

MIGRATIONS = "alembic_version"


@dataclass(frozen=True, slots=True)
class Rights:
    """What may be done to a table beside reading it. `update`: all of its columns, none, or just these."""

    insert: bool = True
    update: bool | tuple[str, ...] = True
    delete: bool = True


ORDINARY = Rights()
READ_ONLY = Rights(insert=False, update=False, delete=False)

_TABLES = sa.text("""
    SELECT quote_ident(n.nspname) AS schema, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name,
           CASE n.nspname WHEN 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END AS known_as
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname !~ '^(pg_|information_schema$)'
     ORDER BY 1, 2
""")

_PRESENT = sa.text("""
    SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), g.privilege_type, ''
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) g
     WHERE g.grantee = (SELECT oid FROM pg_roles WHERE rolname = :role) AND c.relkind IN ('r', 'p', 'v', 'm')
    UNION ALL
    SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), g.privilege_type, quote_ident(a.attname)
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace,
           aclexplode(a.attacl) g
     WHERE g.grantee = (SELECT oid FROM pg_roles WHERE rolname = :role) AND NOT a.attisdropped
""")


def keep_rights(connection: sa.Connection, config: Mapping[str, Any], service: str) -> None:
    """Close a service's database to all but its owner and its own role, and give that role what it needs.

    Nothing is done while no service has a role of its own, and nothing to rights that are as they should be. Commits.
    Raises StackProblem when the role is not there or could do more than it is meant to.
    """
    if not any(config.get("DB_LOGINS", {}).values()):
        return
    _close_to_strangers(connection)
    login = login_of(config, service)
    if login is not None:
        _give(connection, login[0], rights_of(service))
    connection.commit()


def rights_of(service: str) -> Mapping[str, Rights]:
    """Tables of a service whose rights are narrower than ORDINARY, by name."""
    name = f"services.{service}.storage.rights"
    if importlib.util.find_spec(name) is None:
        return {}
    return importlib.import_module(name).RIGHTS


def _close_to_strangers(connection: sa.Connection) -> None:
    """By default everybody who may log in to the server may connect to a database and make temporary tables in it."""
    is_open = sa.text("SELECT has_database_privilege('public', current_database(), 'CONNECT, TEMPORARY')")
    if connection.execute(is_open).scalar_one():
        connection.execute(sa.text(f"REVOKE ALL ON DATABASE {_quoted(connection, _database(connection))} FROM PUBLIC"))


def _give(connection: sa.Connection, role: str, narrow: Mapping[str, Rights]) -> None:
    if connection.execute(sa.text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}).first() is None:
        raise StackProblem(f"The role {role} of DB_LOGINS is not there: ./hansom migrate makes it.")
    to = _quoted(connection, role)
    connection.execute(sa.text(f"GRANT CONNECT ON DATABASE {_quoted(connection, _database(connection))} TO {to}"))
    tables = connection.execute(_TABLES).all()
    for schema in sorted({"public", *(table.schema for table in tables)}):
        connection.execute(sa.text(f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC, {to}"))
        connection.execute(sa.text(f"GRANT USAGE ON SCHEMA {schema} TO {to}"))
        _check_cannot_create(connection, role, schema)
    known = {**narrow, MIGRATIONS: READ_ONLY}
    wanted = {grant for table in tables for grant in _grants(table.name, known.get(table.known_as, ORDINARY))}
    present = {(row[0], row[1], row[2]) for row in connection.execute(_PRESENT, {"role": role})}
    for table, verb, column in sorted(present - wanted):
        connection.execute(sa.text(f"REVOKE {_verb(verb, column)} ON {table} FROM {to}"))
    for table, verb, column in sorted(wanted - present):
        connection.execute(sa.text(f"GRANT {_verb(verb, column)} ON {table} TO {to}"))


def _grants(table: str, rights: Rights) -> Iterable[Grant]:
    yield (table, "SELECT", "")
    if rights.insert:
        yield (table, "INSERT", "")
    if rights.delete:
        yield (table, "DELETE", "")
    if rights.update is True:
        yield (table, "UPDATE", "")
    elif rights.update:
        yield from ((table, "UPDATE", column) for column in rights.update)


def _verb(verb: str, column: str) -> str:
    return f"{verb} ({column})" if column else verb


def _database(connection: sa.Connection) -> str:
    return str(connection.execute(sa.text("SELECT current_database()")).scalar_one())


def _quoted(connection: sa.Connection, name: str) -> str:
    """A name as SQL takes it."""
    return connection.dialect.identifier_preparer.quote_identifier(name)


def _check_cannot_create(connection: sa.Connection, role: str, schema: str) -> None:
    asked = sa.text("SELECT has_schema_privilege(:role, :schema, 'CREATE')")
    if connection.execute(asked, {"role": role, "schema": schema}).scalar_one():
        raise StackProblem(
            f"{role} may create tables in schema {schema}: as its owner, REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC."
        )
