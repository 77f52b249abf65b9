"""What the payments service takes, gives, tells and refuses.

Replies and the data of events are plain JSON: times are RFC 3339 strings, days `2026-01-31`, `Money` its wire form.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NotRequired, TypedDict

from hansom.contracts.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Unauthenticated,
    Unavailable,
    Unreadable,
    error,
)


class ChargeState(StrEnum):
    """What became of a charge. `pending`: the provider is being asked, or its answer was lost and is looked up."""

    PENDING = "pending"
    CAPTURED = "captured"
    FAILED = "failed"


class ChargeKind(StrEnum):
    """What a trip is charged for: its ride, or else its cancellation or that its rider did not come; and a tip."""

    RIDE = "ride"
    CANCELLATION = "cancellation"
    NO_SHOW = "no_show"
    TIP = "tip"


class TipReason(StrEnum):
    """Why a tip cannot be given."""

    NOT_SETTLED = "not_settled"
    TOO_LATE = "too_late"
    ALREADY_TIPPED = "already_tipped"
    NO_TIPS = "no_tips"


class PayoutState(StrEnum):
    """`reserved`: its lines are taken and the provider is being asked. `failed`: the provider refused it. `returned`:
    it was sent and came back. What was not got is owed again.
    """

    RESERVED = "reserved"
    SENT = "sent"
    FAILED = "failed"
    RETURNED = "returned"


class RefundState(StrEnum):
    """What became of a refund. `pending`: the provider is being asked, or its answer was lost and is looked up."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


class HoldState(StrEnum):
    """What became of a hold. It stands while `pending` (being asked, or its answer was lost), `held`, or while it
    `needs_confirmation` by its rider. `captured`: a charge was taken from it; `released`: the rider has it all back.
    """

    PENDING = "pending"
    HELD = "held"
    DECLINED = "declined"
    NEEDS_CONFIRMATION = "needs_confirmation"
    CAPTURED = "captured"
    RELEASED = "released"


class ConfirmationState(StrEnum):
    """A payment as its rider sees it whose bank wants him to confirm. `over`: it waited too long, or is used up."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    OVER = "over"


class AuditCause(StrEnum):
    """Why an audit was run."""

    NIGHTLY = "nightly"
    ASKED = "asked"


class ReceiptState(StrEnum):
    """Whether a ride has been paid, and whether that was given back."""

    PAID = "paid"
    UNPAID = "unpaid"
    REFUNDED = "refunded"


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
class UnknownPayoutAccount(Invalid):
    code = "unknown_payout_account"
    message = "There is no such payout account."


@error
class UnknownPayout(NotFound):
    code = "unknown_payout"
    message = "There is no such payout."


@error
class DebtOpen(Conflict):
    """`details.debts`: what is owed, one amount a currency; `POST /v1/me/debts/settle` pays it."""

    code = "debt_open"
    message = "An earlier ride is not paid yet: settle it before you ask for the next."


@error
class PaymentDeclined(Conflict):
    """The card does not bear the fare. `details.reason`: the provider's word, such as insufficient_funds."""

    code = "payment_declined"
    message = "Your card was declined: choose another way to pay."


@error
class PaymentNeedsConfirmation(Conflict):
    """`details.confirmation_id`: see `GET /v1/me/payment-confirmations/{id}`. Confirmed, the request goes through."""

    code = "payment_needs_confirmation"
    message = "Your bank wants you to confirm this payment: confirm it, and ask for the ride again."


@error
class UnknownConfirmation(NotFound):
    code = "unknown_payment_confirmation"
    message = "There is no such payment to confirm."


@error
class ConfirmationOver(Conflict):
    """`details.state`: what became of it, one of `ConfirmationState`."""

    code = "confirmation_over"
    message = "This payment is not waiting for you any more."


@error
class UnknownProvider(NotFound):
    code = "unknown_payment_provider"
    message = "There is no such payment provider here."


@error
class WebhookRefused(Unauthenticated):
    """A message that is not signed by the provider, or was signed too long ago."""

    code = "webhook_refused"
    message = "The signature is missing, wrong or too old."


@error
class WebhookUnreadable(Unreadable):
    """Signed by the provider, and still not one of its messages."""

    code = "webhook_unreadable"
    message = "This is not a message of the payment provider."


@error
class DayNotOver(Conflict):
    """A payout run was asked for a day that has not come."""

    code = "day_not_over"
    message = "That day is not over yet."


@error
class NothingToRefund(Conflict):
    """The charge failed or is not answered, or the ride cost nothing."""

    code = "nothing_to_refund"
    message = "Nothing was paid for this trip."


@error
class PaidInCash(Conflict):
    code = "paid_in_cash"
    message = "This trip was paid in cash: the driver has the money, not the payment provider."


@error
class RefundTooLarge(Conflict):
    """`details.refundable`: what is left to be refunded."""

    code = "refund_too_large"
    message = "That is more than is left to be refunded."


