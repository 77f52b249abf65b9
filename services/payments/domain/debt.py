"""Debts: rides and fees that are not paid, and attempts to pay them later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hansom.contracts.payments import ChargeKind, ChargeState, DebtOpen
from hansom.values import Money


@dataclass(frozen=True, slots=True)
class OpenDebt:
    """What a rider owes for a trip, minor units, and why its charge failed."""

    charge_id: str
    trip_id: str
    rider_id: str
    amount_minor: int
    currency: str
    reason: str
    created_at: datetime
    kind: ChargeKind = ChargeKind.RIDE


@dataclass(frozen=True, slots=True)
class DebtPayment:
    """An attempt to settle a debt. Its `id` is the key by which the provider knows it."""

    id: str
    debt: OpenDebt
    method: str
    state: ChargeState
    created_at: datetime
    reason: str | None = None


def must_owe_nothing(owed: Sequence[OpenDebt]) -> None:
    """Raises DebtOpen, with what is owed, one amount a currency."""
    if owed:
        currencies = sorted({debt.currency for debt in owed})
        sums = {name: sum(debt.amount_minor for debt in owed if debt.currency == name) for name in currencies}
        raise DebtOpen(details={"debts": [Money(minor, name).as_dict() for name, minor in sums.items()]})
