"""Balances of the ledger's accounts at any moment.

A rider's or driver's account has few entries, which are added up. The platform's own have all of them, so their sums
are closed hour by hour: a balance is the last closing before the moment, and the entries from there to the moment.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, func, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from hansom.contracts.ledger import SeeBalances
from services.payments.domain.ledger import Account
from services.payments.storage.tables import accounts, ledger_closings, ledger_entries, ledger_transactions

SETTLING = timedelta(minutes=10)
"""An hour is closed so long after its end: whoever began a posting in it has committed or died."""

_CLOSE = text("""
    WITH begun AS (SELECT coalesce(max(at), '-infinity') AS since FROM ledger_closings),
    moved AS MATERIALIZED (
        SELECT e.account_id, date_trunc('hour', t.at, 'UTC') + interval '1 hour' AS at, sum(e.amount_minor) AS minor
          FROM ledger_transactions t
          JOIN ledger_entries e ON e.transaction_id = t.id
          JOIN accounts a ON a.id = e.account_id AND a.owner = ''
         WHERE t.at >= (SELECT since FROM begun) AND t.at < :until
         GROUP BY 1, 2),
    before AS (
        SELECT DISTINCT ON (account_id) account_id, balance_minor FROM ledger_closings ORDER BY account_id, at DESC)
    INSERT INTO ledger_closings (account_id, at, balance_minor)
    SELECT account_id, m.at, coalesce(balance_minor, 0) + sum(minor) OVER (PARTITION BY account_id ORDER BY m.at)
      FROM moved m LEFT JOIN before USING (account_id)
    ON CONFLICT DO NOTHING
""")


def close_hours(session: Session, now: datetime) -> int:
    """Close every hour that is over and is not closed yet; gives how many sums were written."""
    # the first time these are all hours that ever were
    session.execute(text("SET LOCAL statement_timeout = 0"))
    until = (now - SETTLING).replace(minute=0, second=0, microsecond=0)
    written = session.execute(_CLOSE, {"until": until})
    return int(written.rowcount)  # type: ignore[attr-defined]


def balances_at(session: Session, wanted: SeeBalances, at: datetime) -> list[tuple[Account, int]]:
    """A page of accounts, by id, with their balances: debits less credits of what was posted up to `at`."""
    page = select(accounts).where(*_fits(wanted)).order_by(accounts.c.id).limit(wanted.limit)
    found = session.execute(page).all()
    own = [row.id for row in found if not row.owner]
    peoples = [row.id for row in found if row.owner]
    sums = {**_sums_of_people(session, peoples, at), **_sums_of_the_platform(session, own, at)}
    return [(Account(row.kind, row.owner, row.currency), sums.get(row.id, 0)) for row in found]


def _fits(wanted: SeeBalances) -> list[ColumnElement[bool]]:
    given = ((accounts.c.kind, wanted.kind), (accounts.c.owner, wanted.owner), (accounts.c.currency, wanted.currency))
    fits: list[ColumnElement[bool]] = [column == value for column, value in given if value is not None]
    return [*fits, accounts.c.id > (wanted.cursor or "")]


def _sums_of_people(session: Session, ids: list[str], at: datetime) -> dict[str, int]:
    if not ids:
        return {}
    entries = ledger_entries.c
    summed = (
        select(entries.account_id, func.sum(entries.amount_minor))
        .join(ledger_transactions, ledger_transactions.c.id == entries.transaction_id)
        .where(entries.account_id.in_(ids), ledger_transactions.c.at <= at)
        .group_by(entries.account_id)
    )
    return _as_sums(session, summed)


def _sums_of_the_platform(session: Session, ids: list[str], at: datetime) -> dict[str, int]:
    if not ids:
        return {}
    closings, entries = ledger_closings.c, ledger_entries.c
    closed = (
        select(closings.account_id, closings.balance_minor)
        .ext(distinct_on(closings.account_id))
        .where(closings.account_id.in_(ids), closings.at <= at)
        .order_by(closings.account_id, closings.at.desc())
    )
    sums = _as_sums(session, closed)
    # all of these accounts are closed at once: what is before the last closing of any is in each one's last
    since = session.execute(select(func.max(closings.at)).where(closings.at <= at)).scalar_one()
    moment = ledger_transactions.c.at
    is_recent = and_(moment <= at, moment >= since) if since else moment <= at
    recent = select(ledger_transactions.c.id).where(is_recent).cte("recent").prefix_with("MATERIALIZED")
    moved = (
        select(entries.account_id, func.sum(entries.amount_minor))
        .join(recent, recent.c.id == entries.transaction_id)
        .where(entries.account_id.in_(ids))
        .group_by(entries.account_id)
    )
    for account_id, minor in _as_sums(session, moved).items():
        sums[account_id] = sums.get(account_id, 0) + minor
    return sums


def _as_sums(session: Session, query: Select[str, int]) -> dict[str, int]:
    return {account_id: int(minor) for account_id, minor in session.execute(query)}
