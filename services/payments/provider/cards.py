"""The simulated provider's test cards: what each does when money is held on it, taken from it or given back to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.payments.domain.methods import (
    CARD_CAPTURE_FAILS,
    CARD_DECLINED,
    CARD_HOLD_DECLINED,
    CARD_INSUFFICIENT_FUNDS,
    CARD_LOST_ANSWER,
    CARD_NEEDS_CONFIRMATION,
    CARD_OK,
    CARD_REFUND_DECLINED,
    CARD_WEBHOOK_DISORDERED,
    CARD_WEBHOOK_LATE,
    CARD_WEBHOOK_TWICE,
)


class Webhooks(StrEnum):
    """How a charge that is answered later is told of: after all have looked, twice, or its end before its start."""

    LATE = "late"
    TWICE = "twice"
    DISORDERED = "disordered"


@dataclass(frozen=True, slots=True)
class Card:
    """What a test card does. The reasons say why something fails; without one it succeeds.

    `no_capture`: why a charge fails that is taken from a hold. `loses_answers`: it is done, and who asked first never
    hears of it. `answers_later`: a charge is pending at first, and the end of it is told by webhooks.
    """

    no_hold: str | None = None
    no_charge: str | None = None
    no_capture: str | None = None
    no_refund: str | None = None
    asks_rider: bool = False
    loses_answers: bool = False
    answers_later: Webhooks | None = None


UNKNOWN = Card(
    no_hold="unknown_payment_method", no_charge="unknown_payment_method", no_capture="unknown_payment_method"
)

CARDS = {
    CARD_OK: Card(),
    CARD_DECLINED: Card(no_charge="card_declined", no_capture="card_declined"),
    CARD_INSUFFICIENT_FUNDS: Card(no_charge="insufficient_funds", no_capture="insufficient_funds"),
    CARD_HOLD_DECLINED: Card(no_hold="card_declined", no_charge="card_declined"),
    CARD_CAPTURE_FAILS: Card(no_capture="capture_failed"),
    CARD_NEEDS_CONFIRMATION: Card(no_charge="authentication_required", asks_rider=True),
    CARD_LOST_ANSWER: Card(loses_answers=True),
    CARD_REFUND_DECLINED: Card(no_refund="refund_declined"),
    CARD_WEBHOOK_LATE: Card(answers_later=Webhooks.LATE),
    CARD_WEBHOOK_TWICE: Card(answers_later=Webhooks.TWICE),
    CARD_WEBHOOK_DISORDERED: Card(answers_later=Webhooks.DISORDERED),
}


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


def is_known(method: str) -> bool:
    return ALIASES.get(method, method) in CARDS


def card_of(method: str) -> Card:
    """What a method does; one that nobody knows is refused whatever for."""
    return CARDS.get(ALIASES.get(method, method), UNKNOWN)
