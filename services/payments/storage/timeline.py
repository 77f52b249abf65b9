"""What happened to a trip's money, moment by moment, read from Postgres."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hansom.contracts.payments import ChargeKind, ChargeState, HoldState, RefundState
from hansom.contracts.timeline import Code, Kind, Moment, Who
from hansom.values import Money
from services.payments.domain.receipt import Receipt
from services.payments.storage.tables import charges, debts, holds, payout_lines, payouts, receipts, refunds

ENDED_HOLDS = {
    HoldState.DECLINED: Code.HOLD_DECLINED,
    HoldState.CAPTURED: Code.HOLD_TAKEN,
    HoldState.RELEASED: Code.HOLD_RELEASED,
}
ENDED_REFUNDS = {RefundState.DONE: Code.REFUNDED, RefundState.FAILED: Code.REFUND_FAILED}


def money_moments(session: Session, trip_id: str) -> list[Moment]:
    """All that happened to a trip's money. Of a trip without any it is empty. Six statements, each by an index."""
    charged = session.execute(select(charges).where(charges.c.trip_id == trip_id)).all()
    ids = [row.id for row in charged]
    moments = [*_holds(session, trip_id), *_charges(charged)]
    if ids:
        moments += [*_debts(session, ids), *_refunds(session, ids), *_payouts(session, ids)]
    return [*moments, *_receipts(session, trip_id)]


def _money(minor: int, currency: str) -> dict[str, Any]:
    return Money(int(minor), currency).as_dict()


def _moment(at: datetime, code: Code, who: Who | None = None, **values: Any) -> Moment:
    return Moment(at, Kind.MONEY, code, who, values)


def _rider(row: Any) -> Who:
    return Who("rider", row.rider_id)


def _holds(session: Session, trip_id: str) -> Iterator[Moment]:
    for row in session.execute(select(holds).where(holds.c.trip_id == trip_id)):
        known = {"amount": _money(row.amount_minor, row.currency), "method": row.method}
        yield _moment(row.created_at, Code.HOLD_ASKED, _rider(row), **known)
        if row.granted_at is not None:
            yield _moment(row.granted_at, Code.HOLD_GRANTED, _rider(row), **known)
        ended = ENDED_HOLDS.get(HoldState(row.state))
        if ended is not None:
            yield _moment(row.resolved_at, ended, _rider(row), **known, reason=row.reason)


def _charges(charged: Sequence[Any]) -> Iterator[Moment]:
    for row in charged:
        known = {
            "amount": _money(row.fare_minor - row.discount_minor, row.currency),
            "method": row.method,
            "of": row.kind,
        }
        is_tip = row.kind == ChargeKind.TIP.value
        if row.state == ChargeState.PENDING.value:
            yield _moment(row.created_at, Code.CHARGE_BEGUN, _rider(row), **known)
        elif row.state == ChargeState.CAPTURED.value:
            yield _moment(row.resolved_at, Code.TIPPED if is_tip else Code.CHARGED, _rider(row), **known)
        else:
            failed = Code.TIP_FAILED if is_tip else Code.CHARGE_FAILED
            yield _moment(row.resolved_at, failed, _rider(row), **known, reason=row.reason)


def _debts(session: Session, charge_ids: Sequence[str]) -> Iterator[Moment]:
    for row in session.execute(select(debts).where(debts.c.charge_id.in_(charge_ids))):
        amount = _money(row.amount_minor, row.currency)
        yield _moment(row.created_at, Code.DEBT_OPENED, _rider(row), amount=amount, reason=row.reason)
        if row.settled_at is not None:
            yield _moment(row.settled_at, Code.DEBT_SETTLED, _rider(row), amount=amount)


def _refunds(session: Session, charge_ids: Sequence[str]) -> Iterator[Moment]:
    for row in session.execute(select(refunds).where(refunds.c.charge_id.in_(charge_ids))):
        amount = _money(row.amount_minor, row.currency)
        operator = Who("ops", row.by_user_id)
        yield _moment(row.created_at, Code.REFUND_ASKED, operator, amount=amount, reason=row.reason)
        ended = ENDED_REFUNDS.get(RefundState(row.state))
        if ended is not None:
            yield _moment(row.resolved_at, ended, None, amount=amount, reason=row.failure)


def _payouts(session: Session, charge_ids: Sequence[str]) -> Iterator[Moment]:
    found = session.execute(
        select(payout_lines.c.amount_minor, payouts.c.currency, payouts.c.id, payouts.c.driver_id, payouts.c.sent_at)
        .join(payouts, payouts.c.id == payout_lines.c.payout_id)
        .where(payout_lines.c.charge_id.in_(charge_ids), payouts.c.sent_at.is_not(None))
    )
    for row in found:
        amount = _money(row.amount_minor, row.currency)
        yield _moment(row.sent_at, Code.PAYOUT_SENT, Who("driver", row.driver_id), amount=amount, payout_id=row.id)


def _receipts(session: Session, trip_id: str) -> Iterator[Moment]:
    for row in session.execute(select(receipts).where(receipts.c.trip_id == trip_id)):
        receipt = Receipt(row.id, row.charge_id, row.trip_id, row.city, row.year, row.sequence, row.issued_at)
        code = Code.RECEIPT_ISSUED if row.refund_id is None else Code.CREDIT_NOTE_ISSUED
        yield _moment(row.issued_at, code, number=receipt.number)
