"""Refunds in Postgres."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, insert, select
from sqlalchemy.orm import Session

from hansom.contracts.payments import ChargeState, ReceiptNotReady, RefundState
from services.payments.domain.charge import Charge
from services.payments.domain.refund import Borne, Refund, RefundAnswer
from services.payments.storage.answers import write_answers
from services.payments.storage.charges import NO_TIP, STANDING_TIP, charge_of_row
from services.payments.storage.tables import charges, debt_payments, refunds


class RefundRows:
    """The refunds of one transaction."""

    _session: Session

    def charge_to_refund(self, trip_id: str, *, of_tip: bool) -> tuple[Charge, Sequence[Refund]]:
        """A trip's charge, or its tip, locked until the transaction ends, and its refunds.

        Raises ReceiptNotReady without one.
        """
        wanted = select(charges).where(charges.c.trip_id == trip_id, STANDING_TIP if of_tip else NO_TIP)
        row = self._session.execute(wanted.with_for_update()).first()
        if row is None:
            raise ReceiptNotReady()
        charge = charge_of_row(row)
        found = self._session.execute(select(refunds).where(refunds.c.charge_id == charge.id))
        return charge, [refund_of_row(each, charge) for each in found]

    def payment_of_debt(self, charge_id: str) -> str | None:
        """The payment that settled the debt of this charge."""
        is_done = debt_payments.c.state == ChargeState.CAPTURED.value
        wanted = select(debt_payments.c.id).where(debt_payments.c.charge_id == charge_id, is_done)
        return self._session.execute(wanted).scalar_one_or_none()

    def add_refund(self, refund: Refund) -> None:
        """The database refuses more than was captured."""
        self._session.execute(
            insert(refunds).values(
                id=refund.id,
                charge_id=refund.charge.id,
                amount_minor=refund.amount_minor,
                tax_minor=refund.parts.tax_minor,
                fee_minor=refund.parts.fee_minor,
                share_minor=refund.parts.share_minor,
                currency=refund.charge.ride.currency,
                reason=refund.reason,
                by_user_id=refund.by_user_id,
                state=refund.state.value,
                created_at=refund.created_at,
                payment_id=refund.payment_id,
            )
        )

    def refunds(self, ids: Collection[str]) -> list[Refund]:
        """These refunds, by id."""
        return self._found(refunds.c.id.in_(list(ids)), len(ids))

    def refunds_pending_since(self, moment: datetime, limit: int) -> list[Refund]:
        """Refunds that were pending at a moment and still are, oldest first."""
        return self._found((refunds.c.state == RefundState.PENDING.value) & (refunds.c.created_at < moment), limit)

    def _found(self, wanted: ColumnElement[bool], limit: int) -> list[Refund]:
        rows = self._session.execute(
            select(refunds).where(wanted).order_by(refunds.c.created_at, refunds.c.id).limit(limit)
        ).all()
        of = self._session.execute(select(charges).where(charges.c.id.in_({row.charge_id for row in rows})))
        known = {row.id: charge_of_row(row) for row in of}
        return [refund_of_row(row, known[row.charge_id]) for row in rows]

    def resolve_refunds(self, answers: Mapping[str, RefundAnswer], at: datetime) -> set[str]:
        """Write the answers; gives the refunds that had none before."""
        return write_answers(self._session, refunds, answers, at, reason="failure")


def refund_of_row(row: Any, charge: Charge) -> Refund:
    """A refund of this charge from a row that has all columns of `refunds`."""
    return Refund(
        id=row.id,
        charge=charge,
        parts=Borne(row.tax_minor, row.fee_minor, row.share_minor),
        reason=row.reason,
        by_user_id=row.by_user_id,
        state=RefundState(row.state),
        created_at=row.created_at,
        resolved_at=row.resolved_at,
        failure=row.failure,
        payment_id=row.payment_id,
    )
