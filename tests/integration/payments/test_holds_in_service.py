"""Holds and the provider's messages over the broker: calls, trips' events, timers."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from nameko.testing.services import entrypoint_hook

from hansom.contracts.errors import Invalid
from hansom.contracts.payments import (
    PaymentDeclined,
    PaymentNeedsConfirmation,
    UnknownConfirmation,
    UnknownProvider,
    WebhookRefused,
)
from hansom.ids import new_id
from services.payments.provider.webhooks import HEADER, sign
from tests.support.money import MoneyDesk, a_settled_trip, example
from tests.support.payments_world import Running
from tests.support.waiting import eventually

SECRET = "known to both"


@pytest.fixture(scope="module")
def settings_of_service() -> dict[str, Any]:
    return {"SIMULATED_WEBHOOK_SECRET": SECRET}


def a_call(method: str | None = "card_ok", amount_minor: int = 1010, **changes: Any) -> dict[str, Any]:
    amount = {"amount_minor": amount_minor, "currency": "EUR"}
    asked = {"trip_id": new_id(), "rider_id": "rider-1", "city": "helsinki", "amount": amount}
    return {**asked, "payment_method": method, **changes}


def tell(running: Running, type_: str, trip_id: str, **changes: Any) -> None:
    """An event of a trip, as trips tells it."""
    data = example(f"trips.{type_}")["data"]
    with entrypoint_hook(running.trips, "tell") as send:
        send(type_, {**data, **changes, "trip": {**data["trip"], "id": trip_id, "started_at": None}})


def hold_state(money: MoneyDesk) -> str:
    return str(money.one("SELECT state FROM holds"))


def test_a_hold_is_asked_for_kept_and_captured(running: Running, money: MoneyDesk) -> None:
    asked = a_call(None)
    assert running.call("authorize_ride", asked) == running.call("authorize_ride", asked) == {"state": "held"}
    assert running.call("authorize_ride", a_call("cash", rider_id="rider-2")) == {"state": "none"}
    data = a_settled_trip(1010, None)
    data["trip"]["id"] = asked["trip_id"]
    running.settle(data)
    eventually(lambda: hold_state(money) == "captured")
    assert money.breaches() == {}


def test_a_trip_that_expired_or_was_cancelled_for_nothing_lets_its_hold_go(running: Running, money: MoneyDesk) -> None:
    calls = [a_call(rider_id=f"rider-{number}") for number in range(3)]
    for call in calls:
        running.call("authorize_ride", call)
    tell(running, "trip_expired", calls[0]["trip_id"])
    tell(running, "trip_cancelled", calls[1]["trip_id"], fee=None)
    running.call("release_holds", {"trip_ids": [calls[2]["trip_id"]]})
    standing = "SELECT count(*) FROM holds WHERE resolved_at IS NULL"
    eventually(lambda: money.one(standing) == 0, within_s=10)
    assert {row.state for row in money.rows("SELECT state FROM simulated_provider.holds")} == {"released"}


def test_a_rider_confirms_what_his_bank_asks(running: Running, money: MoneyDesk) -> None:
    asked = a_call("card_needs_confirmation")
    with pytest.raises(PaymentNeedsConfirmation) as refused:
        running.call("authorize_ride", asked)
    named = {"rider_id": "rider-1", "confirmation_id": refused.value.details["confirmation_id"]}
    waiting = running.call("get_confirmation", named)
    assert (waiting["state"], waiting["amount"]["amount_minor"]) == ("waiting", 1010)
    assert waiting["action"]["type"] == "simulated"
    confirmed = running.call("confirm_payment", {**named, "accept": True})
    assert (confirmed["state"], confirmed["action"]) == ("confirmed", None)
    assert running.call("authorize_ride", asked) == {"state": "held"}
    with pytest.raises(UnknownConfirmation):
        running.call("get_confirmation", {**named, "rider_id": "rider-2"})


def test_a_declined_card_is_told_with_the_providers_word(running: Running) -> None:
    with pytest.raises(PaymentDeclined) as refused:
        running.call("authorize_ride", a_call("card_hold_declined"))
    assert refused.value.details == {"reason": "card_declined"}


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_minor": -1},
        {"amount_minor": 10**13},
        {"trip_id": ""},
        {"amount": {"amount_minor": 10.5, "currency": "EUR"}},
        {"amount": {"amount_minor": 10, "currency": "euros"}},
    ],
)
def test_what_cannot_be_held_is_refused(running: Running, money: MoneyDesk, changes: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        running.call("authorize_ride", a_call(**changes))
    assert money.one("SELECT count(*) FROM holds") == 0


def webhook(key: str, secret: str = SECRET, id_: str = "evt-1") -> dict[str, Any]:
    body = orjson.dumps({"id": id_, "type": "charge.captured", "data": {"kind": "charge", "key": key}})
    headers = {HEADER: sign(secret, body, datetime.now(UTC))}
    return {"provider": "simulated", "headers": headers, "body_b64": b64encode(body).decode()}


def test_a_signed_message_is_taken_once_and_looked_up(running: Running, money: MoneyDesk) -> None:
    running.settle(a_settled_trip(1010, "card_webhook_late"))
    eventually(lambda: money.one("SELECT count(*) FROM simulated_provider.charges") == 1)
    with money.engine.begin() as owner:
        owner.exec_driver_sql("UPDATE simulated_provider.charges SET settles_at = now() - interval '1 s'")
    charge_id = money.one("SELECT id FROM charges")
    assert running.call("take_webhook", webhook(charge_id)) == {"taken": 1}
    assert money.rows("SELECT state FROM charges") == [("captured",)]
    assert running.call("take_webhook", webhook(charge_id)) == {"taken": 0}
    assert money.breaches() == {}


def test_a_message_that_nobody_signed_is_refused_and_kept_nowhere(running: Running, money: MoneyDesk) -> None:
    with pytest.raises(WebhookRefused):
        running.call("take_webhook", webhook("a", secret="another"))
    with pytest.raises(UnknownProvider):
        running.call("take_webhook", {**webhook("a"), "provider": "another"})
    with pytest.raises(Invalid):
        running.call("take_webhook", {**webhook("a"), "body_b64": "§"})
    assert money.one("SELECT count(*) FROM webhooks") == 0
