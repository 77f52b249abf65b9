"""Debts and their payments in Postgres."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, insert, select, update
from sqlalchemy.orm import Session

from hansom.contracts.payments import ChargeKind, ChargeState
from services.payments.domain.charge import Outcome
from services.payments.domain.debt import DebtPayment, OpenDebt
from services.payments.storage.answers import write_answers
from services.payments.storage.tables import charges, debt_payments, debts


def open_debts(session: Session, rider_id: str) -> list[OpenDebt]:
    """What a rider owes, oldest first."""
    return [_debt(row) for row in session.execute(_debts(debts.c.rider_id == rider_id))]


def _debts(wanted: ColumnElement[bool]) -> Select[Any]:
    return (
        select(debts, charges.c.trip_id, charges.c.kind)
        .join(charges, charges.c.id == debts.c.charge_id)
        .where(wanted, debts.c.settled_at.is_(None))
        .order_by(debts.c.created_at, debts.c.charge_id)
    )


class DebtRows:
    """The debts of one transaction."""

    _session: Session

    def debts_to_settle(self, rider_id: str) -> list[OpenDebt]:
        """A rider's open debts, locked until the transaction ends, oldest first."""
        wanted = _debts(debts.c.rider_id == rider_id).with_for_update(of=debts)
        return [_debt(row) for row in self._session.execute(wanted)]

    def add_payments(self, payments: Sequence[DebtPayment]) -> None:
        """The database refuses a second payment of a debt while one stands."""
        rows = [
            {
                "id": payment.id,
                "charge_id": payment.debt.charge_id,
                "rider_id": payment.debt.rider_id,
                "amount_minor": payment.debt.amount_minor,
                "currency": payment.debt.currency,
                "method": payment.method,
                "state": payment.state.value,
                "created_at": payment.created_at,
            }
            for payment in payments
        ]
        if rows:
            self._session.execute(insert(debt_payments), rows)

    def payments_under_way(self, charge_ids: Collection[str]) -> list[DebtPayment]:
        """The pending payments of these debts."""
        return self._payments(debt_payments.c.charge_id.in_(list(charge_ids)))

    def payments_pending(self, ids: Collection[str]) -> list[DebtPayment]:
        """Those of these payments that have no answer."""
        return self._payments(debt_payments.c.id.in_(list(ids)))

    def payments_pending_since(self, moment: datetime, limit: int) -> list[DebtPayment]:
        """Payments that were pending at a moment and still are, oldest first."""
        return self._payments(debt_payments.c.created_at < moment)[:limit]

    def _payments(self, wanted: ColumnElement[bool]) -> list[DebtPayment]:
        is_pending = debt_payments.c.state == ChargeState.PENDING.value
        found = self._session.execute(
            select(debt_payments, charges.c.trip_id, charges.c.kind)
            .join(charges, charges.c.id == debt_payments.c.charge_id)
            .where(wanted, is_pending)
            .order_by(debt_payments.c.created_at, debt_payments.c.id)
        )
        return [
            DebtPayment(row.id, _debt(row), row.method, ChargeState(row.state), row.created_at, row.reason)
            for row in found
        ]

    def resolve_payments(self, outcomes: Mapping[str, Outcome], at: datetime) -> set[str]:
        """Write the answers; gives the payments that had none before."""
        return write_answers(self._session, debt_payments, outcomes, at)

    def settle(self, charge_ids: Collection[str], at: datetime) -> None:
        """These debts are paid."""
        if charge_ids:
            self._session.execute(update(debts).where(debts.c.charge_id.in_(list(charge_ids))).values(settled_at=at))


def _debt(row: Any) -> OpenDebt:
    return OpenDebt(
        charge_id=row.charge_id,
        trip_id=row.trip_id,
        rider_id=row.rider_id,
        amount_minor=row.amount_minor,
        currency=row.currency,
        reason=row.reason or "",
        created_at=row.created_at,
        kind=ChargeKind(row.kind),
    )
