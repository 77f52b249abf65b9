"""Payouts on T+1: each line once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import eventlet
import pytest
from sqlalchemy import text

from hansom.contracts.payments import DayNotOver, ProviderUnavailable, UnknownPayoutAccount
from services.payments.domain.payout import account_of
from services.payments.storage.payouts import set_account
from services.payments.usecases import paying_out
from services.payments.usecases.paying_out import run_payouts, take_back_returned
from tests.support.money import MoneyDesk, a_ride, example

NIGHT = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)  # already 3 March in Helsinki


def payouts(money: MoneyDesk) -> list[tuple[str, int, str]]:
    return [tuple(row) for row in money.rows("SELECT driver_id, amount_minor, state FROM payouts ORDER BY driver_id")]


def test_a_day_is_paid_out_once_it_is_over_in_the_city(money: MoneyDesk) -> None:
    money.charge(a_ride(1000), a_ride(2000), a_ride(500, completed_at=NIGHT))
    assert money.pay_out() == 0  # still 2 March
    assert money.pay_out(hours=12) == 1
    assert payouts(money) == [("driver-1", 2160, "sent")]
    assert money.pay_out(days=1) == 1
    assert payouts(money)[1:] == [("driver-1", 360, "sent")]
    assert money.breaches() == {}


def test_cash_is_netted_and_a_driver_who_owes_waits(money: MoneyDesk) -> None:
    money.charge(a_ride(1000, method="cash"))  # he owes 280
    assert money.pay_out(days=2) == 0
    money.charge(a_ride(1000))  # and earns 720
    assert money.pay_out() == 1
    assert payouts(money) == [("driver-1", 440, "sent")]
    assert money.breaches() == {}


def test_a_rider_who_did_not_pay_is_no_loss_of_the_driver(money: MoneyDesk) -> None:
    money.charge(a_ride(1000, method="card_declined"))
    assert money.pay_out(days=2) == 1
    assert payouts(money) == [("driver-1", 720, "sent")]
    assert money.breaches() == {}


def test_a_second_run_pays_nothing_again(money: MoneyDesk) -> None:
    money.charge(a_ride())
    assert [money.pay_out(days=2), money.pay_out(), money.pay_out(days=1)] == [1, 0, 0]
    assert money.one("SELECT count(*) FROM simulated_provider.payouts") == 1


def test_a_line_that_comes_late_is_in_the_next_run(money: MoneyDesk) -> None:
    money.charge(a_ride(1000))
    money.pay_out(days=2)
    money.charge(a_ride(500))  # of the day that was paid out
    assert money.pay_out() == 1
    assert [amount for _, amount, _ in payouts(money)] == [720, 360]
    assert money.breaches() == {}


def test_many_runs_at_once_pay_each_driver_once(money: MoneyDesk) -> None:
    money.charge(*[a_ride(100 + n, driver_id=f"driver-{n % 25}", rider_id=f"rider-{n}") for n in range(100)])
    money.now += timedelta(days=2)
    pool = eventlet.GreenPool()
    for _ in range(6):
        pool.spawn(run_payouts, money.desk, None)
    pool.waitall()
    assert len(payouts(money)) == money.one("SELECT count(*) FROM simulated_provider.payouts") == 25
    assert sum(type_ == "payout_sent" for type_, _ in money.told()) == 25
    assert money.breaches() == {}


def test_more_payouts_than_fit_one_transaction_are_all_sent(money: MoneyDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paying_out, "AT_ONCE", 3)
    money.charge(*[a_ride(driver_id=f"driver-{n}") for n in range(10)])
    assert money.pay_out(days=2) == 10
    assert money.breaches() == {}


class LosesAnswers:
    """Does what it is asked, and never says so: as a provider whose process or network dies after the effect."""

    def __init__(self, real: object) -> None:
        self.real = real

    def pay_out_all(self, wanted: object) -> object:
        self.real.pay_out_all(wanted)  # type: ignore[attr-defined]
        raise ProviderUnavailable()

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)


def test_a_payout_whose_answer_was_lost_is_looked_up_and_not_sent_again(money: MoneyDesk) -> None:
    money.charge(a_ride())
    real = money.provider
    money.provider = LosesAnswers(real)  # type: ignore[assignment]
    with pytest.raises(ProviderUnavailable):
        money.pay_out(days=2)
    assert [state for *_, state in payouts(money)] == ["reserved"]
    money.provider = real
    assert money.pay_out() == 1
    assert money.one("SELECT count(*) FROM simulated_provider.payouts") == 1
    assert money.breaches() == {}


def test_ops_may_pay_today_out_but_no_day_to_come(money: MoneyDesk) -> None:
    money.charge(a_ride())
    with pytest.raises(DayNotOver):
        run_payouts(money.desk, date(2026, 3, 3))
    assert run_payouts(money.desk, date(2026, 3, 2)) == 1


def test_what_is_told_looks_like_the_example(money: MoneyDesk) -> None:
    money.charge(a_ride())
    money.pay_out(days=2)
    told, wanted = dict(money.told())["payout_sent"], example("payments.payout_sent")["data"]
    assert {key: type(value) for key, value in told.items()} == {key: type(value) for key, value in wanted.items()}


def bank(money: MoneyDesk, account: str, driver_id: str = "driver-1") -> None:
    with money.store.begin() as session:
        set_account(session, driver_id, account, money.now)


def test_a_payout_that_is_refused_is_owed_again_and_paid_to_the_next_account(money: MoneyDesk) -> None:
    money.charge(a_ride(1000))
    bank(money, "bank_closed")
    assert money.pay_out(days=2) == 0
    assert payouts(money) == [("driver-1", 720, "failed")]
    type_, told = money.told()[-1]
    assert (type_, told["reason"], told["amount"]["amount_minor"]) == ("payout_failed", "account_closed", 720)
    assert money.pay_out() == 0  # not before tomorrow
    assert money.breaches() == {}
    bank(money, "bank_ok")
    assert money.pay_out(days=1) == 1
    assert sorted(payouts(money)) == [("driver-1", 720, "failed"), ("driver-1", 720, "sent")]
    assert money.breaches() == {}


def test_a_payout_that_comes_back_is_posted_back_and_paid_once_more(money: MoneyDesk) -> None:
    money.charge(a_ride(1000))
    bank(money, "bank_returns")
    assert money.pay_out(days=2) == 1
    assert take_back_returned(money.desk, timedelta(days=10)) == 1
    assert take_back_returned(money.desk, timedelta(days=10)) == 0
    assert payouts(money) == [("driver-1", 720, "returned")]
    assert money.one("SELECT sum(amount_minor) FROM ledger_entries WHERE account_id = 'clearing:EUR'") == 1000
    assert money.breaches() == {}
    bank(money, "usual")
    money.charge(a_ride(1000))
    assert money.pay_out(days=1) == 1
    assert ("driver-1", 1440, "sent") in payouts(money)
    assert money.breaches() == {}


def test_two_replicas_that_hear_of_a_return_owe_it_again_once(money: MoneyDesk) -> None:
    money.charge(*[a_ride(1000, driver_id=f"driver-{n}") for n in range(5)])
    for n in range(5):
        bank(money, "bank_returns", f"driver-{n}")
    money.pay_out(days=2)
    pool = eventlet.GreenPool()
    counts = list(pool.imap(lambda _: take_back_returned(money.desk, timedelta(days=10)), range(3)))
    assert sum(counts) == 5
    assert money.one("SELECT count(*) FROM payout_lines WHERE returned_payout_id IS NOT NULL") == 5
    assert money.breaches() == {}


def balance(money: MoneyDesk, account: str) -> int:
    return int(
        money.one("SELECT coalesce(sum(amount_minor), 0) FROM ledger_entries WHERE account_id = :id", id=account)
    )


def test_what_is_reserved_is_on_its_way_until_the_provider_has_sent_it(money: MoneyDesk) -> None:
    money.charge(a_ride(1000))
    real = money.provider
    money.provider = LosesAnswers(real)  # type: ignore[assignment]
    with pytest.raises(ProviderUnavailable):
        money.pay_out(days=2)
    assert (balance(money, "driver:driver-1:EUR"), balance(money, "payout:EUR")) == (0, -720)
    assert money.breaches() == {}
    money.provider = real
    money.pay_out()
    assert (balance(money, "payout:EUR"), balance(money, "clearing:EUR")) == (0, 280)


@pytest.mark.parametrize(("account", "left"), [("bank_ok", 0), ("bank_closed", -720)])
def test_a_payout_reserved_before_the_ledger_knew_of_money_on_its_way_is_posted_when_it_is_answered(
    money: MoneyDesk, account: str, left: int
) -> None:
    money.charge(a_ride(1000))
    bank(money, account)
    money.now += timedelta(days=2)
    with money.engine.begin() as owner:
        owner.execute(
            text("""INSERT INTO payouts (id, driver_id, city, currency, amount_minor, until_day, state, created_at)
                    VALUES ('older', 'driver-1', 'helsinki', 'EUR', 720, '2026-03-02', 'reserved', now())""")
        )
        owner.execute(text("UPDATE payout_lines SET payout_id = 'older'"))
    assert money.breaches() == {}
    money.pay_out()
    assert (balance(money, "driver:driver-1:EUR"), balance(money, "payout:EUR")) == (left, 0)
    assert money.breaches() == {}


def test_what_is_less_than_the_citys_minimum_waits_until_it_is_as_much(money: MoneyDesk) -> None:
    money.charge(a_ride(130))  # 13 tax, 23 fee: 94, and the minimum is 100
    assert money.pay_out(days=2) == 0
    money.charge(a_ride(130))
    assert money.pay_out(days=1) == 1
    assert payouts(money) == [("driver-1", 188, "sent")]
    assert money.breaches() == {}


def test_days_that_were_missed_are_made_up_for_by_the_next_run(money: MoneyDesk) -> None:
    for day in (2, 3, 5):
        money.charge(a_ride(1000, completed_at=datetime(2026, 3, day, 12, tzinfo=UTC)))
    assert money.pay_out(days=10) == 1
    assert payouts(money) == [("driver-1", 2160, "sent")]


@pytest.mark.parametrize("given", ["bank_of_nowhere", "FI21 1234 5600 0007 85", "1234567890123456"])
def test_an_account_number_is_refused_and_not_repeated(given: str) -> None:
    with pytest.raises(UnknownPayoutAccount) as refused:
        account_of(given, lambda account: False)
    assert given not in str(refused.value.details)
