"""Payouts on T+1: lines of days that are over are reserved, sent once by key, and recorded.

Reserving is one transaction under the city's lock, so two runs at once never take one line; from then on the money is
on its way, in the account `payout`. What is reserved is looked up at the provider before it is sent: a run that died
after sending is healed by the next one, not repeated. A payout that fails or comes back is a new line of that day: it
is owed again, and paid with the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from hansom.contracts.payments import PayoutState
from hansom.values import Money
from services.payments.domain.ledger import (
    Entry,
    Posting,
    payout_failed_entries,
    payout_reserved_entries,
    payout_returned_entries,
    payout_sent_entries,
)
from services.payments.domain.payout import Due, Payout, PayoutLine, day_of, last_payable_day
from services.payments.usecases.asking import answers_of
from services.payments.usecases.ports import Desk, ToPayOut

AT_ONCE = 500
"""Payouts of one transaction."""

DriverAccount = tuple[str, str]
"""A driver and a currency that he is owed in."""


def run_payouts(desk: Desk, until_day: date | None) -> int:
    """Pay out what is due in every city up to and with `until_day` (None: its yesterday); gives how many were sent.

    Raises DayNotOver, ProviderUnavailable.
    """
    days = {city: last_payable_day(desk.now(), rules.zone, until_day) for city, rules in desk.rules.cities.items()}
    for city, day in days.items():
        after: DriverAccount | None = ("", "")
        while after is not None:
            after = _reserve(desk, city, day, after)
    return _send_reserved(desk)


def _reserve(desk: Desk, city: str, until_day: date, after: DriverAccount) -> DriverAccount | None:
    """Reserve up to AT_ONCE payouts of drivers after one; gives the last of them, or None when there were no more."""
    with desk.open_books() as books:
        books.lock_payout_run(city)
        due = books.due(city, until_day, desk.rules.cities[city].payout_minimum_minor, after, AT_ONCE)
        payouts = [_payout(desk, each, city, until_day) for each in due]
        pairs = zip(due, payouts, strict=True)
        lines = {line_id: payout.id for each, payout in pairs for line_id in each.line_ids}
        books.reserve(payouts, lines)
        books.post([_reserving(payout, payout.created_at) for payout in payouts])
    return (due[-1].driver_id, due[-1].currency) if len(due) == AT_ONCE else None


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
    provider = desk.provider
    answers = answers_of(
        [], payouts, provider.find_payouts, lambda asked: provider.pay_out_all([_to_pay_out(each) for each in asked])
    )
    at = desk.now()
    with desk.open_books() as books:
        mine = books.resolve_payouts(answers, at)
        recorded = [payout for payout in payouts if payout.id in mine]
        sent = [payout for payout in recorded if answers[payout.id].state == PayoutState.SENT]
        failed = [payout for payout in recorded if answers[payout.id].state == PayoutState.FAILED]
        unposted = books.unposted_payouts(mine)
        books.post([_reserving(payout, at) for payout in recorded if payout.id in unposted])
        books.post([*(_sending(payout, at) for payout in sent), *(_failing(payout, at) for payout in failed)])
        books.earn([_owed_again(desk, payout, at) for payout in failed])
        books.tell([_sent(payout) for payout in sent])
        books.tell([_failed(payout, answers[payout.id].reason) for payout in failed])
    return len(sent)


def take_back_returned(desk: Desk, sent_within: timedelta) -> int:
    """Owe again what was sent lately and came back; gives how many payouts."""
    since, count, after_id = desk.now() - sent_within, 0, ""
    while True:
        with desk.open_books() as books:
            page = books.sent_since(since, after_id, AT_ONCE)
        if not page:
            return count
        after_id = page[-1].id
        reasons = desk.provider.find_returned([payout.id for payout in page])
        if reasons:
            count += _take_back(desk, [payout for payout in page if payout.id in reasons], reasons)


def _take_back(desk: Desk, payouts: Sequence[Payout], reasons: Mapping[str, str]) -> int:
    at = desk.now()
    with desk.open_books() as books:
        mine = books.mark_returned({payout.id: reasons[payout.id] for payout in payouts})
        returned = [payout for payout in payouts if payout.id in mine]
        books.post([_returning(payout, at) for payout in returned])
        books.earn([_owed_again(desk, payout, at) for payout in returned])
        books.tell([_failed(payout, reasons[payout.id]) for payout in returned])
    return len(returned)


def _to_pay_out(payout: Payout) -> ToPayOut:
    return ToPayOut(payout.id, payout.amount_minor, payout.currency, payout.driver_id, payout.account)


def _reserving(payout: Payout, at: datetime) -> Posting:
    entries = payout_reserved_entries(payout.driver_id, payout.amount_minor, payout.currency)
    return _posting("payout_reserved", payout, entries, at)


def _sending(payout: Payout, at: datetime) -> Posting:
    return _posting("payout", payout, payout_sent_entries(payout.amount_minor, payout.currency), at)


def _failing(payout: Payout, at: datetime) -> Posting:
    entries = payout_failed_entries(payout.driver_id, payout.amount_minor, payout.currency)
    return _posting("payout_failed", payout, entries, at)


def _returning(payout: Payout, at: datetime) -> Posting:
    entries = payout_returned_entries(payout.driver_id, payout.amount_minor, payout.currency)
    return _posting("payout_returned", payout, entries, at)


def _posting(kind: str, payout: Payout, entries: tuple[Entry, ...], at: datetime) -> Posting:
    return Posting(kind, payout.id, payout.id, at, entries)


def _owed_again(desk: Desk, payout: Payout, at: datetime) -> PayoutLine:
    """A line of today for what the driver did not get: it is in the next run."""
    return PayoutLine(
        charge_id=None,
        trip_id=None,
        driver_id=payout.driver_id,
        city=payout.city,
        currency=payout.currency,
        fare_minor=payout.amount_minor,
        tax_minor=0,
        fee_minor=0,
        cash_minor=0,
        earned_on=day_of(at, desk.rules.cities[payout.city].zone),
        earned_at=at,
        returned_payout_id=payout.id,
    )


def _sent(payout: Payout) -> tuple[str, str, dict[str, Any]]:
    data = {
        "payout_id": payout.id,
        "driver_id": payout.driver_id,
        "city": payout.city,
        "amount": Money(payout.amount_minor, payout.currency).as_dict(),
        "until_day": payout.until_day.isoformat(),
        "rides": payout.rides,
    }
    return ("payout_sent", payout.driver_id, data)


def _failed(payout: Payout, reason: str | None) -> tuple[str, str, dict[str, Any]]:
    data = {
        "payout_id": payout.id,
        "driver_id": payout.driver_id,
        "amount": Money(payout.amount_minor, payout.currency).as_dict(),
        "reason": reason or "failed",
    }
    return ("payout_failed", payout.driver_id, data)
