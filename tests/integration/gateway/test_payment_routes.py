"""A payment that is confirmed, and the payment provider's messages, from the outside."""

from __future__ import annotations

from base64 import b64decode

from tests.integration.gateway.conftest import MakeWorld
from tests.integration.gateway.test_http import error_of
from tests.support.gateway_world import GatewayWorld


def test_a_providers_message_comes_through_byte_by_byte_with_its_headers(world: GatewayWorld) -> None:
    body = b'{ "id":"evt_1",\r\n"text" : "\xc3\xa4"}'
    headers = {"Test-Signature": "right", "Content-Type": "application/json", "Cookie": "a=b", "Authorization": "mine"}
    answer = world.call("POST", "/v1/webhooks/simulated", data=body, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"taken": 1})
    asked = world.played.payloads("take_webhook")[-1]
    assert asked["provider"] == "simulated"
    assert b64decode(asked["body_b64"]) == body
    assert asked["headers"]["test-signature"] == "right"
    assert not {"cookie", "authorization"} & set(asked["headers"])


def test_a_message_that_is_not_the_providers_is_refused(world: GatewayWorld) -> None:
    error_of(world.call("POST", "/v1/webhooks/simulated", data=b"not even json"), 401, "webhook_refused")
    error_of(world.call("POST", "/v1/webhooks/simulated", data=b"x" * 100_000), 413, "too_large")
    error_of(world.call("GET", "/v1/webhooks/simulated"), 405, "method_not_allowed")


def test_messages_have_a_rate_limit_of_their_own(make_world: MakeWorld) -> None:
    world = make_world(RATE_LIMIT_ANONYMOUS="1/minute", RATE_LIMIT_WEBHOOKS="100000/minute")
    for _ in range(3):
        answer = world.call("POST", "/v1/webhooks/simulated", data=b"{}", headers={"Test-Signature": "right"})
        assert answer.status_code == 200


def test_a_rider_says_yes_or_no_to_a_payment(world: GatewayWorld) -> None:
    rider = world.token(user_id="rider-9")
    path = "/v1/me/payment-confirmations/c-1"
    assert world.call("POST", path, rider, json={"accept": True}).json() == {"id": "c-1", "state": "confirmed"}
    assert world.played.payloads("confirm_payment")[-1] == {
        "rider_id": "rider-9",
        "confirmation_id": "c-1",
        "accept": True,
    }
    error_of(world.call("GET", path, rider), 404, "unknown_payment_confirmation")
    for body in ({}, {"accept": "yes"}, {"accept": None}, {"accept": True, "more": 1}):
        error_of(world.call("POST", path, rider, json=body), 422, "invalid")
    error_of(world.call("POST", path, world.token("driver"), json={"accept": True}), 403, "wrong_role")
    error_of(world.call("POST", path, json={"accept": True}), 401, "unauthenticated")
