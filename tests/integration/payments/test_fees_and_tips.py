"""What a trip costs beside its fare: fees for cancelling and not coming, tips; and what a promo code takes off."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import eventlet
import pytest
from sqlalchemy.exc import IntegrityError

from hansom.contracts.errors import Invalid
from hansom.contracts.payments import (
    ChargeKind,
    NothingToRefund,
    NotYourRide,
    PaidInCash,
    ProviderUnavailable,
    RefundTooLarge,
    TipRefused,
    UnknownPaymentMethod,
)
from services.payments.provider.simulated import SimulatedProvider
from services.payments.replies import earnings_reply, receipt_reply, statement_reply
from services.payments.storage import reading
from services.payments.usecases.charging import look_up_pending
from services.payments.usecases.settling_debts import settle_debts
from tests.support.money import MoneyDesk, a_fee, a_ride, example

CHARGED_AT_PROVIDER = "SELECT count(*) FROM simulated_provider.charges"


def balances(money: MoneyDesk) -> dict[str, int]:
    found = money.rows("SELECT account_id, sum(amount_minor)::bigint AS minor FROM ledger_entries GROUP BY account_id")
    return {row.account_id: row.minor for row in found}


def receipt(money: MoneyDesk, trip_id: str, *, of_tip: bool = False) -> dict[str, Any]:
    with money.store.begin() as session:
        return dict(receipt_reply(reading.receipt_of(session, trip_id, of_tip=of_tip)))


def totals(money: MoneyDesk, driver_id: str = "driver-1") -> dict[str, Any]:
    with money.store.begin() as session:
        sums = reading.earnings_totals(session, driver_id, (None, None))
        reply = earnings_reply(sums, [], 10, "EUR")["totals"]
    return {name: value["amount_minor"] if isinstance(value, dict) else value for name, value in reply.items()}


# -- discounts -------------------------------------------------------------------------------------------------------
def test_the_platform_pays_what_a_promo_code_takes_off_and_nobody_gets_less(money: MoneyDesk) -> None:
    ride = a_ride(1000, discount_minor=300, promo_code="WELCOME")
    money.charge(ride)
    assert balances(money) == {
        "rider:rider-1:EUR": 0,
        "driver:driver-1:EUR": -720,
        "revenue:EUR": -180,
        "tax:EUR": -100,
        "clearing:EUR": 700,
        "promo:EUR": 300,
    }
    assert money.one("SELECT amount_minor FROM simulated_provider.charges") == 700
    [(_, told)] = money.told()
    assert (told["amount"]["amount_minor"], told["kind"]) == (700, "ride")
    found = receipt(money, ride.trip_id)
    assert (found["total"]["amount_minor"], found["discount"]["amount_minor"]) == (700, 300)
    assert found["promo_code"] == "WELCOME"
    assert found["lines"][-1]["code"] == "promo"
    assert sum(line["amount"]["amount_minor"] for line in found["lines"]) == 700
    assert money.breaches() == {}


def test_in_cash_the_driver_takes_what_is_left_to_pay(money: MoneyDesk) -> None:
    money.charge(a_ride(1000, method="cash", discount_minor=300, promo_code="WELCOME"))
    assert balances(money)["driver:driver-1:EUR"] == 700 - 720
    assert totals(money)["cash"] == 700
    assert money.breaches() == {}


def test_a_ride_that_costs_its_rider_nothing_asks_no_provider(money: MoneyDesk) -> None:
    ride = a_ride(1000, discount_minor=1000, promo_code="FREE")
    money.charge(ride)
    assert money.one(CHARGED_AT_PROVIDER) == 0
    assert balances(money)["rider:rider-1:EUR"] == 0
    assert receipt(money, ride.trip_id)["state"] == "paid"
    with pytest.raises(NothingToRefund):
        money.refund(ride.trip_id)
    assert money.breaches() == {}


def test_a_failed_charge_owes_what_was_to_pay(money: MoneyDesk) -> None:
    money.charge(a_ride(1000, method="card_declined", discount_minor=300, promo_code="WELCOME"))
    assert money.one("SELECT amount_minor FROM debts") == 700
    settle_debts(money.desk, "rider-1", "card_ok")
    assert balances(money)["rider:rider-1:EUR"] == 0
    assert money.breaches() == {}


def test_what_was_paid_is_refunded_and_no_more(money: MoneyDesk) -> None:
    ride = a_ride(1000, discount_minor=300, promo_code="WELCOME")
    money.charge(ride)
    with pytest.raises(RefundTooLarge):
        money.refund(ride.trip_id, 701)
    for _ in range(7):
        money.refund(ride.trip_id, 100, from_driver=True)
    with pytest.raises(RefundTooLarge):
        money.refund(ride.trip_id, 1)
    assert receipt(money, ride.trip_id)["state"] == "refunded"
    assert balances(money)["clearing:EUR"] == 0
    assert balances(money)["driver:driver-1:EUR"] == -(720 - 504)
    assert money.breaches() == {}


# -- fees ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", [ChargeKind.CANCELLATION, ChargeKind.NO_SHOW])
def test_a_fee_is_charged_and_the_driver_gets_the_share_that_was_agreed(money: MoneyDesk, kind: ChargeKind) -> None:
    fee = a_fee(400, kind=kind)
    money.charge(fee)
    assert balances(money) == {
        "rider:rider-1:EUR": 0,
        "driver:driver-1:EUR": -200,
        "revenue:EUR": -160,
        "tax:EUR": -40,
        "clearing:EUR": 400,
    }
    assert money.one("SELECT count(*) FROM ledger_transactions WHERE kind = :kind", kind=kind.value) == 1
    [(type_, told)] = money.told()
    assert (type_, told["kind"]) == ("payment_captured", kind.value)
    found = receipt(money, fee.trip_id)
    assert (found["kind"], found["total"]["amount_minor"], found["tip"]) == (kind.value, 400, None)
    assert (totals(money)["cancellations"], totals(money)["amount"], totals(money)["rides"]) == (400, 200, 0)
    assert money.breaches() == {}


def test_who_wanted_to_pay_in_cash_owes_the_fee_and_pays_it_by_card(money: MoneyDesk) -> None:
    fee = a_fee(400, method="cash")
    money.charge(fee)
    assert money.rows("SELECT amount_minor, reason FROM debts") == [(400, "cash_not_taken")]
    assert balances(money)["driver:driver-1:EUR"] == -200  # he has taken nothing
    settle_debts(money.desk, "rider-1", "card_ok")
    assert receipt(money, fee.trip_id)["state"] == "paid"
    money.refund(fee.trip_id)
    assert balances(money)["clearing:EUR"] == 0
    assert money.breaches() == {}


def test_a_trip_is_charged_for_its_ride_or_for_its_cancellation_and_never_for_both(money: MoneyDesk) -> None:
    fee = a_fee(400)
    money.charge(fee)
    money.charge(a_ride(1000, trip_id=fee.trip_id))
    money.charge(fee)
    assert money.rows("SELECT kind, fare_minor FROM charges") == [("cancellation", 400)]
    assert money.one(CHARGED_AT_PROVIDER) == 1
    assert money.breaches() == {}


# -- tips ------------------------------------------------------------------------------------------------------------
def test_a_tip_is_all_the_drivers_and_has_a_receipt_of_its_own(money: MoneyDesk) -> None:
    ride = a_ride(1000)
    money.charge(ride)
    money.tip(ride.trip_id, 250)
    assert balances(money)["driver:driver-1:EUR"] == -720 - 250
    assert balances(money)["clearing:EUR"] == 1250
    told = money.told()[1:]
    assert [(type_, data.get("kind")) for type_, data in told] == [("payment_captured", "tip"), ("tip_received", None)]
    assert told[1][1].keys() == example("payments.tip_received")["data"].keys()
    found, tip = receipt(money, ride.trip_id), receipt(money, ride.trip_id, of_tip=True)
    assert found["total"]["amount_minor"] == 1000
    assert found["tip"] == {"amount": tip["total"], "receipt_number": tip["receipt_number"], "state": "captured"}
    assert (tip["kind"], tip["total"]["amount_minor"], tip["lines"][0]["code"]) == ("tip", 250, "tip")
    assert (totals(money)["rides"], totals(money)["tips"], totals(money)["amount"]) == (1, 250, 970)
    assert money.breaches() == {}


def test_a_tip_that_fails_leaves_nothing_and_may_be_given_again(money: MoneyDesk) -> None:
    ride = a_ride(1000)
    money.charge(ride)
    before = balances(money)
    money.tip(ride.trip_id, 250, "card_declined")
    assert balances(money) == before
    assert money.one("SELECT count(*) FROM debts") == 0
    assert money.one("SELECT count(*) FROM receipts") == money.one("SELECT count(*) FROM payout_lines") == 1
    (type_, told) = money.told()[-1]
    assert (type_, told["kind"], told["receipt_id"], told["reason"]) == ("payment_failed", "tip", None, "card_declined")
    assert receipt(money, ride.trip_id)["tip"] is None
    money.tip(ride.trip_id, 200, "card_ok")
    with pytest.raises(TipRefused) as refused:
        money.tip(ride.trip_id, 200)
    assert refused.value.details == {"reason": "already_tipped"}
    assert money.breaches() == {}


def test_a_tip_is_refused_with_a_reason(money: MoneyDesk) -> None:
    ride, fee, cash = a_ride(1000), a_fee(), a_ride(1000, method="cash")
    none = a_ride(1000, tip_max_minor=0)
    money.charge(ride, fee, cash, none)

    def reason(trip_id: str) -> str:
        with pytest.raises(TipRefused) as refused:
            money.tip(trip_id)
        return str(refused.value.details["reason"])

    assert reason("nothing-of-this-name") == "not_settled"
    assert reason(fee.trip_id) == reason(none.trip_id) == "no_tips"
    with pytest.raises(NotYourRide):
        money.tip(ride.trip_id, rider_id="rider-2")
    with pytest.raises(UnknownPaymentMethod):
        money.tip(cash.trip_id)
    with pytest.raises(UnknownPaymentMethod):
        money.tip(ride.trip_id, method="cash")
    with pytest.raises(Invalid) as too_much:
        money.tip(ride.trip_id, 1001)
    assert "amount_minor" in too_much.value.details
    money.tip(cash.trip_id, method="card_ok")
    money.now = ride.completed_at + timedelta(hours=24, seconds=1)
    assert reason(ride.trip_id) == "too_late"
    assert money.breaches() == {}


def test_ten_tips_of_one_ride_at_once_are_one(money: MoneyDesk) -> None:
    ride = a_ride(1000)
    money.charge(ride)

    def tip(_: int) -> bool:
        try:
            money.tip(ride.trip_id)
        except TipRefused:
            return False
        return True

    assert sorted(eventlet.GreenPool(10).imap(tip, range(10))) == [False] * 9 + [True]
    assert money.one(CHARGED_AT_PROVIDER) == 2
    assert money.breaches() == {}


def test_a_tip_whose_answer_is_lost_is_looked_up_and_not_asked_for_again(money: MoneyDesk) -> None:
    ride = a_ride(1000, method="card_lost_answer")
    money.charge(ride)
    money.tip(ride.trip_id)
    assert money.one(CHARGED_AT_PROVIDER) == money.one("SELECT count(*) FROM charges WHERE state = 'captured'") == 2
    assert money.breaches() == {}


def test_a_tip_begun_by_somebody_who_died_is_finished_by_the_timer(money: MoneyDesk) -> None:
    ride = a_ride(1000)
    money.charge(ride)
    money.begin_tip(ride.trip_id)
    assert receipt(money, ride.trip_id)["tip"]["state"] == "pending"
    money.now += timedelta(minutes=1)
    assert look_up_pending(money.desk, 100) == 1
    assert receipt(money, ride.trip_id)["tip"]["state"] == "captured"
    assert money.breaches() == {}


def test_a_tip_is_given_back_apart_from_its_ride(money: MoneyDesk) -> None:
    ride = a_ride(1000)
    money.charge(ride)
    money.tip(ride.trip_id, 250)
    money.refund(ride.trip_id, 250, from_driver=True, of_tip=True)
    assert balances(money)["driver:driver-1:EUR"] == -720
    assert receipt(money, ride.trip_id)["state"] == "paid"
    assert receipt(money, ride.trip_id, of_tip=True)["state"] == "refunded"
    with money.store.begin() as session:
        assert [each.refund.charge.kind for each in reading.refunds_of_trip(session, ride.trip_id)] == ["tip"]
    assert money.breaches() == {}


def test_a_statement_tells_tips_and_fees_and_adds_up(money: MoneyDesk) -> None:
    ride = a_ride(1000)
    money.charge(ride, a_fee(400))
    money.tip(ride.trip_id, 250)
    money.pay_out(days=2)
    [payout_id] = [row.id for row in money.rows("SELECT id FROM payouts")]
    with money.store.begin() as session:
        statement = statement_reply(*reading.payout_of(session, payout_id))
    sums = {name: each["amount_minor"] for name, each in statement["totals"].items() if name != "rides"}
    assert (statement["totals"]["rides"], sums["tips"], sums["cancellations"]) == (1, 250, 400)
    made_of = sums["fare"] - sums["tax"] - sums["fee"] - sums["cash"] - sums["refunds"] + sums["returned"]
    assert made_of == statement["amount"]["amount_minor"] == 720 + 200 + 250
    assert {line["kind"] for line in statement["lines"]} == {"ride", "cancellation", "tip"}
    assert money.breaches() == {}


# -- what settled a debt ---------------------------------------------------------------------------------------------
def test_a_debt_that_was_paid_is_refunded_through_the_payment_that_paid_it(money: MoneyDesk) -> None:
    ride = a_ride(1000, method="card_declined")
    money.charge(ride)
    with pytest.raises(NothingToRefund):
        money.refund(ride.trip_id)
    settle_debts(money.desk, "rider-1", "card_ok")
    money.refund(ride.trip_id, 600, from_driver=True)
    money.refund(ride.trip_id)
    [payment_id] = [row.id for row in money.rows("SELECT id FROM debt_payments WHERE state = 'captured'")]
    assert {row.charge_key for row in money.rows("SELECT charge_key FROM simulated_provider.refunds")} == {payment_id}
    assert balances(money)["clearing:EUR"] == balances(money)["rider:rider-1:EUR"] == 0
    assert receipt(money, ride.trip_id)["state"] == "refunded"
    with pytest.raises(RefundTooLarge):
        money.refund(ride.trip_id, 1)
    assert money.breaches() == {}


def test_what_was_paid_in_cash_is_not_refunded_though_its_tip_is(money: MoneyDesk) -> None:
    ride = a_ride(1000, method="cash")
    money.charge(ride)
    money.tip(ride.trip_id, 200, "card_ok")
    with pytest.raises(PaidInCash):
        money.refund(ride.trip_id)
    money.refund(ride.trip_id, of_tip=True)
    assert money.breaches() == {}


# -- what the database itself refuses --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO charges SELECT 'second', trip_id, rider_id, driver_id, city, category, currency, fare_minor, "
        "tax_minor, fee_minor, lines, method, fare_reason, distance_m, duration_s, completed_at, cause, state, "
        "provider_reference, reason, created_at, resolved_at, 'no_show' FROM charges WHERE kind = 'ride'",
        "INSERT INTO charges SELECT 'second', trip_id, rider_id, driver_id, city, category, currency, fare_minor, "
        "tax_minor, fee_minor, lines, method, fare_reason, distance_m, duration_s, completed_at, cause, state, "
        "provider_reference, reason, created_at, resolved_at, kind FROM charges WHERE kind = 'tip'",
        "UPDATE charges SET discount_minor = 1 WHERE kind = 'ride'",
        "UPDATE charges SET kind = 'no_show' WHERE kind = 'ride'",
    ],
    ids=["a ride and a no-show", "a second tip", "a discount afterwards", "another kind"],
)
def test_the_database_itself_refuses(money: MoneyDesk, statement: str) -> None:
    ride = a_ride(1000)
    money.charge(ride)
    money.tip(ride.trip_id)
    with pytest.raises(IntegrityError), money.engine.begin() as owner:
        owner.exec_driver_sql(statement)
    assert money.breaches() == {}


# -- a provider that tells later -------------------------------------------------------------------------------------
def test_a_charge_that_the_provider_answers_later_waits_and_nobody_is_called_unavailable(money: MoneyDesk) -> None:
    money.provider = SimulatedProvider(money.store, now=lambda: money.now)
    ride = a_ride(1000, method="card_webhook_late")
    money.charge(ride)
    assert money.rows("SELECT state FROM charges") == [("pending",)]
    assert money.told() == []
    money.charge(ride)
    assert money.one(CHARGED_AT_PROVIDER) == 1
    with pytest.raises(NothingToRefund):
        money.refund(ride.trip_id)
    money.now += timedelta(minutes=1)
    look_up_pending(money.desk, 100)
    assert money.rows("SELECT state FROM charges") == [("captured",)]
    assert money.breaches() == {}


def test_a_provider_that_knows_nothing_of_a_charge_is_unavailable(money: MoneyDesk) -> None:
    class Forgetful:
        def __getattr__(self, name: str) -> Any:
            return lambda *_: {}

    money.provider = Forgetful()  # type: ignore[assignment]
    with pytest.raises(ProviderUnavailable):
        money.charge(a_ride(1000))
