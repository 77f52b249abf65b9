"""The service's own role in its database: what it needs, and nothing beside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError

from hansom.stack import migrations, rights
from hansom.store import database_uri, engine_for, login_of
from tests.support.money import MoneyDesk, a_ride

FORBIDDEN = [
    "UPDATE ledger_entries SET amount_minor = 1",
    "DELETE FROM ledger_entries",
    "TRUNCATE ledger_entries",
    "UPDATE ledger_transactions SET at = now()",
    "DELETE FROM ledger_transactions",
    "TRUNCATE ledger_transactions CASCADE",
    "UPDATE accounts SET owner = 'me'",
    "DELETE FROM accounts",
    "UPDATE receipts SET sequence = 1",
    "DELETE FROM receipts",
    "TRUNCATE receipts",
    "DELETE FROM receipt_counters",
    "DELETE FROM charges",
    "UPDATE charges SET fare_minor = 1",
    "UPDATE payouts SET amount_minor = 1",
    "DELETE FROM payouts",
    "UPDATE payout_lines SET amount_minor = 1",
    "DELETE FROM payout_lines",
    "UPDATE refunds SET amount_minor = 1",
    "DELETE FROM refunds",
    "UPDATE debts SET amount_minor = 1",
    "DELETE FROM debts",
    "DELETE FROM holds",
    "UPDATE holds SET amount_minor = 1",
    "UPDATE ledger_closings SET balance_minor = 1",
    "DELETE FROM audits",
    "DELETE FROM simulated_provider.charges",
    "TRUNCATE simulated_provider.payouts",
    "UPDATE alembic_version SET version_num = '0001'",
    "ALTER TABLE ledger_entries DISABLE TRIGGER ALL",
    "ALTER TABLE ledger_entries ADD COLUMN mine text",
    "ALTER TABLE receipts OWNER TO CURRENT_USER",
    "DROP TABLE ledger_entries",
    "DROP TRIGGER append_only ON ledger_entries",
    "DROP FUNCTION refuse_change() CASCADE",
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE sql AS 'SELECT 1'",
    "CREATE TABLE mine (id int)",
    "CREATE TEMPORARY TABLE mine (id int)",
    "CREATE SCHEMA mine",
    "DROP SCHEMA simulated_provider CASCADE",
    "CREATE RULE mine AS ON INSERT TO ledger_entries DO INSTEAD NOTHING",
    "CREATE INDEX mine ON ledger_entries (amount_minor)",
    "SET session_replication_role = 'replica'",
    "SET ROLE hansom",
    "CREATE ROLE mine LOGIN SUPERUSER",
    "COPY ledger_entries TO PROGRAM 'cat'",
    "SELECT setval('ledger_entries_id_seq', 1)",
    "SELECT pg_read_file('/etc/passwd')",
]


@pytest.fixture
def as_service(service_engine: Engine) -> Iterator[Connection]:
    """What the service could send."""
    with service_engine.connect() as connection:
        yield connection


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_role_is_refused(money: MoneyDesk, as_service: Connection, statement: str) -> None:
    money.charge(a_ride())
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner|must be superuser"):
        as_service.execute(text(statement))


def test_every_append_only_table_may_only_be_added_to(money: MoneyDesk, money_settings: dict[str, Any]) -> None:
    role, _ = login_of(money_settings, "payments") or ("", "")
    loose = money.rows(
        """SELECT t.tgrelid::regclass FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid
            WHERE f.proname = 'refuse_change' AND (has_any_column_privilege(:role, t.tgrelid, 'UPDATE')
               OR has_table_privilege(:role, t.tgrelid, 'DELETE, TRUNCATE'))""",
        role=role,
    )
    assert loose == []


def test_the_role_owns_nothing_and_is_in_no_group(money: MoneyDesk, money_settings: dict[str, Any]) -> None:
    role, _ = login_of(money_settings, "payments") or ("", "")
    assert money.one("SELECT count(*) FROM pg_class WHERE relowner = to_regrole(:role)", role=role) == 0
    assert money.one("SELECT count(*) FROM pg_auth_members WHERE member = to_regrole(:role)", role=role) == 0
    flags = (
        "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = :role"
    )
    assert not any(money.rows(flags, role=role)[0])


def test_other_services_databases_are_closed_to_it(config: dict[str, Any]) -> None:
    mine = make_url(database_uri(config, "payments"))
    for service in ("users", "drivers", "trips", "pricing", "ratings", "notifications"):
        other = mine.set(drivername="postgresql", database=make_url(config["DB_URIS"][f"{service}:Base"]).database)
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            psycopg2.connect(other.render_as_string(hide_password=False))


def test_a_new_table_is_an_ordinary_one_and_what_is_too_much_is_taken_away(
    money: MoneyDesk, money_settings: dict[str, Any], as_service: Connection
) -> None:
    role, _ = login_of(money_settings, "payments") or ("", "")
    try:
        with money.engine.begin() as owner:
            owner.execute(text("CREATE TABLE newer (id int)"))
            owner.execute(text(f"GRANT ALL ON receipts TO {role}"))
        migrations.migrate_postgres(money_settings, "payments")  # there is nothing to migrate
        for statement in ("INSERT INTO newer VALUES (1)", "UPDATE newer SET id = 2", "DELETE FROM newer"):
            assert as_service.execute(text(statement)).rowcount == 1
        as_service.rollback()
        assert not money.one("SELECT has_table_privilege(:role, 'receipts', 'UPDATE, DELETE, TRUNCATE')", role=role)
    finally:
        with money.engine.begin() as owner:
            owner.execute(text("DROP TABLE newer"))


def test_a_service_without_a_role_of_its_own_logs_in_as_the_owner(money_settings: dict[str, Any]) -> None:
    engine = engine_for({**money_settings, "DB_LOGINS": {"payments": None}}, "payments")
    with engine.connect() as connection:
        owner = make_url(money_settings["POSTGRES_URI"]).username
        assert connection.execute(text("SELECT current_user")).scalar_one() == owner
    engine.dispose()


def test_every_named_table_and_column_is_there(money: MoneyDesk) -> None:
    for table, narrow in rights.rights_of("payments").items():
        columns = {
            row[0]
            for row in money.rows(
                "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(:table) AND attnum > 0", table=table
            )
        }
        assert columns, table
        assert isinstance(narrow.update, bool) or set(narrow.update) <= columns