@error
class AuditRunning(Conflict):
    code = "audit_running"
    message = "An audit is being run: its result will be in the list."


@error
class TipRefused(Conflict):
    """`details.reason`: one of `TipReason`."""

    code = "tip_refused"
    message = "This ride cannot be tipped."


@error
class NotYourRide(Forbidden):
    code = "not_your_trip"
    message = "This trip is not yours."


@error
class ProviderUnavailable(Unavailable):
    code = "provider_unavailable"
    message = "The payment provider does not answer."


# -- requests --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class SeeReceipt:
    """`role` of who asks: rider, driver or ops. `of_tip`: the tip's receipt, not the ride's or the cancellation's."""

    trip_id: str
    user_id: str
    role: str
    of_tip: bool = False
    number: str | None = None
    """Of one of the trip's receipts and credit notes."""


@dataclass(frozen=True, slots=True)
class TipTrip:
    """Give the driver of a ride so much, once. `payment_method`: None for what the ride was paid with."""

    trip_id: str
    rider_id: str
    amount_minor: int
    payment_method: str | None = None
    idempotency: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class AuthorizeRide:
    """Keep the fare back before a trip begins, minor units. `payment_method`: None for the rider's usual one.

    Safe to repeat: a trip has one hold.
    """

    trip_id: str
    rider_id: str
    city: str
    amount_minor: int
    currency: str
    payment_method: str | None = None


@dataclass(frozen=True, slots=True)
class ConfirmPayment:
    """The rider says yes or no to what his bank asks of him."""

    rider_id: str
    confirmation_id: str
    accept: bool


@dataclass(frozen=True, slots=True)
class SeeEarnings:
    """A driver's lines with `earned_from` ≤ earned_at < `earned_to`, newest first."""

    driver_id: str
    earned_from: datetime | None = None
    earned_to: datetime | None = None
    limit: int = 100
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class RefundTrip:
    """Give back `amount_minor` of what was paid for a trip, or all that is left (None). `from_driver`: he bears his
    part of it. `of_tip`: of its tip instead."""

    trip_id: str
    by_user_id: str
    reason: str
    amount_minor: int | None = None
    from_driver: bool = False
    of_tip: bool = False
    idempotency: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ListPayouts:
    driver_id: str
    limit: int = 20
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class SeeStatement:
    """`role` of who asks: the payout's driver, or ops."""

    payout_id: str
    user_id: str
    role: str


@dataclass(frozen=True, slots=True)
class RunPayouts:
    """Pay out everything earned up to and with `until_day`; None: yesterday, by each city's own calendar."""

    until_day: date | None = None


# -- replies ---------------------------------------------------------------------------------------------------------
class ChargeReply(TypedDict):
    charge_id: str
    trip_id: str
    kind: str
    state: str
    amount: dict[str, Any]
    method: str
    reason: str | None


class AuthorizeReply(TypedDict):
    """`state`: held, or none when there is nothing to hold (cash, nothing to pay)."""

    state: str


class ConfirmationReply(TypedDict):
    """A payment that its rider's bank wants confirmed. `state` is one of `ConfirmationState`; `action` is what the app
    needs for it, as the provider gives it, while it waits.
    """

    id: str
    state: str
    amount: dict[str, Any]
    reason: str | None
    action: dict[str, Any] | None
    created_at: str
    expires_at: str


class ReceiptLine(TypedDict):
    """One line; the lines of a receipt add up to its total. `values`: the numbers that its label tells, if any."""

    code: str
    label: str
    amount: dict[str, Any]
    values: NotRequired[dict[str, Any]]


class TipReply(TypedDict):
    """A tip. `state` is one of `ChargeState`; `reason` says why it failed."""

    tip_id: str
    trip_id: str
    amount: dict[str, Any]
    state: str
    reason: str | None


class ReceiptTip(TypedDict):
    """A tip as the receipt of its ride tells of it; `receipt_number` is null while it is pending."""

    amount: dict[str, Any]
    receipt_number: str | None
    state: str


class DebtReply(TypedDict):
    """What a rider owes for a trip, and why it could not be charged. `kind` is one of `ChargeKind`."""

    trip_id: str
    kind: str
    amount: dict[str, Any]
    reason: str
    since: str


class RefundReply(TypedDict):
    """A refund of a charge of this `kind`. `state` is one of `RefundState`, `failure` says why it failed; `from_driver`
    is what he bears of it.
    """

    refund_id: str
    trip_id: str
    kind: str
    amount: dict[str, Any]
    from_driver: dict[str, Any]
    reason: str
    by: str
    state: str
    failure: str | None
    credit_note_number: str | None
    created_at: str
    resolved_at: str | None


class RefundLine(TypedDict):
    """A refund as its rider sees it."""

    refund_id: str
    amount: dict[str, Any]
    reason: str
    credit_note_number: str | None
    at: str


