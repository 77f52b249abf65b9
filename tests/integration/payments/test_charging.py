"""A settled ride is charged once, whatever comes twice."""

from __future__ import annotations

from typing import Any

import eventlet
import pytest
from sqlalchemy import Engine

from hansom.contracts.payments import ProviderUnavailable
from services.payments.usecases.charging import look_up_pending
from tests.support.money import MoneyDesk, a_ride, example

CHARGED_AT_PROVIDER = "SELECT count(*) FROM simulated_provider.charges"


def balances(money: MoneyDesk) -> dict[str, int]:
    found = money.rows("SELECT account_id, sum(amount_minor)::bigint AS minor FROM ledger_entries GROUP BY account_id")
    return {row.account_id: row.minor for row in found}


def test_a_card_is_charged_and_the_books_say_who_gets_what(money: MoneyDesk) -> None:
    ride = a_ride(1000)  # 100 of it tax; a fifth of the rest is the platform's
    money.charge(ride)
    assert balances(money) == {
        "rider:rider-1:EUR": 0,
        "driver:driver-1:EUR": -720,
        "revenue:EUR": -180,
        "tax:EUR": -100,
        "clearing:EUR": 1000,
    }
    assert money.breaches() == {}


def test_cash_is_in_the_drivers_hand_so_he_owes_tax_and_fee(money: MoneyDesk) -> None:
    money.charge(a_ride(1000, method="cash"))
    assert balances(money)["driver:driver-1:EUR"] == 280
    assert money.one(CHARGED_AT_PROVIDER) == 0
    assert money.breaches() == {}


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        ("card_declined", "card_declined"),
        ("card_insufficient_funds", "insufficient_funds"),
        ("magic_beans", "unknown_payment_method"),
    ],
)
def test_a_failed_charge_is_a_debt_and_the_driver_is_owed_his_share_all_the_same(
    money: MoneyDesk, method: str, reason: str
) -> None:
    money.charge(a_ride(1000, method=method))
    assert money.rows("SELECT rider_id, amount_minor, reason FROM debts") == [("rider-1", 1000, reason)]
    assert balances(money)["rider:rider-1:EUR"] == 1000
    assert balances(money)["driver:driver-1:EUR"] == -720
    [(type_, data)] = money.told()
    assert (type_, data["reason"]) == ("payment_failed", reason)
    assert money.breaches() == {}


def test_a_free_ride_asks_no_provider_and_has_a_receipt(money: MoneyDesk) -> None:
    money.charge(a_ride(0))
    assert money.rows("SELECT state FROM charges") == [("captured",)]
    assert money.one(CHARGED_AT_PROVIDER) == money.one("SELECT count(*) FROM ledger_transactions") == 0
    assert money.breaches() == {}


def test_a_ride_that_comes_twice_is_charged_once(money: MoneyDesk) -> None:
    ride = a_ride()
    money.charge(ride, ride)
    money.charge(ride)
    money.charge(a_ride(9999, trip_id=ride.trip_id))  # even with another fare
    assert money.rows("SELECT fare_minor, state FROM charges") == [(1010, "captured")]
    assert money.one(CHARGED_AT_PROVIDER) == money.one("SELECT count(*) FROM receipts") == len(money.told()) == 1
    assert money.breaches() == {}


def test_ten_payments_of_one_trip_at_once_are_one_charge(money: MoneyDesk) -> None:
    for _ in range(10):
        ride = a_ride()
        pool = eventlet.GreenPool(10)
        for _ in range(10):
            pool.spawn(money.charge, ride)
        pool.waitall()
    assert money.one(CHARGED_AT_PROVIDER) == money.one("SELECT count(*) FROM charges WHERE state = 'captured'") == 10
    assert money.one("SELECT count(*) FROM ledger_transactions") == 20
    assert len(money.told()) == 10
    assert money.breaches() == {}


