"""A settled ride is charged once: claimed, asked for, recorded.

Claiming commits a `pending` charge for each new trip before the provider hears of it. What is found pending already was
asked for by somebody who then died or still works at it: the provider is looked at first, and asked again, with the
same key, only for what it never heard of. Recording takes effect for a charge once, whoever comes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from hansom.contracts.payments import ChargeState, ProviderUnavailable, UnknownPaymentMethod
from hansom.values import Money
from services.payments.domain.charge import Charge, Debt, Outcome, SettledRide
from services.payments.domain.ledger import Posting, card_payment_entries, cash_payment_entries, ride_entries
from services.payments.domain.methods import CASH, method_of
from services.payments.domain.money_rules import Split, split
from services.payments.domain.payout import PayoutLine, day_of
from services.payments.domain.receipt import Receipt
from services.payments.usecases.asking import answers_of
from services.payments.usecases.ports import Books, Desk, ToCharge

NOBODY_ASKED = Outcome(ChargeState.CAPTURED, None, None)
"""Cash is in the driver's hand, and nothing is nothing: no provider is asked."""


def charge_rides(desk: Desk, rides: Sequence[SettledRide]) -> None:
    """Charge each ride that has no charge yet. Three transactions, however many rides.

    Raises ProviderUnavailable when the provider left a charge without an answer: come again; the others are recorded.
    """
    wanted = [_charge_of(desk, ride) for ride in {ride.trip_id: ride for ride in rides}.values()]
    with desk.open_books() as books:
        claimed = books.claim(wanted)
        seen = {charge.ride.trip_id for charge in wanted if charge.id not in claimed}
        known = books.charges_of(seen) if seen else []
    new = [charge for charge in wanted if charge.id in claimed]
    _finish(desk, new, [charge for charge in known if charge.state == ChargeState.PENDING])


def look_up_pending(desk: Desk, limit: int) -> int:
    """Finish charges that have been pending for too long, whatever became of who asked; gives how many there were.

    Raises ProviderUnavailable.
    """
    with desk.open_books() as books:
        pending = books.pending_since(desk.now() - desk.rules.looked_up_after, limit)
    _finish(desk, [], pending)
    return len(pending)


def _charge_of(desk: Desk, ride: SettledRide) -> Charge:
    try:
        method = method_of(ride.method, desk.rules.usual_method)
    except UnknownPaymentMethod:
        # the provider will refuse it by name, and the ride becomes a debt: it was made and is owed for
        method = str(ride.method)[:64]
    fee_minor = split(ride.fare_minor, ride.tax_minor, desk.rules.fee_share).fee_minor
    return Charge(desk.new_id(), ride, method, fee_minor, ChargeState.PENDING, desk.now())


def _finish(desk: Desk, new: Sequence[Charge], pending: Sequence[Charge]) -> None:
    """Bring charges to an answer and record it. `pending`: the provider may have heard of these."""
    outcomes = {charge.id: NOBODY_ASKED for charge in (*new, *pending) if not _needs_provider(charge)}
    outcomes |= answers_of(
        [charge for charge in new if _needs_provider(charge)],
        [charge for charge in pending if _needs_provider(charge)],
        desk.provider.find_all,
        lambda asked: desk.provider.charge_all([_to_charge(charge) for charge in asked]),
    )
    answered = [charge for charge in (*new, *pending) if charge.id in outcomes]
    if answered:
        with desk.open_books() as books:
            _record(desk, books, answered, outcomes)
    if len(answered) < len(new) + len(pending):
        raise ProviderUnavailable()


def _needs_provider(charge: Charge) -> bool:
    return charge.method != CASH and charge.ride.fare_minor > 0


def _to_charge(charge: Charge) -> ToCharge:
    return ToCharge(charge.id, charge.ride.fare_minor, charge.ride.currency, charge.method)


def _record(desk: Desk, books: Books, charges: Iterable[Charge], outcomes: dict[str, Outcome]) -> None:
    """Everything that follows from the answers, in one transaction, for the charges that nobody recorded before."""
    at = desk.now()
    mine = books.resolve(outcomes, at)
    recorded = [charge for charge in charges if charge.id in mine]
    if not recorded:
        return
    receipts = _number(desk, books, recorded, at)
    books.issue(list(receipts.values()))
    postings = [posting for charge in recorded for posting in _postings(charge, outcomes[charge.id], at)]
    books.post([posting for posting in postings if posting.entries])
    books.earn([_payout_line(desk, charge) for charge in recorded])
    failed = [charge for charge in recorded if outcomes[charge.id].state == ChargeState.FAILED]
    books.owe([_debt(charge, outcomes[charge.id], at) for charge in failed])
    books.tell([_event(charge, outcomes[charge.id], receipts[charge.id]) for charge in recorded])


def _number(desk: Desk, books: Books, charges: Sequence[Charge], at: datetime) -> dict[str, Receipt]:
    """A receipt for each, with the next numbers of its city and year. One order of cities, so that nobody deadlocks."""
    receipts = {}
    for city in sorted({charge.ride.city for charge in charges}):
        year = day_of(at, desk.rules.cities[city].zone).year
        of_city = [charge for charge in charges if charge.ride.city == city]
        for charge, sequence in zip(of_city, books.next_numbers(city, year, len(of_city)), strict=True):
            receipts[charge.id] = Receipt(desk.new_id(), charge.id, charge.ride.trip_id, city, year, sequence, at)
    return receipts


def _postings(charge: Charge, outcome: Outcome, at: datetime) -> list[Posting]:
    ride = charge.ride
    parts = Split(ride.fare_minor, ride.tax_minor, charge.fee_minor)
    made = ride_entries(ride.rider_id, ride.driver_id, parts, ride.currency)
    postings = [Posting("ride", charge.id, ride.cause, at, made)]
    if outcome.state == ChargeState.FAILED:
        return postings
    if charge.method == CASH:
        paid = cash_payment_entries(ride.rider_id, ride.driver_id, ride.fare_minor, ride.currency)
    else:
        paid = card_payment_entries(ride.rider_id, ride.fare_minor, ride.currency)
    return [*postings, Posting("payment", charge.id, ride.cause, at, paid)]


def _payout_line(desk: Desk, charge: Charge) -> PayoutLine:
    ride = charge.ride
    return PayoutLine(
        charge_id=charge.id,
        trip_id=ride.trip_id,
        driver_id=ride.driver_id,
        city=ride.city,
        currency=ride.currency,
        fare_minor=ride.fare_minor,
        tax_minor=ride.tax_minor,
        fee_minor=charge.fee_minor,
        cash_minor=ride.fare_minor if charge.method == CASH else 0,
        earned_on=day_of(ride.completed_at, desk.rules.cities[ride.city].zone),
        earned_at=ride.completed_at,
    )


def _debt(charge: Charge, outcome: Outcome, at: datetime) -> Debt:
    ride = charge.ride
    return Debt(charge.id, ride.rider_id, ride.fare_minor, ride.currency, outcome.reason or "failed", at)


def _event(charge: Charge, outcome: Outcome, receipt: Receipt) -> tuple[str, str, dict[str, Any]]:
    ride = charge.ride
    captured = outcome.state == ChargeState.CAPTURED
    data = {
        "trip_id": ride.trip_id,
        "rider_id": ride.rider_id,
        "driver_id": ride.driver_id,
        "amount": Money(ride.fare_minor, ride.currency).as_dict(),
        "method": charge.method,
        "receipt_id": receipt.id,
        "reason": None if captured else outcome.reason,
    }
    return ("payment_captured" if captured else "payment_failed", ride.trip_id, data)
