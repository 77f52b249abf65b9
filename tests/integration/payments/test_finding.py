"""Operators find trips by how it stands with their payment."""

from __future__ import annotations

from hansom.contracts.payments import Payment
from services.payments.storage.finding import trips_paid_so
from services.payments.usecases.settling_debts import settle_debts
from tests.support.money import MoneyDesk, a_fee, a_ride


def found(money: MoneyDesk, payment: Payment, city: str | None = None, limit: int = 10) -> tuple[list[str], bool]:
    with money.store.begin() as session:
        return trips_paid_so(session, payment, city, limit)


def test_a_trip_is_found_by_what_became_of_its_payment(money: MoneyDesk) -> None:
    paid, waiting = a_ride(), a_ride(method="card_webhook_late")
    owed, fee = a_ride(method="card_declined"), a_fee(method="card_declined")
    late = a_ride(method="card_declined", rider_id="rider-2")
    money.charge(paid, waiting, owed, late)
    money.now = money.now.replace(minute=6)
    money.charge(fee)
    settle_debts(money.desk, "rider-2", "card_ok")
    assert found(money, Payment.PENDING) == ([waiting.trip_id], False)
    assert found(money, Payment.OWED) == ([fee.trip_id, owed.trip_id], False), "newest first"
    assert found(money, Payment.OWED, "helsinki") == found(money, Payment.OWED)
    assert found(money, Payment.OWED, "turku") == ([], False)
    assert found(money, Payment.OWED, limit=1) == ([fee.trip_id], True)
    assert found(money, Payment.PAID_LATE) == ([late.trip_id], False)
    assert found(money, Payment.REFUNDED) == ([], False)


def test_a_trip_of_which_much_was_given_back_is_found_once(money: MoneyDesk) -> None:
    ride = a_ride(1000)
    money.charge(ride, a_ride())
    money.tip(ride.trip_id)
    for of_tip in (False, True):
        money.refund(ride.trip_id, 100, of_tip=of_tip)
    money.begin_refund(ride.trip_id, 50)
    assert found(money, Payment.REFUNDED) == ([ride.trip_id], False)
