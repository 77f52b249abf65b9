"""What a trip costs is charged once: claimed, asked for, recorded. A ride, a fee for cancelling it, a tip.

Claiming commits a `pending` charge for each new trip before the provider hears of it. What is found pending already was
asked for by somebody who then died or still works at it: the provider is looked at first, and asked again, with the
same key, only for what it never heard of. Recording takes effect for a charge once, whoever comes first. A tip that
fails leaves nothing behind: no debt, no receipt, no entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from hansom.contracts.payments import ChargeKind, ChargeState, ProviderUnavailable, UnknownPaymentMethod
from hansom.values import Money
from services.payments.domain.charge import FEES, Charge, Debt, Outcome, SettledRide, parts_of
from services.payments.domain.hold import Hold
from services.payments.domain.ledger import (
    Entry,
    Posting,
    card_payment_entries,
    cash_payment_entries,
    promo_entries,
    ride_entries,
)
from services.payments.domain.methods import CASH
from services.payments.domain.payout import PayoutLine, day_of
from services.payments.domain.receipt import Receipt
from services.payments.usecases.asking import answers_of
from services.payments.usecases.ports import Books, Desk, ToCharge

NOBODY_ASKED = Outcome(ChargeState.CAPTURED, None, None)
"""Cash is in the driver's hand, and nothing is nothing: no provider is asked."""

NOBODY_PAID = Outcome(ChargeState.FAILED, None, "cash_not_taken")
"""Of a fee of who wanted to pay in cash: he was not there. It is a debt, that is paid by card."""

Holds = Mapping[str, Hold]
"""What is held for trips and may be charged: trip → hold."""


def charge_rides(desk: Desk, rides: Sequence[SettledRide]) -> None:
    """Charge each ride or fee that has no charge yet. Three transactions, however many.

    Raises ProviderUnavailable when the provider left a charge without an answer: come again; the others are recorded.
    """
    wanted = [_charge_of(desk, ride) for ride in {ride.trip_id: ride for ride in rides}.values()]
    with desk.open_books() as books:
        claimed = books.claim(wanted)
        new = [charge for charge in wanted if charge.id in claimed]
        seen = {charge.ride.trip_id for charge in wanted if charge.id not in claimed}
        pending = [each for each in books.charges_of(seen) if each.state == ChargeState.PENDING] if seen else []
        holds = _holds_of(books, [*new, *pending])
    _finish(desk, new, pending, holds)


def finish_charges(desk: Desk, charge_ids: Sequence[str]) -> None:
    """Bring charges to an answer and record it; those that have one stay as they are. Raises ProviderUnavailable."""
    with desk.open_books() as books:
        pending = books.charges_pending(charge_ids)
        holds = _holds_of(books, pending)
    _finish(desk, [], pending, holds)


def look_up_pending(desk: Desk, limit: int) -> int:
    """Finish charges that have been pending for too long, whatever became of who asked; gives how many there were.

    Raises ProviderUnavailable.
    """
    with desk.open_books() as books:
        pending = books.pending_since(desk.now() - desk.rules.looked_up_after, limit)
        holds = _holds_of(books, pending)
    _finish(desk, [], pending, holds)
    return len(pending)


def _holds_of(books: Books, charges: Sequence[Charge]) -> Holds:
    """What is held for the trips of these charges. A tip is not what was held for."""
    trips = [charge.ride.trip_id for charge in charges if charge.kind != ChargeKind.TIP and _answer(charge) is None]
    return books.holds_of(trips) if trips else {}


def _charge_of(desk: Desk, ride: SettledRide) -> Charge:
    try:
        method = desk.method_of(ride.method)
    except UnknownPaymentMethod:
        # the provider will refuse it by name, and the ride becomes a debt: it was made and is owed for
        method = str(ride.method)[:64]
    fee_minor = parts_of(ride, desk.rules.fee_share).fee_minor
    return Charge(desk.new_id(), ride, method, fee_minor, ChargeState.PENDING, desk.now())


def _finish(desk: Desk, new: Sequence[Charge], pending: Sequence[Charge], holds: Holds) -> None:
    """Bring charges to an answer and record it. `pending`: the provider may have heard of these. A charge of which it
    says that it will tell later stays pending."""
    own = {charge.id: answer for charge in (*new, *pending) if (answer := _answer(charge)) is not None}
    said = answers_of(
        [charge for charge in new if charge.id not in own],
        [charge for charge in pending if charge.id not in own],
        desk.provider.find_all,
        lambda asked: desk.provider.charge_all([_to_charge(charge, holds) for charge in asked]),
    )
    outcomes = own | {id_: outcome for id_, outcome in said.items() if outcome.state != ChargeState.PENDING}
    answered = [charge for charge in (*new, *pending) if charge.id in outcomes]
    if answered:
        with desk.open_books() as books:
            _record(desk, books, answered, outcomes, holds)
    if len(own) + len(said) < len(new) + len(pending):
        raise ProviderUnavailable()


