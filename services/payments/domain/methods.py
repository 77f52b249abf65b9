"""Payment methods: tokens, never card numbers. The simulated provider knows these test cards."""

from __future__ import annotations

import re
from collections.abc import Callable

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

LABELS = {CASH: "Cash"}

_LIKE_A_CARD_NUMBER = re.compile(r"(?:\d[ -]?){12,19}")


def method_of(given: str | None, usual: str | None, knows: Callable[[str], bool]) -> str:
    """Cash, or a method of the provider, which `knows` its own; None stands for the `usual` one, where there is one.

    Raises UnknownPaymentMethod; what looks like a card number is not repeated.
    """
    method = usual if given is None else given
    if method is not None and _LIKE_A_CARD_NUMBER.search(method):
        why = "Send a token of the payment provider, never a card number."
    elif method is not None and (method == CASH or knows(method)):
        return method
    else:
        why = "Name a payment method." if method is None else "There is no such payment method."
    raise UnknownPaymentMethod(details={"payment_method": [why]})


def paid_with(method: str) -> str:
    """How a receipt names it."""
    return LABELS.get(method, "Card")
