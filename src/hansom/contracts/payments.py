"""What the payments service takes, gives, tells and refuses.

Replies and the data of events are plain JSON: times are RFC 3339 strings, days `2026-01-31`, `Money` its wire form.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypedDict

from hansom.contracts.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable, error


class ChargeState(StrEnum):
    """What became of a charge. `pending`: the provider is being asked, or its answer was lost and is looked up."""

    PENDING = "pending"
    CAPTURED = "captured"
    FAILED = "failed"


class PayoutState(StrEnum):
    """`reserved`: its lines are taken and the provider is being asked."""

    RESERVED = "reserved"
    SENT = "sent"


class ReceiptState(StrEnum):
    """Whether a ride has been paid."""

    PAID = "paid"
    UNPAID = "unpaid"


# -- errors ----------------------------------------------------------------------------------------------------------
@error
class ReceiptNotReady(NotFound):
    code = "receipt_not_ready"
    message = "There is no receipt for this trip yet."


@error
class NotYourReceipt(Forbidden):
    code = "not_your_receipt"
    message = "This receipt is not yours."


@error
class UnknownPaymentMethod(Invalid):
    code = "unknown_payment_method"
    message = "There is no such payment method."


@error
class DayNotOver(Conflict):
    """A payout run was asked for a day that has not come."""

    code = "day_not_over"
    message = "That day is not over yet."


@error
class ProviderUnavailable(Unavailable):
    code = "provider_unavailable"
    message = "The payment provider does not answer."


# -- requests --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class SeeReceipt:
    """`role` of who asks: rider, driver or ops."""

    trip_id: str
    user_id: str
    role: str


@dataclass(frozen=True, slots=True)
class SeeEarnings:
    """A driver's lines with `earned_from` ≤ earned_at < `earned_to`, newest first."""

    driver_id: str
    earned_from: datetime | None = None
    earned_to: datetime | None = None
    limit: int = 100
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class ListPayouts:
    driver_id: str
    limit: int = 20
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class RunPayouts:
    """Pay out everything earned up to and with `until_day`; None: yesterday, by each city's own calendar."""

    until_day: date | None = None


# -- replies ---------------------------------------------------------------------------------------------------------
class ChargeReply(TypedDict):
    charge_id: str
    trip_id: str
    state: str
    amount: dict[str, Any]
    method: str
    reason: str | None


class ReceiptLine(TypedDict):
    """One line; the lines of a receipt add up to its total."""

    code: str
    label: str
    amount: dict[str, Any]


class ReceiptReply(TypedDict):
    """A receipt. `state` is one of `ReceiptState`; `fare_reason` says why a fare is not the quoted one."""

    receipt_id: str
    receipt_number: str
    trip_id: str
    rider_id: str
    driver_id: str
    city: str
    issued_at: str
    completed_at: str
    category: str
    distance_m: float | None
    duration_s: float | None
    lines: list[ReceiptLine]
    total: dict[str, Any]
    tax: dict[str, Any]
    paid_with: str
    state: str
    fare_reason: str | None


class DocumentReply(TypedDict):
    content_type: str
    body_b64: str


class EarningsLine(TypedDict):
    """What one ride brought its driver: fare - tax - fee = share; what he took in cash is netted in `amount`."""

    trip_id: str
    earned_at: str
    fare: dict[str, Any]
    tax: dict[str, Any]
    fee: dict[str, Any]
    share: dict[str, Any]
    cash: dict[str, Any]
    amount: dict[str, Any]
    payout_id: str | None


class EarningsTotals(TypedDict):
    """Sums over all lines asked for, of one currency. `to_be_paid` is the part of `amount` without a payout."""

    rides: int
    fare: dict[str, Any]
    tax: dict[str, Any]
    fee: dict[str, Any]
    share: dict[str, Any]
    cash: dict[str, Any]
    amount: dict[str, Any]
    to_be_paid: dict[str, Any]


class PayoutReply(TypedDict):
    payout_id: str
    driver_id: str
    city: str
    until_day: str
    amount: dict[str, Any]
    state: str
    created_at: str
    sent_at: str | None
    lines: list[EarningsLine]


class Check(TypedDict):
    """One line of an audit: what must hold, how many things were looked at, and the first of those that break it."""

    name: str
    checked: int
    broken: int
    breaches: list[str]


# -- events: key is the trip's id, for payout_sent the driver's ------------------------------------------------------
class PaymentData(TypedDict):
    """payment_captured, and payment_failed with a `reason` such as card_declined or insufficient_funds."""

    trip_id: str
    rider_id: str
    driver_id: str
    amount: dict[str, Any]
    method: str
    receipt_id: str | None
    reason: str | None


class PayoutSentData(TypedDict):
    payout_id: str
    driver_id: str
    amount: dict[str, Any]
    until_day: str
    rides: int
