"""Payouts and their lines in Postgres: the writing side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from hansom.contracts.payments import PayoutState
from services.payments.domain.payout import Due, Payout
from services.payments.storage.tables import payout_lines, payouts

_TAKE_LINES = text("""
    UPDATE payout_lines SET payout_id = taken.payout_id
      FROM unnest(CAST(:line_ids AS bigint[]), CAST(:payout_ids AS text[])) AS taken(id, payout_id)
     WHERE payout_lines.id = taken.id
""")

# locked in one order first: two runs with payouts in common wait for each other, and never in a ring
_MARK_SENT = text("""
    WITH mine AS MATERIALIZED (
        SELECT id FROM payouts WHERE id = ANY(CAST(:ids AS text[])) AND state = 'reserved' ORDER BY id FOR UPDATE)
    UPDATE payouts SET state = 'sent', provider_reference = answer.reference, sent_at = :at
      FROM mine JOIN unnest(CAST(:ids AS text[]), CAST(:references AS text[])) AS answer(id, reference) USING (id)
     WHERE payouts.id = mine.id
    RETURNING payouts.id
""")


_RIDES = func.count().filter(payout_lines.c.refund_id.is_(None))
"""Lines that are rides."""


class PayoutRows:
    """The payouts of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock_payout_run(self, city: str) -> None:
        """Nobody else reserves payouts of this city until the transaction ends."""
        self._session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"hansom.payouts.{city}"))))

    def due(self, city: str, until_day: date, limit: int) -> list[Due]:
        """Drivers who are owed more than nothing for days up to `until_day`, and the very lines that add up to it."""
        total = func.sum(payout_lines.c.amount_minor)
        is_unpaid = payout_lines.c.payout_id.is_(None) & (payout_lines.c.earned_on <= until_day)
        found = self._session.execute(
            select(
                payout_lines.c.driver_id,
                payout_lines.c.currency,
                total.label("total"),
                func.array_agg(payout_lines.c.id).label("line_ids"),
                _RIDES.label("rides"),
            )
            .where(payout_lines.c.city == city, is_unpaid)
            .group_by(payout_lines.c.driver_id, payout_lines.c.currency)
            .having(total > 0)
            .order_by(payout_lines.c.driver_id, payout_lines.c.currency)
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
        rides = select(_RIDES).where(payout_lines.c.payout_id == payouts.c.id).scalar_subquery()
        found = self._session.execute(
            select(payouts, rides.label("rides"))
            .where(payouts.c.state == PayoutState.RESERVED.value, payouts.c.id > after_id)
            .order_by(payouts.c.id)
            .limit(limit)
        )
        return [
            Payout(
                id=row.id,
                driver_id=row.driver_id,
                city=row.city,
                currency=row.currency,
                amount_minor=row.amount_minor,
                until_day=row.until_day,
                state=PayoutState(row.state),
                created_at=row.created_at,
                sent_at=row.sent_at,
                rides=row.rides,
            )
            for row in found
        ]

    def mark_sent(self, references: Mapping[str, str], at: datetime) -> set[str]:
        """Write what the provider gave; gives the payouts that were not known to be sent before."""
        ids = sorted(references)
        found = self._session.execute(
            _MARK_SENT, {"ids": ids, "references": [references[id_] for id_ in ids], "at": at}
        )
        return set(found.scalars())
