"""Fees and tips over the broker: trips' events in, calls, payments' events out."""

from __future__ import annotations

from typing import Any

import pytest
from nameko.testing.services import entrypoint_hook

from hansom.clock import SystemClock
from hansom.contracts.errors import IdempotencyKeyReused, Invalid
from hansom.contracts.payments import TipRefused
from hansom.ids import new_id
from hansom.wire import iso
from tests.support.money import MoneyDesk, a_settled_trip, example
from tests.support.payments_world import Ear, Running
from tests.support.waiting import eventually


def a_ride_now(running: Running, **changes: Any) -> str:
    """A ride that has just ended and is paid; its id."""
    data = a_settled_trip(1010, completed_at=iso(SystemClock().now()), **changes)
    running.settle(data)
    trip_id = str(data["trip"]["id"])
    eventually(lambda: heard(trip_id), within_s=10)
    return trip_id


def heard(trip_id: str) -> list[tuple[str, str | None]]:
    return [(event.type, event.data.get("kind")) for event in Ear.heard if event.key == trip_id]


def a_tip(trip_id: str, key: str, amount_minor: int = 200, **more: Any) -> dict[str, Any]:
    idempotency = {"scope": "rider-1", "key": key, "fingerprint": f"{amount_minor}"}
    return {"trip_id": trip_id, "rider_id": "rider-1", "amount_minor": amount_minor, "idempotency": idempotency, **more}


def test_a_trip_cancelled_for_a_fee_is_charged_once_however_often_it_is_told(
    running: Running, money: MoneyDesk
) -> None:
    data = example("trips.trip_cancelled")["data"]
    trip = {**data["trip"], "id": new_id(), "payment_method": "card_ok"}
    for _ in range(3):
        with entrypoint_hook(running.trips, "tell") as tell:
            tell("trip_cancelled", {**data, "trip": trip})
    eventually(lambda: heard(trip["id"]) == [("payment_captured", "cancellation")], within_s=10)
    actor = {"user_id": data["trip"]["rider_id"], "role": "rider"}
    receipt = running.call("get_receipt", {"trip_id": trip["id"], "actor": actor})
    fee = data["fee"]
    assert (receipt["kind"], receipt["total"], receipt["tax"]) == ("cancellation", fee["amount"], fee["tax"])
    assert receipt["lines"][0]["label"] == fee["label"]
    assert money.one("SELECT fare_minor - tax_minor - fee_minor FROM charges") == fee["driver_share"]["amount_minor"]
    assert money.breaches() == {}


def test_a_trip_of_the_version_before_that_was_cancelled_costs_nothing(running: Running, money: MoneyDesk) -> None:
    data = example("trips.trip_cancelled")["data"]
    old = {name: value for name, value in data.items() if name != "fee"}
    with entrypoint_hook(running.trips, "tell") as tell:
        tell("trip_cancelled", old)
    a_ride_now(running)
    assert money.one("SELECT count(*) FROM charges WHERE kind <> 'ride'") == 0


def test_a_tip_sent_twice_is_one_tip_and_the_driver_hears_of_it(running: Running, money: MoneyDesk) -> None:
    trip_id = a_ride_now(running)
    first = running.call("tip_trip", a_tip(trip_id, "once"))
    assert (first["state"], first["amount"]["amount_minor"], first["reason"]) == ("captured", 200, None)
    assert running.call("tip_trip", a_tip(trip_id, "once")) == first
    with pytest.raises(IdempotencyKeyReused):
        running.call("tip_trip", a_tip(trip_id, "once", 300))
    with pytest.raises(TipRefused):
        running.call("tip_trip", a_tip(trip_id, "twice"))
    eventually(lambda: {("payment_captured", "tip"), ("tip_received", None)} <= set(heard(trip_id)), within_s=10)
    assert money.one("SELECT count(*) FROM charges WHERE kind = 'tip'") == 1
    assert money.breaches() == {}


def test_a_tip_that_is_refused_is_told_at_once_and_another_card_may_be_tried(running: Running) -> None:
    trip_id = a_ride_now(running)
    no = running.call("tip_trip", a_tip(trip_id, "first", payment_method="card_declined"))
    assert (no["state"], no["reason"]) == ("failed", "card_declined")
    assert running.call("tip_trip", a_tip(trip_id, "second", payment_method="card_ok"))["state"] == "captured"


@pytest.mark.parametrize("amount", [0, -1, 1.5, "2", None, True, 10**13])
def test_a_tip_that_is_no_amount_is_refused_by_its_field(running: Running, amount: Any) -> None:
    with pytest.raises(Invalid) as refused:
        running.call("tip_trip", {"trip_id": "t", "rider_id": "rider-1", "amount_minor": amount})
    assert "amount_minor" in refused.value.details
