"""A rider pays what he owes: kept, asked for, recorded.

As with charges, each attempt commits before the provider hears of it, and its id is the provider's key; what is found
pending is looked up before it is asked for again. A debt has one attempt that stands: two taps are one payment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from hansom.contracts.payments import ChargeState, ProviderUnavailable, UnknownPaymentMethod
from hansom.values import Money
from services.payments.domain.charge import Outcome
from services.payments.domain.debt import DebtPayment
from services.payments.domain.ledger import Posting, card_payment_entries
from services.payments.domain.methods import CASH
from services.payments.usecases.asking import answers_of
from services.payments.usecases.ports import Books, Desk, ToCharge


def settle_debts(desk: Desk, rider_id: str, payment_method: str | None) -> dict[str, Outcome]:
    """Charge all that a rider owes by a method of the provider; gives the answers by charge id.

    A debt whose payment is under way already gets that one's answer; one of which the provider says that it will tell
    later is pending. Raises UnknownPaymentMethod, ProviderUnavailable.
    """
    method = desk.method_of(payment_method)
    if method == CASH:
        why = "A debt is paid by card: no driver is there to take cash."
        raise UnknownPaymentMethod(details={"payment_method": [why]})
    with desk.open_books() as books:
        owed = books.debts_to_settle(rider_id)
        under_way = books.payments_under_way([debt.charge_id for debt in owed])
        taken = {payment.debt.charge_id for payment in under_way}
        new = [
            DebtPayment(desk.new_id(), debt, method, ChargeState.PENDING, desk.now())
            for debt in owed
            if debt.charge_id not in taken
        ]
        books.add_payments(new)
    return _finish(desk, new, under_way)


def finish_payments(desk: Desk, payment_ids: Sequence[str]) -> None:
    """Bring payments to an answer and record it; those that have one stay as they are. Raises ProviderUnavailable."""
    with desk.open_books() as books:
        pending = books.payments_pending(payment_ids)
    _finish(desk, [], pending)


def look_up_pending_payments(desk: Desk, limit: int) -> int:
    """Finish payments that have been pending for too long; gives how many there were. Raises ProviderUnavailable."""
    with desk.open_books() as books:
        pending = books.payments_pending_since(desk.now() - desk.rules.looked_up_after, limit)
    _finish(desk, [], pending)
    return len(pending)


def _finish(desk: Desk, new: Sequence[DebtPayment], pending: Sequence[DebtPayment]) -> dict[str, Outcome]:
    """Bring payments to an answer and record it. `pending`: the provider may have heard of these."""
    provider = desk.provider
    outcomes = answers_of(
        new, pending, provider.find_all, lambda asked: provider.charge_all([_to_charge(each) for each in asked])
    )
    told = [payment for payment in (*new, *pending) if payment.id in outcomes]
    answered = [payment for payment in told if outcomes[payment.id].state != ChargeState.PENDING]
    if answered:
        with desk.open_books() as books:
            _record(books, answered, outcomes, desk.now())
    if len(told) < len(new) + len(pending):
        raise ProviderUnavailable()
    return {payment.debt.charge_id: outcomes[payment.id] for payment in told}


def _to_charge(payment: DebtPayment) -> ToCharge:
    return ToCharge(payment.id, payment.debt.amount_minor, payment.debt.currency, payment.method)


def _record(books: Books, payments: Sequence[DebtPayment], outcomes: Mapping[str, Outcome], at: datetime) -> None:
    """What follows from the answers, in one transaction, for the payments that nobody recorded before."""
    mine = books.resolve_payments({payment.id: outcomes[payment.id] for payment in payments}, at)
    paid = [each for each in payments if each.id in mine and outcomes[each.id].state == ChargeState.CAPTURED]
    books.settle([payment.debt.charge_id for payment in paid], at)
    books.post([_posting(payment, at) for payment in paid])
    books.tell([_event(payment) for payment in paid])


def _posting(payment: DebtPayment, at: datetime) -> Posting:
    debt = payment.debt
    entries = card_payment_entries(debt.rider_id, debt.amount_minor, debt.currency)
    return Posting("debt_payment", payment.id, payment.id, at, entries)


def _event(payment: DebtPayment) -> tuple[str, str, dict[str, Any]]:
    debt = payment.debt
    data = {
        "trip_id": debt.trip_id,
        "rider_id": debt.rider_id,
        "amount": Money(debt.amount_minor, debt.currency).as_dict(),
        "method": payment.method,
    }
    return "debt_settled", debt.trip_id, data