def test_overlapping_batches_at_once_are_charged_once_each_and_numbered_without_gaps(money: MoneyDesk) -> None:
    rides = [a_ride(500 + n, rider_id=f"rider-{n}", driver_id=f"driver-{n % 7}") for n in range(60)]
    batches = [rides[:40], rides[20:], list(reversed(rides)), rides[::3]]
    pool = eventlet.GreenPool()
    for batch in batches:
        pool.spawn(money.charge, *batch)
    pool.waitall()
    assert money.one(CHARGED_AT_PROVIDER) == 60
    numbers = [row.sequence for row in money.rows("SELECT sequence FROM receipts ORDER BY sequence")]
    assert numbers == list(range(1, 61))
    assert money.breaches() == {}


def test_a_batch_of_any_size_is_three_transactions(money: MoneyDesk, service_engine: Engine) -> None:
    from tests.support.trips_world import Statements

    with Statements(service_engine) as sent:
        money.charge(*[a_ride(rider_id=f"rider-{n}") for n in range(50)])
    assert sent.commits == 3
    assert len(sent.statements) <= 13


def test_an_answer_that_is_lost_is_looked_up_and_not_asked_for_again(money: MoneyDesk) -> None:
    money.charge(a_ride(method="card_lost_answer"))
    assert money.rows("SELECT state FROM charges") == [("captured",)]
    assert money.one(CHARGED_AT_PROVIDER) == 1
    assert money.breaches() == {}


class DownProvider:
    """A provider that does not answer at all; `works` makes it the real one again."""

    def __init__(self, real: Any) -> None:
        self.real, self.works = real, False

    def __getattr__(self, name: str) -> Any:
        if not self.works and name != "knows_method":  # which asks nobody
            raise ProviderUnavailable()
        return getattr(self.real, name)


def test_while_the_provider_is_down_the_charge_waits_and_is_found_later(money: MoneyDesk) -> None:
    provider = DownProvider(money.provider)
    money.provider = provider
    with pytest.raises(ProviderUnavailable):
        money.charge(a_ride())
    assert money.rows("SELECT state FROM charges") == [("pending",)]
    assert money.told() == []
    provider.works = True
    assert look_up_pending(money.desk, 100) == 0  # too fresh: somebody may still be at it
    money.now = money.now.replace(minute=7)
    assert look_up_pending(money.desk, 100) == 1
    assert money.rows("SELECT state FROM charges") == [("captured",)]
    assert money.breaches() == {}


def test_two_who_look_up_the_same_charges_record_them_once(money: MoneyDesk) -> None:
    provider = DownProvider(money.provider)
    money.provider = provider
    with pytest.raises(ProviderUnavailable):
        money.charge(*[a_ride() for _ in range(20)])
    provider.works = True
    money.now = money.now.replace(minute=7)
    pool = eventlet.GreenPool()
    for _ in range(4):
        pool.spawn(look_up_pending, money.desk, 100)
    pool.waitall()
    assert money.one(CHARGED_AT_PROVIDER) == len(money.told()) == 20
    assert money.breaches() == {}


def test_what_is_told_looks_like_the_examples(money: MoneyDesk) -> None:
    money.charge(a_ride(), a_ride(method="card_declined"))
    told = dict(money.told())
    for name in ("payment_captured", "payment_failed"):
        data = example(f"payments.{name}")["data"]
        assert told[name].keys() == data.keys()
        assert {key: type(value) for key, value in told[name].items()} == {k: type(v) for k, v in data.items()}


def test_a_receipts_year_is_the_citys(money: MoneyDesk) -> None:
    money.now = money.now.replace(year=2026, month=12, day=31, hour=21, minute=59)
    money.charge(a_ride())
    money.now = money.now.replace(hour=22)
    money.charge(a_ride())
    numbers = money.rows("SELECT year, sequence FROM receipts ORDER BY issued_at")
    assert numbers == [(2026, 1), (2027, 1)]
    assert money.breaches() == {}
