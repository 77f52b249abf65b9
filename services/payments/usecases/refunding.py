"""A rider is given money back: kept, asked for, recorded.

The refund's row commits before the provider hears of it, under the lock of its charge, so that two operators together
never give back more than was paid. What is found pending later was asked for by somebody who died or still works at it:
the provider is looked at first, and asked again, with the same key, only for what it never heard of.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hansom.contracts.payments import (
    ChargeState,
    NothingToRefund,
    PaidInCash,
    ProviderUnavailable,
    RefundState,
    RefundTooLarge,
    RefundTrip,
)
from hansom.values import Money
from services.payments.domain.charge import Charge
from services.payments.domain.ledger import Posting, refund_entries, refund_payment_entries
from services.payments.domain.methods import CASH
from services.payments.domain.payout import PayoutLine, day_of
from services.payments.domain.receipt import Receipt
from services.payments.domain.refund import Refund, RefundAnswer, borne, together
from services.payments.usecases.asking import answers_of
from services.payments.usecases.ports import Books, Desk, ToRefund


def begin_refund(desk: Desk, books: Books, request: RefundTrip) -> Refund:
    """Keep a refund, of the whole rest when no amount is named; `finish_refunds` makes it happen.

    Raises ReceiptNotReady, NothingToRefund, PaidInCash, RefundTooLarge.
    """
    charge, before = books.charge_to_refund(request.trip_id, of_tip=request.of_tip)
    payment_id = _payment(books, charge)
    kept = together(refund.parts for refund in before if refund.state != RefundState.FAILED)
    left_minor = charge.to_pay_minor - kept.amount_minor
    amount_minor = left_minor if request.amount_minor is None else request.amount_minor
    if not left_minor or amount_minor > left_minor:
        raise RefundTooLarge(details={"refundable": _money(left_minor, charge)})
    parts = borne(charge.parts, kept, amount_minor, by_driver=request.from_driver)
    refund = Refund(
        id=desk.new_id(),
        charge=charge,
        parts=parts,
        reason=request.reason,
        by_user_id=request.by_user_id,
        state=RefundState.PENDING,
        created_at=desk.now(),
        payment_id=payment_id,
    )
    books.add_refund(refund)
    return refund


def _payment(books: Books, charge: Charge) -> str | None:
    """The payment of the debt that this charge became; None when it was captured itself.

    Raises NothingToRefund, PaidInCash.
    """
    if charge.state == ChargeState.PENDING or not charge.to_pay_minor:
        raise NothingToRefund()
    if charge.state == ChargeState.CAPTURED:
        if charge.method == CASH:
            raise PaidInCash()
        return None
    payment_id = books.payment_of_debt(charge.id)
    if payment_id is None:
        raise NothingToRefund()
    return payment_id


def finish_refunds(desk: Desk, refund_ids: Sequence[str]) -> None:
    """Bring refunds to an answer and record it; those that have one stay as they are.

    Raises ProviderUnavailable when one is left without: it is looked up later.
    """
    with desk.open_books() as books:
        _finish(desk, [refund for refund in books.refunds(refund_ids) if refund.state == RefundState.PENDING])


def look_up_pending_refunds(desk: Desk, limit: int) -> int:
    """Finish refunds that have been pending for too long; gives how many there were. Raises ProviderUnavailable."""
    with desk.open_books() as books:
        pending = books.refunds_pending_since(desk.now() - desk.rules.looked_up_after, limit)
    _finish(desk, pending)
    return len(pending)


def _finish(desk: Desk, pending: Sequence[Refund]) -> None:
    if not pending:
        return
    provider = desk.provider
    answers = answers_of(
        [], pending, provider.find_refunds, lambda asked: provider.refund_all([_to_refund(each) for each in asked])
    )
    told = [refund for refund in pending if refund.id in answers]
    answered = [refund for refund in told if answers[refund.id].state != RefundState.PENDING]
    if answered:
        with desk.open_books() as books:
            _record(desk, books, answered, {refund.id: answers[refund.id] for refund in answered})
    if len(told) < len(pending):
        raise ProviderUnavailable()


def _to_refund(refund: Refund) -> ToRefund:
    return ToRefund(refund.id, refund.paid_by, refund.amount_minor, refund.charge.ride.currency)


def _record(desk: Desk, books: Books, refunds: Sequence[Refund], answers: dict[str, RefundAnswer]) -> None:
    """Everything that follows from the answers, in one transaction, for the refunds that nobody recorded before."""
    at = desk.now()
    mine = books.resolve_refunds(answers, at)
    done = [refund for refund in refunds if refund.id in mine and answers[refund.id].state == RefundState.DONE]
    notes = _number(desk, books, done, at)
    books.issue(list(notes.values()))
    books.post([posting for refund in done for posting in _postings(refund, at)])
    books.earn([_payout_line(desk, refund, at) for refund in done if refund.parts.share_minor])
    books.tell([_event(refund, notes[refund.id]) for refund in done])


def _number(desk: Desk, books: Books, refunds: Sequence[Refund], at: datetime) -> dict[str, Receipt]:
    """A credit note for each, with the next numbers of its city and year. One order of cities: nobody deadlocks."""
    notes = {}
    for refund in sorted(refunds, key=lambda each: each.charge.ride.city):
        charge = refund.charge
        city = charge.ride.city
        year = day_of(at, desk.rules.cities[city].zone).year
        [sequence] = books.next_numbers(city, year, 1)
        notes[refund.id] = Receipt(desk.new_id(), charge.id, charge.ride.trip_id, city, year, sequence, at, refund.id)
    return notes


def _postings(refund: Refund, at: datetime) -> list[Posting]:
    ride = refund.charge.ride
    given_up = refund_entries(ride.rider_id, ride.driver_id, refund.parts, ride.currency)
    sent = refund_payment_entries(ride.rider_id, refund.amount_minor, ride.currency)
    return [
        Posting("refund", refund.id, refund.id, at, given_up),
        Posting("refund_payment", refund.id, refund.id, at, sent),
    ]


def _payout_line(desk: Desk, refund: Refund, at: datetime) -> PayoutLine:
    """What the driver bears, on the day of the refund."""
    ride = refund.charge.ride
    return PayoutLine(
        charge_id=refund.charge.id,
        trip_id=ride.trip_id,
        driver_id=ride.driver_id,
        city=ride.city,
        currency=ride.currency,
        fare_minor=-refund.parts.share_minor,
        tax_minor=0,
        fee_minor=0,
        cash_minor=0,
        earned_on=day_of(at, desk.rules.cities[ride.city].zone),
        earned_at=at,
        refund_id=refund.id,
        kind=refund.charge.kind,
    )


def _event(refund: Refund, note: Receipt) -> tuple[str, str, dict[str, Any]]:
    ride = refund.charge.ride
    data = {
        "refund_id": refund.id,
        "trip_id": ride.trip_id,
        "rider_id": ride.rider_id,
        "driver_id": ride.driver_id,
        "amount": _money(refund.amount_minor, refund.charge),
        "from_driver": _money(refund.parts.share_minor, refund.charge),
        "reason": refund.reason,
        "credit_note_number": note.number,
    }
    return "payment_refunded", ride.trip_id, data


def _money(amount_minor: int, charge: Charge) -> dict[str, Any]:
    return Money(amount_minor, charge.ride.currency).as_dict()
