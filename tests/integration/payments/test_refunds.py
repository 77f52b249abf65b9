"""Riders are given money back: no more than they paid, once, and whoever got it bears it."""

from __future__ import annotations

from pathlib import Path

import eventlet
import pytest
from sqlalchemy.exc import IntegrityError

from hansom.contracts.payments import NothingToRefund, PaidInCash, ReceiptNotReady, RefundTooLarge
from services.payments.storage.reading import receipt_of
from services.payments.usecases.refunding import finish_refunds, look_up_pending_refunds
from tests.integration.payments.test_crashes import die
from tests.support.money import MoneyDesk, a_ride


def states(money: MoneyDesk) -> list[str]:
    return [row.state for row in money.rows("SELECT state FROM refunds ORDER BY id")]


def balance(money: MoneyDesk, account: str) -> int:
    return int(money.one("SELECT coalesce(sum(amount_minor), 0) FROM ledger_entries WHERE account_id = :a", a=account))


def test_a_whole_refund_gives_back_every_part(money: MoneyDesk) -> None:
    ride = a_ride(1000)
    money.charge(ride)
    money.refund(ride.trip_id, from_driver=True)
    assert states(money) == ["done"]
    accounts = ("rider:rider-1:EUR", "driver:driver-1:EUR", "revenue:EUR", "tax:EUR", "clearing:EUR")
    assert [balance(money, account) for account in accounts] == [0, 0, 0, 0, 0]
    assert money.breaches() == {}


def test_the_platform_bears_what_was_not_the_drivers_fault(money: MoneyDesk) -> None:
    ride = a_ride(1000)
    money.charge(ride)
    money.refund(ride.trip_id, 500)
    assert balance(money, "driver:driver-1:EUR") == -720
    assert balance(money, "revenue:EUR") == 450 - 180
    assert money.pay_out(days=2) == 1
    assert money.one("SELECT amount_minor FROM payouts") == 720
    assert money.breaches() == {}


def test_what_a_driver_bears_is_taken_from_his_next_payout(money: MoneyDesk) -> None:
    first, second = a_ride(1000), a_ride(1000)
    money.charge(first)
    assert money.pay_out(days=2) == 1
    money.refund(first.trip_id, 500, from_driver=True)
    assert money.pay_out(days=2) == 0  # he owes 360
    money.charge(second)
    assert money.pay_out() == 1
    assert [row.amount_minor for row in money.rows("SELECT amount_minor FROM payouts ORDER BY id")] == [720, 360]
    assert money.breaches() == {}


def test_a_credit_note_follows_the_receipts_in_number_and_is_told(money: MoneyDesk) -> None:
    ride = a_ride(1000)
    money.charge(ride)
    money.refund(ride.trip_id, 300)
    type_, told = money.told()[-1]
    assert type_ == "payment_refunded"
    assert told["credit_note_number"] == "HELSINKI-2026-000002"
    with money.store.begin() as session:
        found = receipt_of(session, ride.trip_id)
    assert found.receipt.number == "HELSINKI-2026-000001"
    [refund] = found.refunds
    assert refund.refund.amount_minor == 300
    assert refund.credit_note is not None and refund.credit_note.sequence == 2


def test_no_more_is_given_back_than_was_paid(money: MoneyDesk) -> None:
    ride = a_ride(1000)
    money.charge(ride)
    money.refund(ride.trip_id, 700)
    with pytest.raises(RefundTooLarge) as refusal:
        money.refund(ride.trip_id, 301)
    assert refusal.value.details == {"refundable": {"amount_minor": 300, "currency": "EUR"}}
    money.refund(ride.trip_id)  # the rest
    with pytest.raises(RefundTooLarge):
        money.refund(ride.trip_id)
    assert money.one("SELECT sum(amount_minor) FROM simulated_provider.refunds") == 1000
    assert money.breaches() == {}


