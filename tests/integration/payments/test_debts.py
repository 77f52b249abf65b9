"""Riders pay what could not be charged: once, and before the next ride."""

from __future__ import annotations

from pathlib import Path

import eventlet
import pytest
from sqlalchemy.exc import IntegrityError

from hansom.contracts.payments import ChargeState, DebtOpen, UnknownPaymentMethod
from services.payments.domain.debt import must_owe_nothing
from services.payments.storage.debts import open_debts
from services.payments.storage.reading import receipt_of
from services.payments.usecases.settling_debts import look_up_pending_payments, settle_debts
from tests.integration.payments.test_crashes import die
from tests.support.money import MoneyDesk, a_ride


def owed(money: MoneyDesk, rider_id: str = "rider-1") -> list[tuple[str, int]]:
    with money.store.begin() as session:
        return [(debt.trip_id, debt.amount_minor) for debt in open_debts(session, rider_id)]


def test_a_debt_is_paid_by_another_card_and_the_receipt_says_paid(money: MoneyDesk) -> None:
    ride = a_ride(1000, method="card_declined")
    money.charge(ride)
    assert owed(money) == [(ride.trip_id, 1000)]
    [outcome] = settle_debts(money.desk, "rider-1", "card_ok").values()
    assert outcome.state == ChargeState.CAPTURED
    assert owed(money) == []
    with money.store.begin() as session:
        assert receipt_of(session, ride.trip_id).is_paid
    type_, told = money.told()[-1]
    assert (type_, told["trip_id"], told["amount"]["amount_minor"]) == ("debt_settled", ride.trip_id, 1000)
    assert money.breaches() == {}


def test_a_card_that_is_refused_again_leaves_the_debt(money: MoneyDesk) -> None:
    money.charge(a_ride(1000, method="card_declined"))
    for method in ("card_declined", "card_insufficient_funds"):
        [outcome] = settle_debts(money.desk, "rider-1", method).values()
        assert outcome.state == ChargeState.FAILED
    assert len(owed(money)) == 1
    settle_debts(money.desk, "rider-1", None)  # the usual card
    assert owed(money) == []
    assert money.breaches() == {}


def test_ten_taps_at_once_pay_each_debt_once(money: MoneyDesk) -> None:
    money.charge(a_ride(1000, method="card_declined"), a_ride(500, method="card_declined"))
    pool = eventlet.GreenPool()
    list(pool.imap(lambda _: settle_debts(money.desk, "rider-1", "card_ok"), range(10)))
    assert owed(money) == []
    captured = "SELECT count(*), sum(amount_minor) FROM simulated_provider.charges WHERE state = 'captured'"
    assert [tuple(row) for row in money.rows(captured)] == [(2, 1500)]
    assert len([type_ for type_, _ in money.told() if type_ == "debt_settled"]) == 2
    assert money.breaches() == {}


def test_nobody_pays_another_ones_debt_or_by_cash(money: MoneyDesk) -> None:
    money.charge(a_ride(1000, method="card_declined"))
    assert settle_debts(money.desk, "rider-2", "card_ok") == {}
    for method in ("cash", "4242 4242 4242 4242"):
        with pytest.raises(UnknownPaymentMethod):
            settle_debts(money.desk, "rider-1", method)
    assert len(owed(money)) == 1


def test_who_owes_is_told_how_much_and_who_does_not_may_ride(money: MoneyDesk) -> None:
    money.charge(a_ride(1000, method="card_declined"), a_ride(500, method="card_declined"), a_ride(700))
    with money.store.begin() as session, pytest.raises(DebtOpen) as refused:
        must_owe_nothing(open_debts(session, "rider-1"))
    assert refused.value.details == {"debts": [{"amount_minor": 1500, "currency": "EUR"}]}
    must_owe_nothing([])


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_payment_cut_short_is_finished_by_the_timer_and_paid_once(
    money: MoneyDesk, tmp_path: Path, when: str
) -> None:
    money.charge(a_ride(1000, method="card_declined"))
    die(money, tmp_path, when, "settle", ["rider-1"])
    assert len(owed(money)) == 1
    money.now = money.now.replace(minute=7)
    assert look_up_pending_payments(money.desk, 10) == 1
    assert owed(money) == []
    assert money.one("SELECT count(*) FROM simulated_provider.charges WHERE state = 'captured'") == 1
    assert money.breaches() == {}


def test_a_payment_cut_short_is_finished_when_the_rider_taps_again(money: MoneyDesk, tmp_path: Path) -> None:
    money.charge(a_ride(1000, method="card_declined"))
    die(money, tmp_path, "after", "settle", ["rider-1"])
    settle_debts(money.desk, "rider-1", "card_ok")
    assert owed(money) == []
    assert money.one("SELECT count(*) FROM simulated_provider.charges WHERE state = 'captured'") == 1
    assert money.breaches() == {}


def test_the_database_refuses_a_second_payment_that_stands(money: MoneyDesk) -> None:
    money.charge(a_ride(1000, method="card_declined"))
    settle_debts(money.desk, "rider-1", "card_ok")
    again = "INSERT INTO debt_payments SELECT 'again', charge_id, rider_id, currency, method, 'pending', amount_minor, "
    with pytest.raises(IntegrityError), money.store.begin() as session:
        session.connection().exec_driver_sql(again + "NULL, NULL, now(), NULL FROM debt_payments")
    with pytest.raises(IntegrityError), money.store.begin() as session:
        session.connection().exec_driver_sql("UPDATE debt_payments SET state = 'failed'")
