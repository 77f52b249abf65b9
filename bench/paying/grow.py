"""Large books out of small ones: what real charges wrote is copied inside PostgreSQL under other ids.

Every row goes through the constraints and triggers that guard it, so what comes out is as the service would have
written it: other rides, of other riders and drivers, on the same accounts of the platform.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlalchemy import Column, Engine, Table, Text, text
from sqlalchemy.engine import Connection

from services.payments.provider.tables import metadata as provider_books
from services.payments.storage.tables import Base, receipts

LEFT_OUT = frozenset({"outbox", "idempotency", "audits", "receipt_counters"})
"""Tables that hold no money, and the counters, which are set at the end."""

IDS = frozenset(
    {
        "id",
        "key",
        "trip_id",
        "rider_id",
        "driver_id",
        "charge_id",
        "charge_key",
        "refund_id",
        "payout_id",
        "returned_payout_id",
        "hold_id",
        "hold_key",
        "payment_id",
        "transaction_id",
        "reference",
        "cause",
        "event_id",
    }
)
"""Columns that name something, wherever they stand."""

AT_ONCE = 60_000
"""Rows of ledger entries in a transaction, about."""

_ACCOUNT = """CASE WHEN split_part({0}, ':', 3) = '' THEN {0}
    ELSE split_part({0}, ':', 1) || ':' || split_part({0}, ':', 2) || '~' || n || ':' || split_part({0}, ':', 3) END"""


def grow(engine: Engine, times: int, say: Callable[[str], None]) -> None:
    """Make the books so many times as large; `times` 1 leaves them as they are."""
    with engine.connect() as connection:
        tables = list(_tables(connection))
        for table in tables:
            connection.execute(text(f"CREATE TEMP TABLE {_kept(table)} AS SELECT * FROM {table.fullname}"))
            connection.execute(text(f"ANALYZE {_kept(table)}"))
        entries = connection.execute(text("SELECT count(*) FROM kept_ledger_entries")).scalar_one()
        connection.commit()
        step = max(1, AT_ONCE // max(1, entries))
        for first in range(1, times, step):
            last = min(first + step, times) - 1
            for table in tables:
                connection.execute(text(_copy(table)), {"first": first, "last": last})
            connection.commit()
            say(f"    {(last + 1) * entries:,} entries")
        connection.execute(text(_COUNTERS))
        connection.commit()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _tables(connection: Connection) -> Iterator[Table]:
    """Those that hold something, what is referred to before what refers to it."""
    for table in (*Base.metadata.sorted_tables, *provider_books.sorted_tables):
        if table.name in LEFT_OUT:
            continue
        if connection.execute(text(f"SELECT EXISTS (SELECT FROM {table.fullname})")).scalar_one():
            yield table


def _kept(table: Table) -> str:
    return f"kept_{table.fullname.replace('.', '_')}"


def _copy(table: Table) -> str:
    columns = [column for column in table.columns if column.identity is None and column.computed is None]
    names = ", ".join(column.name for column in columns)
    values = ", ".join(_value(table, column) for column in columns)
    # the platform's own accounts are there already, and are everybody's
    others = "WHERE owner <> ''" if table.name == "accounts" else ""
    return (
        f"INSERT INTO {table.fullname} ({names}) SELECT {values} FROM {_kept(table)}, "
        f"generate_series(:first, :last) n {others}"
    )


def _value(table: Table, column: Column) -> str:
    name = column.name
    if name == "account_id" or (table.name == "accounts" and name == "id"):
        return _ACCOUNT.format(name)
    if table is receipts and name == "sequence":
        return "sequence + n * (SELECT max(k.sequence) FROM kept_receipts k)"
    if isinstance(column.type, Text) and (name in IDS or (table.name == "accounts" and name == "owner")):
        return f"{name} || '~' || n"
    return name


_COUNTERS = """
    UPDATE receipt_counters c SET last = r.last
      FROM (SELECT city, year, max(sequence) AS last FROM receipts GROUP BY city, year) r
     WHERE (r.city, r.year) = (c.city, c.year)
"""
