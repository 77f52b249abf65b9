"""Receipts, earnings, payouts and figures from Postgres: the reading side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, or_, select, tuple_
from sqlalchemy.orm import Session

from hansom.contracts.payments import ChargeKind, ChargeState, ReceiptNotReady, UnknownPayout
from services.payments.domain.charge import FEES, Charge
from services.payments.domain.payout import Payout, PayoutLine
from services.payments.domain.receipt import Receipt
from services.payments.domain.refund import Refund
from services.payments.storage.charges import NO_TIP, STANDING_TIP, charge_of_row
from services.payments.storage.payouts import payout_of_row
from services.payments.storage.refunds import refund_of_row
from services.payments.storage.tables import charges, debts, payout_lines, payouts, receipts, refunds

Place = tuple[datetime, int]
"""Where a page ended: the time and the id of its last line."""


@dataclass(frozen=True, slots=True)
class FullRefund:
    """A refund, and its credit note once it is done."""

    refund: Refund
    credit_note: Receipt | None


@dataclass(frozen=True, slots=True)
class GivenTip:
    """A tip that did not fail, and its receipt once it was taken."""

    charge: Charge
    receipt: Receipt | None


@dataclass(frozen=True, slots=True)
class FullReceipt:
    """A receipt with its charge, whether that has been paid by now, what was given back, oldest first, and the tip that
    was given for the ride."""

    receipt: Receipt
    charge: Charge
    is_paid: bool
    refunds: Sequence[FullRefund] = ()
    tip: GivenTip | None = None

    @property
    def parties(self) -> tuple[str, str]:
        """Rider and driver."""
        return self.charge.ride.rider_id, self.charge.ride.driver_id


def receipt_of(session: Session, trip_id: str, *, of_tip: bool = False) -> FullReceipt:
    """The receipt of a trip's ride, or of its cancellation, or else of its tip. Raises ReceiptNotReady."""
    row = session.execute(
        select(
            charges,
            receipts.c.id.label("receipt_id"),
            receipts.c.year,
            receipts.c.sequence,
            receipts.c.issued_at,
            debts.c.settled_at.label("debt_settled_at"),
        )
        .join(receipts, (receipts.c.charge_id == charges.c.id) & receipts.c.refund_id.is_(None))
        .outerjoin(debts, debts.c.charge_id == charges.c.id)
        .where(charges.c.trip_id == trip_id, STANDING_TIP if of_tip else NO_TIP)
    ).first()
    if row is None:
        raise ReceiptNotReady()
    receipt = Receipt(row.receipt_id, row.id, row.trip_id, row.city, row.year, row.sequence, row.issued_at)
    is_paid = row.state == ChargeState.CAPTURED.value or row.debt_settled_at is not None
    charge = charge_of_row(row)
    tip = _tip_of(session, trip_id) if charge.kind == ChargeKind.RIDE else None
    return FullReceipt(receipt, charge, is_paid, refunds_of(session, charge), tip)


def _tip_of(session: Session, trip_id: str) -> GivenTip | None:
    row = session.execute(
        select(charges, receipts.c.id.label("receipt_id"), receipts.c.year, receipts.c.sequence, receipts.c.issued_at)
        .outerjoin(receipts, (receipts.c.charge_id == charges.c.id) & receipts.c.refund_id.is_(None))
        .where(charges.c.trip_id == trip_id, STANDING_TIP)
    ).first()
    if row is None:
        return None
    receipt = None
    if row.receipt_id is not None:
        receipt = Receipt(row.receipt_id, row.id, row.trip_id, row.city, row.year, row.sequence, row.issued_at)
    return GivenTip(charge_of_row(row), receipt)


def refunds_of_trip(session: Session, trip_id: str) -> list[FullRefund]:
    """The refunds of a trip, of its tip too, oldest first. Raises ReceiptNotReady for a trip without a charge."""
    rows = session.execute(select(charges).where(charges.c.trip_id == trip_id, or_(NO_TIP, STANDING_TIP))).all()
    if not rows:
        raise ReceiptNotReady()
    found = [each for row in rows for each in refunds_of(session, charge_of_row(row))]
    return sorted(found, key=lambda each: (each.refund.created_at, each.refund.id))


