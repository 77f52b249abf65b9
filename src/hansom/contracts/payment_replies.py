"""What the payments service gives and tells, part of its contract.

Plain JSON: times are RFC 3339 strings, days `2026-01-31`, `Money` its wire form. States: see `payments`.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


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
    city: str
    amount: dict[str, Any]
    until_day: str
    rides: int


class PayoutFailedData(TypedDict):
    """payout_failed: refused by the provider, or come back. It is owed again, and paid with the next."""

    payout_id: str
    driver_id: str
    amount: dict[str, Any]
    reason: str
