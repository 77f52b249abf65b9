"""Stripe's words in ours: what a PaymentIntent, a refund or a transfer says of a hold, charge, refund or payout."""

from __future__ import annotations

from typing import Any

from hansom.contracts.payments import ChargeState, HoldState, PayoutState, RefundState
from services.payments.domain.charge import Outcome
from services.payments.domain.hold import HoldAnswer
from services.payments.domain.payout import PayoutAnswer
from services.payments.domain.refund import RefundAnswer

HOLDS = {
    "requires_capture": HoldState.HELD,
    "requires_action": HoldState.NEEDS_CONFIRMATION,
    "requires_payment_method": HoldState.DECLINED,
    "requires_confirmation": HoldState.PENDING,
    "processing": HoldState.PENDING,
    "succeeded": HoldState.CAPTURED,
    "canceled": HoldState.RELEASED,
}

CHARGES = {
    "succeeded": ChargeState.CAPTURED,
    "processing": ChargeState.PENDING,
    "requires_confirmation": ChargeState.PENDING,
    "requires_payment_method": ChargeState.FAILED,
    "requires_action": ChargeState.FAILED,
    "requires_capture": ChargeState.FAILED,
    "canceled": ChargeState.FAILED,
}
"""Of a charge by its own key. Nobody is there to answer his bank: that it asks is a refusal."""


def hold_answer(intent: Any) -> HoldAnswer:
    state = HOLDS[intent.status]
    action = None
    if state == HoldState.NEEDS_CONFIRMATION:
        action = {"type": "stripe", "payment_intent": intent.id, "client_secret": intent.client_secret}
    reason = why_not(intent) if state in (HoldState.DECLINED, HoldState.RELEASED) else None
    return HoldAnswer(state, intent.id, reason, action)


def outcome(intent: Any) -> Outcome:
    state = CHARGES[intent.status]
    return Outcome(state, intent.id, why_not(intent) if state == ChargeState.FAILED else None)


def captured(intent: Any) -> Outcome:
    """Of a charge that was taken from a hold."""
    return Outcome(ChargeState.CAPTURED, intent.id, None)


def refund_answer(refund: Any) -> RefundAnswer:
    """`pending` is done: Stripe has taken it from the balance, and the card's bank takes its time."""
    if refund.status in ("failed", "canceled"):
        return RefundAnswer(RefundState.FAILED, refund.id, field(refund, "failure_reason") or refund.status)
    return RefundAnswer(RefundState.DONE, refund.id, None)


def payout_answer(transfer: Any) -> PayoutAnswer:
    return PayoutAnswer(PayoutState.SENT, transfer.id, None)


def why_not(intent: Any) -> str:
    """In a word, why nothing was or is held or taken."""
    error = field(intent, "last_payment_error")
    if intent.status == "requires_action":
        return "authentication_required"
    if intent.status == "canceled":
        return field(intent, "cancellation_reason") or "released"
    return (field(error, "decline_code") or field(error, "code") or "declined") if error is not None else "declined"


def why_refused(error: Any) -> str:
    """In a word, why Stripe refused."""
    said = getattr(error, "error", None)
    word = str(field(said, "decline_code") or error.code or "refused")
    return "unknown_payment_method" if word == "resource_missing" else word


def intent_of(error: Any) -> str | None:
    """Id of the PaymentIntent that a refusal is about, where Stripe names one."""
    intent = field(getattr(error, "error", None), "payment_intent")
    return None if intent is None else str(intent.id)


def our_key(thing: Any) -> tuple[str, str] | None:
    """Our kind and key of one of Stripe's objects; None when it was made by somebody else."""
    known = field(thing, "metadata")
    kind, key = field(known, "hansom_kind"), field(known, "hansom_key")
    return (str(kind), str(key)) if kind and key else None


def field(thing: Any, name: str) -> Any:
    """A field that need not be there."""
    return None if thing is None else getattr(thing, name, None)
