"""What the payments service takes and refuses, and the words of its states; what it gives: `payment_replies`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

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


class Payment(StrEnum):
    """What operators look for trips by. `pending`: their charge has no answer yet; `owed`: it failed, and is a debt;
    `paid_late`: it failed, and the debt was paid since; `refunded`: money was given back, of a tip too.
    """

    PENDING = "pending"
    OWED = "owed"
    PAID_LATE = "paid_late"
    REFUNDED = "refunded"


MAX_FOUND = 1000
"""Trips that `find_trips` gives at most."""


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