def refunds_of(session: Session, charge: Charge) -> list[FullRefund]:
    """The refunds of a charge, oldest first."""
    note = receipts.alias("note")
    found = session.execute(
        select(refunds, note.c.id.label("note_id"), note.c.year, note.c.sequence, note.c.issued_at)
        .outerjoin(note, note.c.refund_id == refunds.c.id)
        .where(refunds.c.charge_id == charge.id)
        .order_by(refunds.c.created_at, refunds.c.id)
    )
    return [FullRefund(refund_of_row(row, charge), _credit_note(row, charge)) for row in found]


def _credit_note(row: Any, charge: Charge) -> Receipt | None:
    if row.note_id is None:
        return None
    ride = charge.ride
    return Receipt(row.note_id, charge.id, ride.trip_id, ride.city, row.year, row.sequence, row.issued_at, row.id)


def charge_and_reason(session: Session, trip_id: str) -> tuple[Charge, str | None]:
    """The charge of a trip, and why it failed if it did. Raises NoResultFound for a trip without one."""
    row = session.execute(select(charges).where(charges.c.trip_id == trip_id, NO_TIP)).one()
    return charge_of_row(row), row.reason


def tip_and_reason(session: Session, tip_id: str) -> tuple[Charge, str | None]:
    """A tip, and why it failed if it did. Raises NoResultFound."""
    row = session.execute(select(charges).where(charges.c.id == tip_id)).one()
    return charge_of_row(row), row.reason


def _of_driver(wanted: Select, driver_id: str, since: datetime | None, until: datetime | None) -> Select:
    wanted = wanted.where(payout_lines.c.driver_id == driver_id)
    if since is not None:
        wanted = wanted.where(payout_lines.c.earned_at >= since)
    if until is not None:
        wanted = wanted.where(payout_lines.c.earned_at < until)
    return wanted


def earnings_lines(
    session: Session, driver_id: str, span: tuple[datetime | None, datetime | None], before: Place | None, limit: int
) -> list[PayoutLine]:
    """A driver's lines earned in `span` (from, until), newest first."""
    wanted = _of_driver(select(payout_lines), driver_id, *span)
    newest = (payout_lines.c.earned_at, payout_lines.c.id)
    if before is not None:
        wanted = wanted.where(tuple_(*newest) < before)
    found = session.execute(wanted.order_by(*(column.desc() for column in newest)).limit(limit))
    return [_line(row) for row in found]


def earnings_totals(
    session: Session, driver_id: str, span: tuple[datetime | None, datetime | None]
) -> list[dict[str, Any]]:
    """Sums of a driver's lines, one row a currency, most rides first.

    Keys: currency, rides, fare, tax, fee, cash, amount, to_be_paid, tips, cancellations.
    """
    lines = payout_lines.c
    unpaid = case((lines.payout_id.is_(None), lines.amount_minor), else_=0)
    sums = {
        "fare": lines.fare_minor,
        "tax": lines.tax_minor,
        "fee": lines.fee_minor,
        "cash": lines.cash_minor,
        "amount": lines.amount_minor,
        "to_be_paid": unpaid,
        "tips": case((lines.kind == ChargeKind.TIP.value, lines.fare_minor), else_=0),
        "cancellations": case((lines.kind.in_([kind.value for kind in FEES]), lines.fare_minor), else_=0),
    }
    # a payout that came back is owed again, and was earned before
    earned = lines.returned_payout_id.is_(None)
    columns = [
        func.coalesce(func.sum(column).filter(earned) if name != "to_be_paid" else func.sum(column), 0).label(name)
        for name, column in sums.items()
    ]
    is_ride = lines.kind == ChargeKind.RIDE.value
    rides = func.count().filter(is_ride, lines.refund_id.is_(None), earned).label("rides")
    wanted = _of_driver(select(lines.currency, rides, *columns), driver_id, *span)
    found = session.execute(wanted.group_by(lines.currency).order_by(rides.desc()))
    return [{**row._mapping, **{name: int(row._mapping[name]) for name in sums}} for row in found]


