"""The simulated provider's webhooks on their way: doubled, late, out of order, refused and taken in the end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from hansom.ids import new_id
from services.payments.provider.sending import MAX_TRIES, forget_sent, send_due
from services.payments.provider.simulated import SimulatedProvider
from services.payments.provider.webhooks import read
from services.payments.usecases.ports import ToCharge, ToHold, ToPayOut
from tests.support.listening import Listener, listening
from tests.support.money import MoneyDesk

SECRET = "known to both"


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as found:
        yield found


@pytest.fixture
def start() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def provider(money: MoneyDesk, start: datetime) -> SimulatedProvider:
    return SimulatedProvider(money.store, webhook_secret=SECRET, now=lambda: start)


def heard(listener: Listener, at: datetime) -> list[tuple[str, str, str]]:
    """Id, kind and key of each message, as the provider's own reading gives them."""
    news = [read(headers, body, SECRET, at) for headers, body in listener.heard]
    return [(each.id, each.kind, each.key) for [each] in news]


def charge(provider: SimulatedProvider, method: str) -> str:
    key = new_id()
    provider.charge_all([ToCharge(key, 1000, "EUR", method)])
    return key


def test_a_doubled_message_comes_twice_with_one_id(
    provider: SimulatedProvider, money: MoneyDesk, listener: Listener, start: datetime
) -> None:
    key = charge(provider, "card_webhook_twice")
    later = start + timedelta(seconds=3)

    assert send_due(money.store, listener.url, SECRET, start) == 0
    assert send_due(money.store, listener.url, SECRET, later) == 2
    assert send_due(money.store, listener.url, SECRET, later) == 0

    first, second = heard(listener, later)
    assert first == second == (first[0], "charge", key)


def test_a_late_message_comes_when_all_was_looked_up(
    provider: SimulatedProvider, money: MoneyDesk, listener: Listener, start: datetime
) -> None:
    charge(provider, "card_webhook_late")

    assert send_due(money.store, listener.url, SECRET, start + timedelta(seconds=40)) == 0
    assert send_due(money.store, listener.url, SECRET, start + timedelta(seconds=50)) == 1


def test_messages_out_of_order_tell_the_end_before_the_start(
    provider: SimulatedProvider, money: MoneyDesk, listener: Listener, start: datetime
) -> None:
    charge(provider, "card_webhook_disordered")

    for seconds in (2, 4):
        assert send_due(money.store, listener.url, SECRET, start + timedelta(seconds=seconds)) == 1

    assert [b"charge.captured" in body for _, body in listener.heard] == [True, False]
    assert b"charge.pending" in listener.heard[1][1]


def test_a_rider_s_confirmation_and_a_payout_that_comes_back_are_told_too(
    provider: SimulatedProvider, money: MoneyDesk, listener: Listener, start: datetime
) -> None:
    hold, payout = new_id(), new_id()
    provider.hold_all([ToHold(hold, 1000, "EUR", "card_needs_confirmation", "rider-1")])
    provider.confirm_hold(hold, accepted=True)
    provider.pay_out_all([ToPayOut(payout, 700, "EUR", "driver-1", "bank_returns")])

    later = start + timedelta(seconds=3)
    assert send_due(money.store, listener.url, SECRET, later) == 2
    assert {(kind, key) for _, kind, key in heard(listener, later)} == {("hold", hold), ("payout", payout)}


def test_what_is_not_taken_comes_again_after_a_longer_and_longer_pause(
    provider: SimulatedProvider, money: MoneyDesk, listener: Listener, start: datetime
) -> None:
    charge(provider, "card_webhook_disordered")
    listener.answers = [503, 500, 200]
    first = start + timedelta(seconds=2)

    assert send_due(money.store, listener.url, SECRET, first) == 0
    assert send_due(money.store, listener.url, SECRET, first + timedelta(seconds=0.9)) == 0
    assert len(listener.heard) == 1
    error = money.one("SELECT error FROM simulated_provider.webhooks WHERE type = 'charge.captured'")
    assert error.startswith("503")

    later = first + timedelta(seconds=5)
    send_due(money.store, listener.url, SECRET, later)
    assert send_due(money.store, listener.url, SECRET, later + timedelta(seconds=5)) == 1
    assert money.rows("SELECT 1 FROM simulated_provider.webhooks WHERE taken_at IS NULL OR error IS NOT NULL") == []


def test_nobody_there_is_no_end_of_it_until_it_was_tried_often(
    provider: SimulatedProvider, money: MoneyDesk, start: datetime
) -> None:
    charge(provider, "card_webhook_late")
    with listening() as gone:
        url = gone.url
    moment = start
    for _ in range(MAX_TRIES):
        moment += timedelta(hours=1)
        assert send_due(money.store, url, SECRET, moment) == 0
    assert money.one("SELECT count(*) FROM simulated_provider.webhooks WHERE due_at IS NULL AND taken_at IS NULL") == 1


def test_without_a_secret_nothing_is_sent(
    provider: SimulatedProvider, money: MoneyDesk, listener: Listener, start: datetime
) -> None:
    charge(provider, "card_webhook_twice")

    assert send_due(money.store, listener.url, "", start + timedelta(hours=1)) == 0
    assert listener.heard == []


def test_what_was_sent_is_forgotten_and_what_waits_is_not(
    provider: SimulatedProvider, money: MoneyDesk, listener: Listener, start: datetime
) -> None:
    charge(provider, "card_webhook_disordered")
    send_due(money.store, listener.url, SECRET, start + timedelta(seconds=2))

    forget_sent(money.store, start + timedelta(minutes=1))

    assert money.rows("SELECT type FROM simulated_provider.webhooks") == [("charge.pending",)]
