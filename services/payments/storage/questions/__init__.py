"""What the audit asks of the payments database, by what it is of: the answer to each `breaches` must be empty."""

from __future__ import annotations

from services.payments.storage.questions import charges, debts, holds, ledger, payouts, simulated
from services.payments.storage.questions.question import Question

OF_EVERY_DATABASE: tuple[Question, ...] = (
    *charges.QUESTIONS,
    *ledger.QUESTIONS,
    *debts.QUESTIONS,
    *payouts.QUESTIONS,
    *holds.QUESTIONS,
)

OF_PROVIDERS: dict[str, tuple[Question, ...]] = {"simulated": simulated.QUESTIONS}
"""Of a provider whose books are in this database."""


def questions(provider: str) -> tuple[Question, ...]:
    """All of them, where this provider is in use."""
    return (*OF_EVERY_DATABASE, *OF_PROVIDERS.get(provider, ()))