class ReceiptReply(TypedDict):
    """A receipt. `state` is one of `ReceiptState`; `fare_reason` says why a fare is not the quoted one.

    `total` is what the rider pays: the fare less the `discount`, which is a line below nothing. The `tax` is that of
    the fare. `refunds`: what was given back, oldest first; `refunded`: their sum.
    """

    receipt_id: str
    receipt_number: str
    trip_id: str
    kind: str
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
    refunds: list[RefundLine]
    refunded: dict[str, Any]
    discount: dict[str, Any]
    promo_code: str | None
    tip: ReceiptTip | None


class DocumentReply(TypedDict):
    """`headers`: what the document's HTTP answer needs besides its type: its language, its policy, its name."""

    content_type: str
    body_b64: str
    headers: dict[str, str]


class EarningsLine(TypedDict):
    """What one charge brought its driver: fare - tax - fee = share; what he took in cash is netted in `amount`.

    `kind` is one of `ChargeKind`, of a payout that came back `returned`. With `refund_id` it is what he bears of a
    refund: less than nothing; with `returned_payout_id` a payout that he did not get, of no trip.
    """

    kind: str
    trip_id: str | None
    earned_at: str
    fare: dict[str, Any]
    tax: dict[str, Any]
    fee: dict[str, Any]
    share: dict[str, Any]
    cash: dict[str, Any]
    amount: dict[str, Any]
    payout_id: str | None
    refund_id: str | None
    returned_payout_id: str | None


class EarningsTotals(TypedDict):
    """Sums over all lines asked for, of one currency. `to_be_paid` is the part of `amount` without a payout. `tips` and
    `cancellations` (of riders who did not come, too) are parts of `fare`."""

    rides: int
    fare: dict[str, Any]
    tax: dict[str, Any]
    fee: dict[str, Any]
    share: dict[str, Any]
    cash: dict[str, Any]
    amount: dict[str, Any]
    to_be_paid: dict[str, Any]
    tips: dict[str, Any]
    cancellations: dict[str, Any]


class PayoutReply(TypedDict):
    payout_id: str
    driver_id: str
    city: str
    until_day: str
    amount: dict[str, Any]
    state: str
    reason: str | None
    created_at: str
    sent_at: str | None
    lines: list[EarningsLine]


class StatementTotals(TypedDict):
    """What a payout is made of: fare - tax - fee - cash - refunds + returned. `refunds`: what the driver bears of them;
    `returned`: payouts before that he did not get. `tips` and `cancellations` are parts of `fare`.
    """

    rides: int
    fare: dict[str, Any]
    tax: dict[str, Any]
    fee: dict[str, Any]
    cash: dict[str, Any]
    refunds: dict[str, Any]
    returned: dict[str, Any]
    tips: dict[str, Any]
    cancellations: dict[str, Any]


class StatementReply(PayoutReply):
    """A payout, its lines and their sums."""

    totals: StatementTotals


class Check(TypedDict):
    """One line of an audit: what must hold, how many things were looked at, and the first of those that break it."""

    name: str
    checked: int
    broken: int
    breaches: list[str]


class AuditCheck(Check):
    """A check of an audit that was run and kept. `service`: who found it."""

    service: str


class AuditReply(TypedDict):
    """An audit that was run and kept. `checked` and `broken`: sums over its checks."""

    audit_id: str
    cause: str
    started_at: str
    finished_at: str
    checked: int
    broken: int
    checks: list[AuditCheck]


# -- events: key is the trip's id, for payout_sent the driver's ------------------------------------------------------
class PaymentData(TypedDict):
    """payment_captured, and payment_failed with a `reason` such as card_declined or insufficient_funds.

    `kind` is one of `ChargeKind`; messages of the version before have none: a ride. A tip that failed has no receipt
    and is owed by nobody.
    """

    trip_id: str
    kind: str
    rider_id: str
    driver_id: str
    amount: dict[str, Any]
    method: str
    receipt_id: str | None
    reason: str | None


class TipReceivedData(TypedDict):
    """tip_received: a rider has tipped his driver."""

    trip_id: str
    rider_id: str
    driver_id: str
    amount: dict[str, Any]


class DebtSettledData(TypedDict):
    """debt_settled: a rider has paid a ride whose charge had failed."""

    trip_id: str
    rider_id: str
    amount: dict[str, Any]
    method: str


class RefundData(TypedDict):
    """payment_refunded. `from_driver`: what he bears of it."""

    refund_id: str
    trip_id: str
    rider_id: str
    driver_id: str
    amount: dict[str, Any]
    from_driver: dict[str, Any]
    reason: str
    credit_note_number: str


class PayoutSentData(TypedDict):
    payout_id: str
    driver_id: str
    amount: dict[str, Any]
    until_day: str
    rides: int


class PayoutFailedData(TypedDict):
    """payout_failed: refused by the provider, or come back. It is owed again, and paid with the next."""

    payout_id: str
    driver_id: str
    amount: dict[str, Any]
    reason: str
