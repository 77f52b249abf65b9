"""The whole service over the broker: events in, events out, calls, documents, a second replica."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import eventlet
import pytest

from hansom.contracts.errors import Forbidden, Invalid
from hansom.contracts.payments import NotYourReceipt, ReceiptNotReady, UnknownPaymentMethod, UnknownPayout
from hansom.ids import new_id
from tests.support.money import MoneyDesk, a_ride, a_settled_trip
from tests.support.payments_world import Ear, Running
from tests.support.waiting import eventually

OPS = {"user_id": "ops-1", "role": "ops"}


def heard(trip_id: str) -> list[str]:
    return [event.type for event in Ear.heard if event.key == trip_id]


def receipt(running: Running, trip: dict[str, Any], user_id: str, role: str) -> dict[str, Any]:
    return running.call("get_receipt", {"trip_id": trip["id"], "actor": {"user_id": user_id, "role": role}})


def test_a_settled_trip_is_charged_told_of_and_has_a_receipt(running: Running, money: MoneyDesk) -> None:
    data = a_settled_trip(1010)
    running.settle(data)
    trip = data["trip"]
    eventually(lambda: heard(trip["id"]) == ["payment_captured"])
    found = receipt(running, trip, "rider-1", "rider")
    assert found["receipt_number"].endswith("-000001")
    assert (found["total"]["amount_minor"], found["state"], found["paid_with"]) == (1010, "paid", "Card")
    assert sum(line["amount"]["amount_minor"] for line in found["lines"]) == 1010
    assert receipt(running, trip, "driver-1", "driver") == receipt(running, trip, "ops-1", "ops") == found
    assert money.breaches() == {}


def test_messages_delivered_many_times_have_one_effect(running: Running, money: MoneyDesk) -> None:
    trips = [a_settled_trip(500 + n, rider_id=f"rider-{n}") for n in range(30)]
    running.settle(*trips, times=4)
    eventually(lambda: len(Ear.heard) >= 30, within_s=15)
    running.settle(*trips[::-1])
    last = a_settled_trip()
    running.settle(last)
    eventually(lambda: heard(last["trip"]["id"]), within_s=10)
    assert money.one("SELECT count(*) FROM simulated_provider.charges") == 31
    assert len({event.event_id for event in Ear.heard}) == len(Ear.heard) == 31
    assert money.breaches() == {}


def test_ten_payments_by_call_and_by_message_at_once_are_one_charge(running: Running, money: MoneyDesk) -> None:
    data = a_settled_trip()
    running.settle(data, times=5)
    pool = eventlet.GreenPool()
    answers = list(pool.imap(lambda _: running.call("charge_trip", data), range(10)))
    assert len({answer["charge_id"] for answer in answers}) == 1
    eventually(lambda: heard(data["trip"]["id"]))
    assert money.one("SELECT count(*) FROM simulated_provider.charges") == 1
    assert money.breaches() == {}


def test_a_message_that_is_no_trip_is_parked_and_those_beside_it_are_charged(
    running: Running, money: MoneyDesk
) -> None:
    good, bad = a_settled_trip(), a_settled_trip()
    bad["trip"]["fare"] = {"amount_minor": 12.5, "currency": "EUR"}
    running.settle(bad, good, {"trip": {"id": new_id()}})
    eventually(lambda: heard(good["trip"]["id"]), within_s=10)
    count = "SELECT count(*) FROM charges WHERE trip_id = :trip_id"
    assert money.one(count, trip_id=good["trip"]["id"]) == 1
    assert money.one(count, trip_id=bad["trip"]["id"]) == 0


def test_a_failed_payment_is_told_and_its_receipt_says_unpaid(running: Running) -> None:
    data = a_settled_trip(method="card_declined")
    running.settle(data)
    eventually(lambda: heard(data["trip"]["id"]) == ["payment_failed"])
    [event] = [event for event in Ear.heard if event.key == data["trip"]["id"]]
    assert event.data["reason"] == "card_declined"
    assert receipt(running, data["trip"], "rider-1", "rider")["state"] == "unpaid"


def test_a_refund_asked_for_again_with_its_key_is_one_refund(running: Running, money: MoneyDesk) -> None:
    money.charge(a_ride(1000, trip_id="trip-1"))
    key = {"scope": "ops-1", "key": new_id(), "fingerprint": "f"}
    asked = {"trip_id": "trip-1", "actor": OPS, "reason": "He was driven around.", "amount_minor": 400}
    answers = list(
        eventlet.GreenPool().imap(lambda _: running.call("refund_trip", {**asked, "idempotency": key}), range(5))
    )
    assert len({answer["refund_id"] for answer in answers}) == 1
    assert running.call("refund_trip", {**asked, "idempotency": {**key, "key": new_id()}})["state"] == "done"
    found = receipt(running, {"id": "trip-1"}, "rider-1", "rider")
    assert (found["state"], found["refunded"]["amount_minor"], len(found["refunds"])) == ("paid", 800, 2)
    assert "by" not in found["refunds"][0]
    asked_for = running.call("list_refunds", {"trip_id": "trip-1"})["items"]
    assert [(each["state"], each["by"]) for each in asked_for] == [("done", "ops-1")] * 2
    assert money.breaches() == {}


def test_a_statement_is_for_the_driver_and_adds_up(running: Running, money: MoneyDesk) -> None:
    money.charge(a_ride(1000, trip_id="trip-1"), a_ride(1000, method="cash"), a_ride(2000))
    money.refund("trip-1", 500, from_driver=True)
    assert money.pay_out(days=2) == 1
    payout_id = money.one("SELECT id FROM payouts")

    def ask(method: str, user_id: str, role: str = "driver", **more: Any) -> dict[str, Any]:
        return running.call(method, {"payout_id": payout_id, "actor": {"user_id": user_id, "role": role}, **more})

    statement = ask("get_statement", "driver-1")
    totals = {name: each["amount_minor"] for name, each in statement["totals"].items() if name != "rides"}
    assert statement["totals"]["rides"] == 3
    nothing_else = {"returned": 0, "tips": 0, "cancellations": 0}
    assert totals == {"fare": 4000, "tax": 400, "fee": 720, "cash": 1000, "refunds": 360, **nothing_else}
    left = totals["fare"] - totals["tax"] - totals["fee"] - totals["cash"] - totals["refunds"]
    assert statement["amount"]["amount_minor"] == left == money.one("SELECT amount_minor FROM payouts")
    assert ask("get_statement", "ops-1", "ops") == statement
    with pytest.raises(UnknownPayout):
        ask("get_statement", "driver-2")
    page = ask("render_statement", "driver-1", format="html", locale="fi")
    assert "Tilityserittely" in b64decode(page["body_b64"]).decode()
    assert b64decode(ask("render_statement", "driver-1", format="pdf")["body_b64"]).startswith(b"%PDF-")


@pytest.mark.parametrize("role", ["rider", "driver"])
def test_a_receipt_is_not_for_strangers(running: Running, money: MoneyDesk, role: str) -> None:
    money.charge(a_ride(trip_id="trip-1"))
    with pytest.raises(NotYourReceipt) as refused:
        receipt(running, {"id": "trip-1"}, "stranger", role)
    assert isinstance(refused.value, Forbidden)


def test_before_a_trip_is_settled_its_receipt_is_not_ready(running: Running) -> None:
    with pytest.raises(ReceiptNotReady):
        receipt(running, {"id": "trip-unknown"}, "rider-1", "rider")


def test_a_receipt_is_a_page_and_a_pdf(running: Running, money: MoneyDesk) -> None:
    money.charge(a_ride(123450, trip_id="trip-1"))
    asked = {"trip_id": "trip-1", "actor": OPS}
    page = running.call("render_receipt", {**asked, "format": "html", "locale": "fi"})
    assert page["content_type"].startswith("text/html")
    assert "1\xa0234,50\xa0€" in b64decode(page["body_b64"]).decode()
    pdf = running.call("render_receipt", {**asked, "format": "pdf"})
    assert pdf["content_type"] == "application/pdf"
    assert b64decode(pdf["body_b64"]).startswith(b"%PDF-")


def test_earnings_are_sums_and_pages_of_lines(running: Running, money: MoneyDesk) -> None:
    money.charge(*[a_ride(1000, trip_id=f"trip-{n}", method="cash" if n == 3 else "card_ok") for n in range(5)])
    first = running.call("get_earnings", {"driver_id": "driver-1", "limit": 3})
    assert {name: money["amount_minor"] for name, money in first["totals"].items() if name != "rides"} == {
        "fare": 5000,
        "tax": 500,
        "fee": 900,
        "share": 3600,
        "cash": 1000,
        "amount": 2600,
        "to_be_paid": 2600,
        "tips": 0,
        "cancellations": 0,
    }
    second = running.call("get_earnings", {"driver_id": "driver-1", "limit": 3, "cursor": first["next_cursor"]})
    trips = [line["trip_id"] for line in first["lines"] + second["lines"]]
    assert sorted(trips) == [f"trip-{n}" for n in range(5)]
    assert second["next_cursor"] is None


def test_earnings_of_days_without_rides_are_nothing(running: Running, money: MoneyDesk) -> None:
    money.charge(a_ride())
    found = running.call("get_earnings", {"driver_id": "driver-1", "from": "2026-03-03", "to": "2026-03-04"})
    assert (found["totals"]["rides"], found["totals"]["amount"]["amount_minor"], found["lines"]) == (0, 0, [])


def test_payouts_are_listed_with_their_lines(running: Running, money: MoneyDesk) -> None:
    money.charge(a_ride(1000, trip_id="trip-1"), a_ride(2000, trip_id="trip-2"))
    assert running.call("run_payouts", {"until_day": "2026-03-02"}) == {"sent": 1}
    [payout] = running.call("list_payouts", {"driver_id": "driver-1"})["items"]
    assert (payout["amount"]["amount_minor"], payout["state"], payout["until_day"]) == (2160, "sent", "2026-03-02")
    assert {line["trip_id"] for line in payout["lines"]} == {"trip-1", "trip-2"}
    eventually(lambda: [event.type for event in Ear.heard if event.key == "driver-1"] == ["payout_sent"])


def test_pages_of_payouts_follow_each_other(running: Running, money: MoneyDesk) -> None:
    for day in range(3):
        money.charge(a_ride(1000, completed_at=money.now))
        money.pay_out(days=2 + day)
    first = running.call("list_payouts", {"driver_id": "driver-1", "limit": 2})
    second = running.call("list_payouts", {"driver_id": "driver-1", "limit": 2, "cursor": first["next_cursor"]})
    ids = [payout["payout_id"] for payout in first["items"] + second["items"]]
    assert len(set(ids)) == 3 and ids == sorted(ids, reverse=True)
    assert second["next_cursor"] is None


def test_ops_see_todays_money_and_a_clean_audit(running: Running) -> None:
    running.call("charge_trip", a_settled_trip(1000))
    running.call("charge_trip", a_settled_trip(700, method="card_declined"))
    figures = running.call("count_money", {})
    assert (figures["captured"]["rides"], figures["captured"]["amount"]["amount_minor"]) == (1, 1000)
    assert (figures["failed"]["rides"], figures["debts"]["amount_minor"]) == (1, 700)
    checks = running.call("audit", {})["checks"]
    assert len(checks) >= 15
    assert all(check["broken"] == 0 for check in checks)


@pytest.mark.parametrize(
    ("method", "payload", "field"),
    [
        ("get_receipt", {"trip_id": "t"}, "actor"),
        ("get_receipt", {"trip_id": "t", "actor": {"user_id": "u", "role": "king"}}, "actor.role"),
        ("render_receipt", {"trip_id": "t", "actor": OPS, "format": "docx"}, "format"),
        ("get_earnings", {"driver_id": "d", "from": "soon"}, "from"),
        ("get_earnings", {"driver_id": "d", "cursor": "nonsense"}, "cursor"),
        ("list_payouts", {"driver_id": "d", "limit": 101}, "limit"),
        ("run_payouts", {"until_day": "2026-02-30"}, "until_day"),
        ("charge_trip", {"trip": {"id": "t"}}, "trip"),
        ("check_payment_method", {"payment_method": 4242}, "payment_method"),
    ],
)
def test_wrong_input_names_the_field(running: Running, method: str, payload: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        running.call(method, payload)
    assert list(refused.value.details) == [field]


def test_payment_methods_are_checked(running: Running) -> None:
    assert running.call("check_payment_method", {"payment_method": "pm_card_visa", "rider_id": "rider-1"}) == {}
    assert running.call("check_payment_method", {"payment_method": None}) == {}
    with pytest.raises(UnknownPaymentMethod):
        running.call("check_payment_method", {"payment_method": "4242424242424242"})
