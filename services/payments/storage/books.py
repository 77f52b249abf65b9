"""Charges, ledger, receipts, debts and earnings in Postgres: the writing side."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from hansom.contracts.payments import ChargeState
from hansom.ids import new_id
from services.payments.domain.charge import Charge, Debt, Outcome
from services.payments.domain.ledger import Account, Posting
from services.payments.domain.payout import PayoutLine
from services.payments.domain.receipt import Receipt
from services.payments.storage.answers import write_answers
from services.payments.storage.charges import NO_TIP, charge_of_row, row_of_charge
from services.payments.storage.debts import DebtRows
from services.payments.storage.holds import HoldRows
from services.payments.storage.payouts import PayoutRows
from services.payments.storage.refunds import RefundRows
from services.payments.storage.tables import (
    charges,
    debts,
    ledger_entries,
    ledger_transactions,
    payout_lines,
    receipt_counters,
    receipts,
)
from services.payments.storage.webhooks import WebhookRows

_OPEN_ACCOUNTS = text("""
    INSERT INTO accounts (id, kind, owner, currency)
    SELECT * FROM unnest(CAST(:ids AS text[]), CAST(:kinds AS text[]), CAST(:owners AS text[]),
                         CAST(:currencies AS text[]))
    ON CONFLICT DO NOTHING
""")


class EventWriter(Protocol):
    """See `hansom.events.OutboxWriter`."""

    def add_many(self, session: Session, events: Sequence[tuple[str, str, dict[str, Any]]]) -> list[str]: ...


class BookRows(DebtRows, RefundRows, PayoutRows, HoldRows, WebhookRows):
    """The books of one transaction: `usecases.ports.Books`."""

    def __init__(self, session: Session, outbox: EventWriter) -> None:
        super().__init__(session)
        self._outbox = outbox

    def claim(self, wanted: Sequence[Charge]) -> set[str]:
        """Add the charges of trips that have none of their kind; gives those charges' ids. A trip's second charge waits
        for the first to commit, and is none."""
        statement = upsert(charges).on_conflict_do_nothing().returning(charges.c.id)
        # in one order, so that two batches with trips in common never wait for each other in a ring
        rows = sorted((row_of_charge(charge) for charge in wanted), key=lambda row: row["trip_id"])
        return set(self._session.execute(statement, rows).scalars()) if rows else set()

    def charges_of(self, trip_ids: Collection[str]) -> list[Charge]:
        """The charges of these trips, without tips."""
        found = self._session.execute(select(charges).where(charges.c.trip_id.in_(list(trip_ids)), NO_TIP))
        return [charge_of_row(row) for row in found]

    def charges_pending(self, ids: Collection[str]) -> list[Charge]:
        """Those of these charges that have no answer."""
        is_pending = charges.c.state == ChargeState.PENDING.value
        found = self._session.execute(select(charges).where(charges.c.id.in_(list(ids)), is_pending))
        return [charge_of_row(row) for row in found]

    def pending_since(self, moment: datetime, limit: int) -> list[Charge]:
        """Charges that were pending at a moment and still are, oldest first."""
        is_old = (charges.c.state == ChargeState.PENDING.value) & (charges.c.created_at < moment)
        found = self._session.execute(select(charges).where(is_old).order_by(charges.c.created_at).limit(limit))
        return [charge_of_row(row) for row in found]

    def resolve(self, outcomes: Mapping[str, Outcome], at: datetime) -> set[str]:
        """Write the answers; gives the charges that had none before: what follows from an answer, follows for them."""
        return write_answers(self._session, charges, outcomes, at)

    def post(self, postings: Sequence[Posting]) -> None:
        """Append to the ledger. The database refuses what does not sum to zero or was posted before."""
        if not postings:
            return
        used = {entry.account.id: entry.account for posting in postings for entry in posting.entries}
        self._open_accounts([used[id_] for id_ in sorted(used)])
        ids = [new_id() for _ in postings]
        self._session.execute(
            insert(ledger_transactions),
            [
                {
                    "id": id_,
                    "kind": posting.kind,
                    "reference": posting.reference,
                    "cause": posting.cause,
                    "at": posting.at,
                }
                for id_, posting in zip(ids, postings, strict=True)
            ],
        )
        self._session.execute(
            insert(ledger_entries),
            [
                {
                    "transaction_id": id_,
                    "account_id": entry.account.id,
                    "amount_minor": entry.amount_minor,
                    "currency": entry.account.currency,
                }
                for id_, posting in zip(ids, postings, strict=True)
                for entry in posting.entries
            ],
        )

    def _open_accounts(self, used: Sequence[Account]) -> None:
        values = {
            "ids": [account.id for account in used],
            "kinds": [account.kind for account in used],
            "owners": [account.owner for account in used],
            "currencies": [account.currency for account in used],
        }
        self._session.execute(_OPEN_ACCOUNTS, values)

    def next_numbers(self, city: str, year: int, count: int) -> range:
        """The next receipt numbers. The counter's row stays locked until the receipts commit, so none is left out."""
        first = upsert(receipt_counters).values(city=city, year=year, last=count)
        statement = first.on_conflict_do_update(
            index_elements=["city", "year"], set_={"last": receipt_counters.c.last + first.excluded.last}
        ).returning(receipt_counters.c.last)
        last = self._session.execute(statement).scalar_one()
        return range(last - count + 1, last + 1)

    def issue(self, issued: Sequence[Receipt]) -> None:
        rows = [
            {
                "id": receipt.id,
                "charge_id": receipt.charge_id,
                "trip_id": receipt.trip_id,
                "city": receipt.city,
                "year": receipt.year,
                "sequence": receipt.sequence,
                "issued_at": receipt.issued_at,
                "refund_id": receipt.refund_id,
            }
            for receipt in issued
        ]
        if rows:
            self._session.execute(insert(receipts), rows)

    def owe(self, owed: Sequence[Debt]) -> None:
        rows = [
            {
                "charge_id": debt.charge_id,
                "rider_id": debt.rider_id,
                "amount_minor": debt.amount_minor,
                "currency": debt.currency,
                "reason": debt.reason,
                "created_at": debt.created_at,
            }
            for debt in owed
        ]
        if rows:
            self._session.execute(insert(debts), rows)

    def earn(self, lines: Sequence[PayoutLine]) -> None:
        rows = [
            {
                "charge_id": line.charge_id,
                "trip_id": line.trip_id,
                "driver_id": line.driver_id,
                "city": line.city,
                "currency": line.currency,
                "fare_minor": line.fare_minor,
                "tax_minor": line.tax_minor,
                "fee_minor": line.fee_minor,
                "cash_minor": line.cash_minor,
                "amount_minor": line.amount_minor,
                "earned_on": line.earned_on,
                "earned_at": line.earned_at,
                "refund_id": line.refund_id,
                "returned_payout_id": line.returned_payout_id,
                "kind": line.kind.value,
            }
            for line in lines
        ]
        if rows:
            self._session.execute(insert(payout_lines), rows)

    def tell(self, events: Sequence[tuple[str, str, dict[str, Any]]]) -> None:
        """Add `(type, key, data)` events to the outbox."""
        self._outbox.add_many(self._session, events)
