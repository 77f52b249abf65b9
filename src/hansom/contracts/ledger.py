"""What the payments service says of its ledger: balances of accounts at any moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypedDict


class AccountKind(StrEnum):
    """Whose money an account tells of: a rider's and a driver's, each his own; the platform's with one a currency.

    `clearing`: what the payment provider holds for us. `promo`: what the platform gave away. `payout`: on its way to
    drivers.
    """

    RIDER = "rider"
    DRIVER = "driver"
    CLEARING = "clearing"
    REVENUE = "revenue"
    TAX = "tax"
    PROMO = "promo"
    PAYOUT = "payout"


@dataclass(frozen=True, slots=True)
class SeeBalances:
    """Balances at a moment (None: now) of the accounts that fit, in the order of their ids, from behind `cursor` on."""

    kind: AccountKind | None = None
    owner: str | None = None
    currency: str | None = None
    at: datetime | None = None
    limit: int = 100
    cursor: str | None = None


class BalanceReply(TypedDict):
    """An account's balance: debits less credits, so what a rider owes is positive, and what a driver is owed negative.
    `owner` is null for the platform's own accounts."""

    account_id: str
    kind: str
    owner: str | None
    currency: str
    balance_minor: int


class BalancesReply(TypedDict):
    """`at`: the moment that the balances are of."""

    at: str
    items: list[BalanceReply]
    next_cursor: str | None