def test_ten_operators_at_once_give_it_back_once(money: MoneyDesk) -> None:
    ride = a_ride(1000)
    money.charge(ride)

    def refund() -> str:
        try:
            return money.refund(ride.trip_id, 600)
        except RefundTooLarge:
            return ""

    done = [each.wait() for each in [eventlet.spawn(refund) for _ in range(10)]]
    assert sum(bool(each) for each in done) == 1
    assert money.one("SELECT sum(amount_minor) FROM simulated_provider.refunds") == 600
    assert money.breaches() == {}


@pytest.mark.parametrize(
    ("method", "error"), [("cash", PaidInCash), ("card_declined", NothingToRefund)], ids=["cash", "declined"]
)
def test_what_the_provider_never_got_it_does_not_give_back(
    money: MoneyDesk, method: str, error: type[Exception]
) -> None:
    ride = a_ride(1000, method=method)
    money.charge(ride)
    with pytest.raises(error):
        money.refund(ride.trip_id)
    with pytest.raises(ReceiptNotReady):
        money.refund("nobody")
    assert states(money) == []


def test_a_refund_that_the_provider_refuses_changes_nothing_else(money: MoneyDesk) -> None:
    ride = a_ride(1000, method="card_refund_declined")
    money.charge(ride)
    money.refund(ride.trip_id)
    assert money.rows("SELECT state, failure FROM refunds") == [("failed", "refund_declined")]
    assert balance(money, "clearing:EUR") == 1000
    money.refund(ride.trip_id)  # it may be tried again
    assert states(money) == ["failed", "failed"]
    assert money.breaches() == {}


def test_a_lost_answer_is_looked_up_and_not_repeated(money: MoneyDesk) -> None:
    ride = a_ride(1000, method="card_lost_answer")
    money.charge(ride)
    money.refund(ride.trip_id, 400)
    assert states(money) == ["done"]
    assert money.one("SELECT count(*) FROM simulated_provider.refunds") == 1
    assert money.breaches() == {}


def test_a_refund_left_pending_is_finished_by_the_timer_and_asked_for_once(money: MoneyDesk) -> None:
    ride = a_ride(1000)
    money.charge(ride)
    refund_id = money.begin_refund(ride.trip_id, 400)
    assert look_up_pending_refunds(money.desk, 10) == 0
    money.now = money.now.replace(minute=7)
    assert look_up_pending_refunds(money.desk, 10) == 1
    finish_refunds(money.desk, [refund_id])
    assert states(money) == ["done"]
    assert len([type_ for type_, _ in money.told() if type_ == "payment_refunded"]) == 1
    assert money.breaches() == {}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_refund_cut_short_is_finished_by_the_timer(money: MoneyDesk, tmp_path: Path, when: str) -> None:
    ride = a_ride(1000)
    money.charge(ride)
    refund_id = money.begin_refund(ride.trip_id, 400)
    die(money, tmp_path, when, "refund", [refund_id])
    assert states(money) == ["pending"]
    money.now = money.now.replace(minute=7)
    assert look_up_pending_refunds(money.desk, 10) == 1
    assert states(money) == ["done"]
    assert money.one("SELECT count(*) FROM simulated_provider.refunds") == 1
    assert money.breaches() == {}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE refunds SET amount_minor = 1, tax_minor = 0, fee_minor = 1",
        "DELETE FROM refunds",
        "UPDATE refunds SET state = 'failed'",
        "INSERT INTO refunds SELECT 'more', charge_id, 901, 0, 901, 0, currency, reason, by_user_id, 'pending', "
        "NULL, NULL, now(), NULL FROM refunds",
    ],
    ids=["amount", "delete", "second answer", "too much"],
)
def test_the_database_itself_refuses(money: MoneyDesk, statement: str) -> None:
    ride = a_ride(1000)
    money.charge(ride)
    money.refund(ride.trip_id, 100)
    with pytest.raises(IntegrityError), money.engine.begin() as owner:
        owner.exec_driver_sql(statement)
    assert money.breaches() == {}
