"""Payouts on T+1: lines of days that are over are reserved, sent once by key, and recorded.

Reserving is one transaction under the city's lock, so two runs at once never take one line. What is reserved is looked
up at the provider before it is sent: a run that died after sending is healed by the next one, not repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from hansom.contracts.payments import PayoutState
from hansom.values import Money
from services.payments.domain.ledger import Posting, payout_entries
from services.payments.domain.payout import Due, Payout, last_payable_day
from services.payments.usecases.ports import Desk, ToPayOut

AT_ONCE = 500
"""Payouts of one transaction."""


def run_payouts(desk: Desk, until_day: date | None) -> int:
    """Pay out what is due in every city up to and with `until_day` (None: its yesterday); gives how many were sent.

    Raises DayNotOver, ProviderUnavailable.
    """
    days = {city: last_payable_day(desk.now(), rules.zone, until_day) for city, rules in desk.rules.cities.items()}
    for city, day in days.items():
        while _reserve(desk, city, day) == AT_ONCE:
            pass
    return _send_reserved(desk)


def _reserve(desk: Desk, city: str, until_day: date) -> int:
    """Reserve up to AT_ONCE payouts; gives how many."""
    with desk.open_books() as books:
        books.lock_payout_run(city)
        due = books.due(city, until_day, AT_ONCE)
        payouts = [_payout(desk, each, city, until_day) for each in due]
        pairs = zip(due, payouts, strict=True)
        lines = {line_id: payout.id for each, payout in pairs for line_id in each.line_ids}
        books.reserve(payouts, lines)
    return len(payouts)


def _payout(desk: Desk, due: Due, city: str, until_day: date) -> Payout:
    return Payout(
        id=desk.new_id(),
        driver_id=due.driver_id,
        city=city,
        currency=due.currency,
        amount_minor=due.amount_minor,
        until_day=until_day,
        state=PayoutState.RESERVED,
        created_at=desk.now(),
        sent_at=None,
        rides=due.rides,
    )


def _send_reserved(desk: Desk) -> int:
    """Send everything that is reserved, by this run or one that died; gives how many."""
    sent, after_id = 0, ""
    while True:
        with desk.open_books() as books:
            page = books.reserved(after_id, AT_ONCE)
        if not page:
            return sent
        sent += _send(desk, page)
        after_id = page[-1].id


def _send(desk: Desk, payouts: Sequence[Payout]) -> int:
    references = dict(desk.provider.find_payouts([payout.id for payout in payouts]))
    unknown = [payout for payout in payouts if payout.id not in references]
    if unknown:
        references |= desk.provider.pay_out_all(
            [ToPayOut(payout.id, payout.amount_minor, payout.currency, payout.driver_id) for payout in unknown]
        )
    at = desk.now()
    with desk.open_books() as books:
        mine = books.mark_sent(references, at)
        recorded = [payout for payout in payouts if payout.id in mine]
        books.post([_posting(payout, at) for payout in recorded])
        books.tell([_event(payout) for payout in recorded])
    return len(recorded)


def _posting(payout: Payout, at: datetime) -> Posting:
    entries = payout_entries(payout.driver_id, payout.amount_minor, payout.currency)
    return Posting("payout", payout.id, payout.id, at, entries)


def _event(payout: Payout) -> tuple[str, str, dict[str, Any]]:
    data = {
        "payout_id": payout.id,
        "driver_id": payout.driver_id,
        "amount": Money(payout.amount_minor, payout.currency).as_dict(),
        "until_day": payout.until_day.isoformat(),
        "rides": payout.rides,
    }
    return ("payout_sent", payout.driver_id, data)
