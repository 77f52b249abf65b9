"""Trips by how it stands with their payment, each kind by an index of its own."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from hansom.contracts.payments import ChargeState, Payment, RefundState
from services.payments.storage.charges import NO_TIP
from services.payments.storage.tables import charges, debts, refunds

_PENDING = (
    select(charges.c.trip_id)
    .where(charges.c.state == ChargeState.PENDING.value, NO_TIP)
    .order_by(charges.c.created_at.desc(), charges.c.id)
)
_DEBTS = select(charges.c.trip_id).join(debts).order_by(debts.c.created_at.desc(), debts.c.charge_id)
_REFUNDED = (
    select(charges.c.trip_id)
    .join(refunds)
    .where(refunds.c.state == RefundState.DONE.value)
    .order_by(refunds.c.created_at.desc(), refunds.c.id)
)
NEWEST: dict[Payment, Select[Any]] = {
    Payment.PENDING: _PENDING,
    Payment.OWED: _DEBTS.where(debts.c.settled_at.is_(None)),
    Payment.PAID_LATE: _DEBTS.where(debts.c.settled_at.is_not(None)),
    Payment.REFUNDED: _REFUNDED,
}


def trips_paid_so(session: Session, payment: Payment, city: str | None, limit: int) -> tuple[list[str], bool]:
    """Ids of the trips, of a city or of all, whose charge, debt or refund is newest, each once; and whether there may
    be more. One statement."""
    wanted = NEWEST[payment] if city is None else NEWEST[payment].where(charges.c.city == city)
    found = list(session.execute(wanted.limit(limit + 1)).scalars())
    return list(dict.fromkeys(found[:limit])), len(found) > limit