def _answer(charge: Charge) -> Outcome | None:
    """The answer of a charge for which no provider is asked; None when one is."""
    if not charge.to_pay_minor:
        return NOBODY_ASKED
    if charge.method == CASH:
        return NOBODY_PAID if charge.kind in FEES else NOBODY_ASKED
    return None


def _to_charge(charge: Charge, holds: Holds) -> ToCharge:
    hold = holds.get(charge.ride.trip_id) if charge.kind != ChargeKind.TIP else None
    hold_key = hold.id if hold is not None else None
    return ToCharge(charge.id, charge.to_pay_minor, charge.ride.currency, charge.method, hold_key)


def _record(desk: Desk, books: Books, charges: Iterable[Charge], outcomes: Mapping[str, Outcome], holds: Holds) -> None:
    """Everything that follows from the answers, in one transaction, for the charges that nobody recorded before."""
    at = desk.now()
    mine = books.resolve(outcomes, at)
    recorded = [charge for charge in charges if charge.id in mine]
    captured = [charge for charge in recorded if outcomes[charge.id].state == ChargeState.CAPTURED]
    failed = [charge for charge in recorded if outcomes[charge.id].state == ChargeState.FAILED]
    owed = [charge for charge in failed if charge.kind != ChargeKind.TIP]
    booked = [*captured, *owed]
    receipts = _number(desk, books, booked, at)
    books.issue(list(receipts.values()))
    books.post([posting for charge in booked for posting in _postings(charge, outcomes[charge.id], at)])
    books.earn([_payout_line(desk, charge) for charge in booked])
    books.owe([_debt(charge, outcomes[charge.id], at) for charge in owed])
    books.use_holds(_used(captured, holds), at)
    events = [_event(charge, outcomes[charge.id], receipts.get(charge.id)) for charge in recorded]
    books.tell([*events, *(_tip_received(charge) for charge in captured if charge.kind == ChargeKind.TIP)])


def _used(captured: Iterable[Charge], holds: Holds) -> dict[str, str]:
    """The holds that these charges were taken from: hold → charge."""
    used = {}
    for charge in captured:
        hold = holds.get(charge.ride.trip_id) if charge.kind != ChargeKind.TIP else None
        if hold is not None and hold.covers(charge.to_pay_minor, charge.ride.currency, charge.method):
            used[hold.id] = charge.id
    return used


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
    made = [
        (charge.kind.value, ride_entries(ride.rider_id, ride.driver_id, charge.parts, ride.currency)),
        ("promo", promo_entries(ride.rider_id, ride.discount_minor, ride.currency)),
    ]
    if outcome.state == ChargeState.CAPTURED:
        made.append(("payment", _payment_entries(charge)))
    return [Posting(kind, charge.id, ride.cause, at, entries) for kind, entries in made if entries]


def _payment_entries(charge: Charge) -> tuple[Entry, ...]:
    ride = charge.ride
    if charge.method == CASH:
        return cash_payment_entries(ride.rider_id, ride.driver_id, charge.to_pay_minor, ride.currency)
    return card_payment_entries(ride.rider_id, charge.to_pay_minor, ride.currency)


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
        cash_minor=charge.to_pay_minor if charge.method == CASH and charge.kind not in FEES else 0,
        earned_on=day_of(ride.completed_at, desk.rules.cities[ride.city].zone),
        earned_at=ride.completed_at,
        kind=charge.kind,
    )


def _debt(charge: Charge, outcome: Outcome, at: datetime) -> Debt:
    ride = charge.ride
    return Debt(charge.id, ride.rider_id, charge.to_pay_minor, ride.currency, outcome.reason or "failed", at)


def _event(charge: Charge, outcome: Outcome, receipt: Receipt | None) -> tuple[str, str, dict[str, Any]]:
    ride = charge.ride
    captured = outcome.state == ChargeState.CAPTURED
    data = {
        "trip_id": ride.trip_id,
        "kind": charge.kind.value,
        "rider_id": ride.rider_id,
        "driver_id": ride.driver_id,
        "amount": Money(charge.to_pay_minor, ride.currency).as_dict(),
        "method": charge.method,
        "receipt_id": receipt.id if receipt is not None else None,
        "reason": None if captured else outcome.reason,
    }
    return ("payment_captured" if captured else "payment_failed", ride.trip_id, data)


def _tip_received(charge: Charge) -> tuple[str, str, dict[str, Any]]:
    ride = charge.ride
    data = {
        "trip_id": ride.trip_id,
        "rider_id": ride.rider_id,
        "driver_id": ride.driver_id,
        "amount": Money(charge.to_pay_minor, ride.currency).as_dict(),
    }
    return "tip_received", ride.trip_id, data