def payouts_of(
    session: Session, driver_id: str, before_id: str | None, limit: int
) -> list[tuple[Payout, list[PayoutLine]]]:
    """A driver's payouts with their lines, newest first."""
    wanted = select(payouts).where(payouts.c.driver_id == driver_id)
    if before_id is not None:
        wanted = wanted.where(payouts.c.id < before_id)
    rows = session.execute(wanted.order_by(payouts.c.id.desc()).limit(limit)).all()
    lines = _lines_by_payout(session, [row.id for row in rows])
    of = {row.id: lines.get(row.id, []) for row in rows}
    return [(payout_of_row(row, sum(line.is_ride for line in of[row.id])), of[row.id]) for row in rows]


def payout_of(session: Session, payout_id: str) -> tuple[Payout, list[PayoutLine]]:
    """A payout with its lines, oldest first. Raises UnknownPayout."""
    row = session.execute(select(payouts).where(payouts.c.id == payout_id)).first()
    if row is None:
        raise UnknownPayout()
    lines = _lines_by_payout(session, [payout_id]).get(payout_id, [])
    return payout_of_row(row, sum(line.is_ride for line in lines)), lines


def _lines_by_payout(session: Session, payout_ids: Sequence[str]) -> dict[str, list[PayoutLine]]:
    wanted = select(payout_lines).where(payout_lines.c.payout_id.in_(payout_ids)).order_by(payout_lines.c.earned_at)
    by_payout: dict[str, list[PayoutLine]] = {}
    for row in session.execute(wanted):
        by_payout.setdefault(row.payout_id, []).append(_line(row))
    return by_payout


def money_since(session: Session, since: datetime) -> list[dict[str, Any]]:
    """Charges answered since a moment by currency and state: currency, state, rides, amount. No tips that failed."""
    found = session.execute(
        select(
            charges.c.currency,
            charges.c.state,
            func.count().filter(charges.c.kind == ChargeKind.RIDE.value).label("rides"),
            func.sum(charges.c.fare_minor - charges.c.discount_minor).label("amount"),
        )
        .where(charges.c.resolved_at >= since, or_(NO_TIP, STANDING_TIP))
        .group_by(charges.c.currency, charges.c.state)
    )
    return [{**row._mapping, "amount": int(row.amount)} for row in found]


def money_open(session: Session) -> dict[str, dict[str, int]]:
    """What is owed now, by currency: `unpaid_payable` to drivers, `debts` by riders."""
    unpaid = select(payout_lines.c.currency, func.sum(payout_lines.c.amount_minor)).where(
        payout_lines.c.payout_id.is_(None)
    )
    owed = select(debts.c.currency, func.sum(debts.c.amount_minor)).where(debts.c.settled_at.is_(None))
    return {
        "unpaid_payable": {cur: int(sum_) for cur, sum_ in session.execute(unpaid.group_by(payout_lines.c.currency))},
        "debts": {cur: int(sum_) for cur, sum_ in session.execute(owed.group_by(debts.c.currency))},
    }


def pending_count(session: Session) -> int:
    """Charges without an answer."""
    wanted = select(func.count()).where(charges.c.state == ChargeState.PENDING.value)
    return int(session.execute(wanted).scalar_one())


def _line(row: Any) -> PayoutLine:
    return PayoutLine(
        charge_id=row.charge_id,
        trip_id=row.trip_id,
        driver_id=row.driver_id,
        city=row.city,
        currency=row.currency,
        fare_minor=row.fare_minor,
        tax_minor=row.tax_minor,
        fee_minor=row.fee_minor,
        cash_minor=row.cash_minor,
        earned_on=row.earned_on,
        earned_at=row.earned_at,
        payout_id=row.payout_id,
        refund_id=row.refund_id,
        returned_payout_id=row.returned_payout_id,
        id=row.id,
        kind=ChargeKind(row.kind),
    )
