"""Payouts and their lines in Postgres: the writing side."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, insert, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from hansom.contracts.payments import ChargeKind, PayoutState
from services.payments.domain.payout import USUAL_ACCOUNT, Due, Payout, PayoutAnswer
from services.payments.storage.answers import write_answers
from services.payments.storage.tables import ledger_transactions, payout_accounts, payout_lines, payouts

_TAKE_LINES = text("""
    UPDATE payout_lines SET payout_id = taken.payout_id
      FROM unnest(CAST(:line_ids AS bigint[]), CAST(:payout_ids AS text[])) AS taken(id, payout_id)
     WHERE payout_lines.id = taken.id
""")


_RETURN = text("""
    WITH mine AS MATERIALIZED (
        SELECT id FROM payouts WHERE id = ANY(CAST(:ids AS text[])) AND state = 'sent' ORDER BY id FOR UPDATE)
    UPDATE payouts SET state = 'returned', reason = answer.reason
      FROM mine JOIN unnest(CAST(:ids AS text[]), CAST(:reasons AS text[])) AS answer(id, reason) USING (id)
     WHERE payouts.id = mine.id
    RETURNING payouts.id
""")

_RIDES = func.count().filter(
    payout_lines.c.kind == ChargeKind.RIDE.value,
    payout_lines.c.refund_id.is_(None),
    payout_lines.c.returned_payout_id.is_(None),
)
"""Lines that are rides."""


class PayoutRows:
    """The payouts of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock_payout_run(self, city: str) -> None:
        """Nobody else reserves payouts of this city until the transaction ends."""
        self._session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"hansom.payouts.{city}"))))

    def due(self, city: str, until_day: date, least_minor: int, after: tuple[str, str], limit: int) -> list[Due]:
        """Drivers who are owed so much for days up to `until_day`, and the very lines that add up to it.

        In the order of (driver, currency), from behind `after` on.
        """
        total = func.sum(payout_lines.c.amount_minor)
        account = (payout_lines.c.driver_id, payout_lines.c.currency)
        is_unpaid = payout_lines.c.payout_id.is_(None) & (payout_lines.c.earned_on <= until_day)
        found = self._session.execute(
            select(
                *account,
                total.label("total"),
                func.array_agg(payout_lines.c.id).label("line_ids"),
                _RIDES.label("rides"),
            )
            .where(payout_lines.c.city == city, is_unpaid, tuple_(*account) > after)
            .group_by(*account)
            .having(total >= least_minor)
            .order_by(*account)
            .limit(limit)
        )
        return [Due(row.driver_id, row.currency, int(row.total), tuple(row.line_ids), row.rides) for row in found]

    def reserve(self, new: Sequence[Payout], lines: Mapping[int, str]) -> None:
        """Add the payouts and give each line (id → payout id) its payout. A line that has one is refused."""
        if not new:
            return
        self._session.execute(
            insert(payouts),
            [
                {
                    "id": payout.id,
                    "driver_id": payout.driver_id,
                    "city": payout.city,
                    "currency": payout.currency,
                    "amount_minor": payout.amount_minor,
                    "until_day": payout.until_day,
                    "state": payout.state.value,
                    "created_at": payout.created_at,
                }
                for payout in new
            ],
        )
        self._session.execute(_TAKE_LINES, {"line_ids": list(lines), "payout_ids": list(lines.values())})

    def reserved(self, after_id: str, limit: int) -> list[Payout]:
        """Payouts not known to be sent, by id."""
        return self._payouts((payouts.c.state == PayoutState.RESERVED.value) & (payouts.c.id > after_id), limit)

    def sent_since(self, moment: datetime, after_id: str, limit: int) -> list[Payout]:
        """Payouts sent since a moment that have not come back, by id."""
        is_sent = (payouts.c.state == PayoutState.SENT.value) & (payouts.c.sent_at >= moment)
        return self._payouts(is_sent & (payouts.c.id > after_id), limit)

    def _payouts(self, wanted: ColumnElement[bool], limit: int) -> list[Payout]:
        rides = select(_RIDES).where(payout_lines.c.payout_id == payouts.c.id).scalar_subquery()
        found = self._session.execute(
            select(payouts, rides.label("rides"), payout_accounts.c.account)
            .outerjoin(payout_accounts, payout_accounts.c.driver_id == payouts.c.driver_id)
            .where(wanted)
            .order_by(payouts.c.id)
            .limit(limit)
        )
        return [payout_of_row(row, row.rides, row.account or USUAL_ACCOUNT) for row in found]

    def resolve_payouts(self, answers: Mapping[str, PayoutAnswer], at: datetime) -> set[str]:
        """Write what the provider said; gives the payouts that had no answer before."""
        sent_at = "sent_at = CASE answer.state WHEN 'sent' THEN CAST(:at AS timestamptz) END"
        return write_answers(self._session, payouts, answers, at, open_state="reserved", moment=sent_at)

    def unposted_payouts(self, ids: Collection[str]) -> set[str]:
        """Those of these payouts that were reserved before the ledger had an account for money on its way."""
        if not ids:
            return set()
        posted = select(ledger_transactions.c.reference).where(
            ledger_transactions.c.kind == "payout_reserved", ledger_transactions.c.reference.in_(list(ids))
        )
        return set(ids) - set(self._session.execute(posted).scalars())

    def mark_returned(self, reasons: Mapping[str, str]) -> set[str]:
        """These payouts came back; gives those that were not known to."""
        ids = sorted(reasons)
        found = self._session.execute(_RETURN, {"ids": ids, "reasons": [reasons[id_] for id_ in ids]})
        return set(found.scalars())


def set_account(session: Session, driver_id: str, account: str, at: datetime) -> None:
    """From now on the driver is paid to this account."""
    statement = upsert(payout_accounts).values(driver_id=driver_id, account=account, changed_at=at)
    changed = {"account": statement.excluded.account, "changed_at": statement.excluded.changed_at}
    session.execute(statement.on_conflict_do_update(index_elements=["driver_id"], set_=changed))


def payout_of_row(row: Any, rides: int, account: str = USUAL_ACCOUNT) -> Payout:
    """A payout from a row that has all columns of `payouts`."""
    return Payout(
        id=row.id,
        driver_id=row.driver_id,
        city=row.city,
        currency=row.currency,
        amount_minor=row.amount_minor,
        until_day=row.until_day,
        state=PayoutState(row.state),
        created_at=row.created_at,
        sent_at=row.sent_at,
        rides=rides,
        reason=row.reason,
        account=account,
    )
