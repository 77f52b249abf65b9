"""Payouts on T+1: each line once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import eventlet
import pytest

from hansom.contracts.payments import DayNotOver, ProviderUnavailable
from services.payments.usecases import paying_out
from services.payments.usecases.paying_out import run_payouts
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
