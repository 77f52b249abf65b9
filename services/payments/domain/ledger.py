"""Double entry: what is posted for a ride, a fee or a tip, its discount and payment, a refund and a payout.

Debits are positive, credits negative, and every posting sums to zero. An account is named by its kind, its owner and
its currency (`driver:0192...:EUR`), so a currency is never mixed with another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.payments.domain.money_rules import Split
from services.payments.domain.refund import Borne

RIDER, DRIVER, CLEARING, REVENUE, TAX = "rider", "driver", "clearing", "revenue", "tax"
PROMO, PAYOUT = "promo", "payout"
KINDS = (RIDER, DRIVER, CLEARING, REVENUE, TAX, PROMO, PAYOUT)
"""Kinds of accounts. `promo`: what the platform gives away; `payout`: money on its way to drivers."""


@dataclass(frozen=True, slots=True)
class Account:
    """`owner` is a rider's or driver's id, or empty for the platform's own accounts."""

    kind: str
    owner: str
    currency: str

    @property
    def id(self) -> str:
        return f"{self.kind}:{self.owner}:{self.currency}" if self.owner else f"{self.kind}:{self.currency}"


@dataclass(frozen=True, slots=True)
class Entry:
    account: Account
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Posting:
    """One ledger transaction. (`kind`, `reference`) is unique: what is posted twice is posted once."""

    kind: str
    reference: str
    cause: str
    at: datetime
    entries: tuple[Entry, ...]

    def __post_init__(self) -> None:
        sums: dict[str, int] = {}
        for entry in self.entries:
            sums[entry.account.currency] = sums.get(entry.account.currency, 0) + entry.amount_minor
        if any(sums.values()):
            raise ValueError(f"{self.kind} {self.reference} does not sum to zero")


def ride_entries(rider_id: str, driver_id: str, parts: Split, currency: str) -> tuple[Entry, ...]:
    """A ride was made, a fee is due or a tip was given: the rider owes it; driver, platform and tax office are owed
    their parts."""
    return _without_zeros(
        Entry(Account(RIDER, rider_id, currency), parts.fare_minor),
        Entry(Account(DRIVER, driver_id, currency), -parts.share_minor),
        Entry(Account(REVENUE, "", currency), -parts.fee_minor),
        Entry(Account(TAX, "", currency), -parts.tax_minor),
    )


def promo_entries(rider_id: str, amount_minor: int, currency: str) -> tuple[Entry, ...]:
    """The platform pays so much of the rider's fare."""
    return _without_zeros(
        Entry(Account(PROMO, "", currency), amount_minor),
        Entry(Account(RIDER, rider_id, currency), -amount_minor),
    )


def card_payment_entries(rider_id: str, amount_minor: int, currency: str) -> tuple[Entry, ...]:
    """The provider holds the money now; the rider owes it no more: at once, or when he settles his debt."""
    return _without_zeros(
        Entry(Account(CLEARING, "", currency), amount_minor),
        Entry(Account(RIDER, rider_id, currency), -amount_minor),
    )


def cash_payment_entries(rider_id: str, driver_id: str, amount_minor: int, currency: str) -> tuple[Entry, ...]:
    """The driver holds the money: it is set against what he is owed."""
    return _without_zeros(
        Entry(Account(DRIVER, driver_id, currency), amount_minor),
        Entry(Account(RIDER, rider_id, currency), -amount_minor),
    )


def refund_entries(rider_id: str, driver_id: str, parts: Borne, currency: str) -> tuple[Entry, ...]:
    """A rider is given back part of his fare; who got it bears it."""
    return _without_zeros(
        Entry(Account(TAX, "", currency), parts.tax_minor),
        Entry(Account(REVENUE, "", currency), parts.fee_minor),
        Entry(Account(DRIVER, driver_id, currency), parts.share_minor),
        Entry(Account(RIDER, rider_id, currency), -parts.amount_minor),
    )


def refund_payment_entries(rider_id: str, amount_minor: int, currency: str) -> tuple[Entry, ...]:
    """The provider has sent the rider what he is given back."""
    return _without_zeros(
        Entry(Account(RIDER, rider_id, currency), amount_minor),
        Entry(Account(CLEARING, "", currency), -amount_minor),
    )


def payout_reserved_entries(driver_id: str, amount_minor: int, currency: str) -> tuple[Entry, ...]:
    """What the driver was owed is on its way to him."""
    return _without_zeros(
        Entry(Account(DRIVER, driver_id, currency), amount_minor),
        Entry(Account(PAYOUT, "", currency), -amount_minor),
    )


def payout_sent_entries(amount_minor: int, currency: str) -> tuple[Entry, ...]:
    """The provider has sent what was on its way."""
    return _without_zeros(
        Entry(Account(PAYOUT, "", currency), amount_minor),
        Entry(Account(CLEARING, "", currency), -amount_minor),
    )


def payout_failed_entries(driver_id: str, amount_minor: int, currency: str) -> tuple[Entry, ...]:
    """The provider refused to send it: the driver is owed it again."""
    return _without_zeros(
        Entry(Account(PAYOUT, "", currency), amount_minor),
        Entry(Account(DRIVER, driver_id, currency), -amount_minor),
    )


def payout_entries(driver_id: str, amount_minor: int, currency: str) -> tuple[Entry, ...]:
    """The provider has sent the driver what he was owed: of payouts that were never posted as reserved."""
    return _without_zeros(
        Entry(Account(DRIVER, driver_id, currency), amount_minor),
        Entry(Account(CLEARING, "", currency), -amount_minor),
    )


def payout_returned_entries(driver_id: str, amount_minor: int, currency: str) -> tuple[Entry, ...]:
    """What was sent came back: the driver is owed it again."""
    return _without_zeros(
        Entry(Account(CLEARING, "", currency), amount_minor),
        Entry(Account(DRIVER, driver_id, currency), -amount_minor),
    )


def _without_zeros(*entries: Entry) -> tuple[Entry, ...]:
    return tuple(entry for entry in entries if entry.amount_minor)
