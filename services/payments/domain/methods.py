"""Payment methods: tokens, never card numbers. The simulated provider knows these test cards."""

from __future__ import annotations

import re

from hansom.contracts.payments import UnknownPaymentMethod

CARD_OK = "card_ok"
CARD_DECLINED = "card_declined"
CARD_INSUFFICIENT_FUNDS = "card_insufficient_funds"
CARD_LOST_ANSWER = "card_lost_answer"
CARD_REFUND_DECLINED = "card_refund_declined"
CARD_HOLD_DECLINED = "card_hold_declined"
CARD_NEEDS_CONFIRMATION = "card_needs_confirmation"
CARD_CAPTURE_FAILS = "card_capture_fails"
CARD_WEBHOOK_LATE = "card_webhook_late"
CARD_WEBHOOK_TWICE = "card_webhook_twice"
CARD_WEBHOOK_DISORDERED = "card_webhook_disordered"
CASH = "cash"

METHODS = (
    CARD_OK,
    CARD_DECLINED,
    CARD_INSUFFICIENT_FUNDS,
    CARD_HOLD_DECLINED,
    CARD_NEEDS_CONFIRMATION,
    CARD_CAPTURE_FAILS,
    CARD_LOST_ANSWER,
    CARD_REFUND_DECLINED,
    CARD_WEBHOOK_LATE,
    CARD_WEBHOOK_TWICE,
    CARD_WEBHOOK_DISORDERED,
    CASH,
)

ALIASES = {
    "card": CARD_OK,
    "card_approve": CARD_OK,
    "card_visa": CARD_OK,
    "tok_visa": CARD_OK,
    "pm_card_visa": CARD_OK,
    "card_decline": CARD_DECLINED,
    "tok_chargeDeclined": CARD_DECLINED,
    "pm_card_chargeDeclined": CARD_DECLINED,
    "tok_chargeDeclinedInsufficientFunds": CARD_INSUFFICIENT_FUNDS,
    "pm_card_chargeDeclinedInsufficientFunds": CARD_INSUFFICIENT_FUNDS,
}
"""Other names of the test cards, among them those that Stripe's documents use."""

LABELS = {CASH: "Cash"}

_LIKE_A_CARD_NUMBER = re.compile(r"(?:\d[ -]?){12,19}")


def method_of(given: str | None, usual: str) -> str:
    """The method's own name; None stands for the `usual` one. Raises UnknownPaymentMethod."""
    if given is None:
        return usual
    method = ALIASES.get(given, given)
    if method in METHODS:
        return method
    why = "There is no such payment method."
    if _LIKE_A_CARD_NUMBER.search(given):
        why = "Send a token of the payment provider, never a card number."
    raise UnknownPaymentMethod(details={"payment_method": [why]})


def paid_with(method: str) -> str:
    """How a receipt names it."""
    return LABELS.get(method, "Card")
