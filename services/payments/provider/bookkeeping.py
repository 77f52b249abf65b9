"""How the simulated provider writes its books: a key has one row, whoever comes how often."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, literal_column, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

_IS_NEW: ColumnElement[bool] = literal_column("(xmax = 0)").label("is_new")

PAGE = 5_000


class KeyReused(ValueError):
    """A key came with another amount or party than the first time."""


def keep(session: Session, book: Table, rows: Sequence[dict[str, Any]], party: str) -> list[Any]:
    """Write what is new; gives all rows as they stand, with `is_new`. Raises KeyReused: the transaction is to end."""
    if not rows:
        return []
    statement = insert(book)
    # an update of nothing, so that the row that stands is given back
    statement = statement.on_conflict_do_update(index_elements=["key"], set_={"key": statement.excluded.key})
    returning = statement.returning(*book.c, _IS_NEW)
    kept = list(session.execute(returning, sorted(rows, key=lambda row: row["key"])))
    asked = {row["key"]: (row["amount_minor"], row["currency"], row[party]) for row in rows}
    for row in kept:
        if asked[row.key] != (row.amount_minor, row.currency, getattr(row, party)):
            raise KeyReused(row.key)
    return kept


def find(session: Session, book: Table, keys: Collection[str], *, lock: bool = False) -> list[Any]:
    """The rows of these keys, by key; locked in that order, so that nobody waits in a circle."""
    if not keys:
        return []
    statement = select(book).where(book.c.key.in_(list(keys))).order_by(book.c.key)
    return list(session.execute(statement.with_for_update() if lock else statement))


def since(session: Session, book: Table, moment: datetime) -> Iterator[Any]:
    """Rows begun at or after a moment, oldest first, a page at a time."""
    after = 0
    while True:
        wanted = select(book).where(book.c.number > after, book.c.created_at >= moment)
        page = list(session.execute(wanted.order_by(book.c.number).limit(PAGE)))
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].number
