"""HTTP, from a client's side: what is answered, in which form, and that nothing a client sends does harm."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from hansom.ids import new_id
from hansom.redis import live_redis
from tests.support.gateway_world import GatewayWorld
from tests.support.raw_socket import raw_http


def error_of(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error"}
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "details", "request_id"}
    assert error["code"] == code
    assert error["request_id"] == answer.headers["X-Request-Id"]
    return error


def test_errors_have_one_form(world: GatewayWorld) -> None:
    rider = world.token()
    error_of(world.call("GET", "/nowhere"), 404, "unknown_path")
    error_of(world.call("GET", "/v1/me"), 401, "unauthenticated")
    error_of(world.call("GET", "/v1/me", "nonsense"), 401, "unauthenticated")
    error_of(world.call("GET", "/v1/me", world.token(age_s=100_000)), 401, "unauthenticated")
    error_of(world.call("GET", "/v1/driver/earnings", rider), 403, "wrong_role")
    error_of(world.call("GET", "/v1/trips/unknown", rider), 404, "unknown_trip")
    error_of(world.call("GET", "/v1/trips/somebodys", rider), 403, "not_your_trip")
    error_of(world.call("PUT", "/v1/me", rider), 405, "method_not_allowed")
    error_of(world.call("POST", "/v1/quotes", rider, data=b"{"), 400, "unreadable_body")
    error_of(world.call("POST", "/v1/quotes", rider, data=b'{"pickup": "\xff"}'), 400, "unreadable_body")
    error_of(world.call("GET", "/ws"), 426, "upgrade_required")
    wrong = error_of(world.call("POST", "/v1/quotes", rider, json={"pickup": {"lat": "60"}}), 422, "invalid")
    assert set(wrong["details"]) == {"pickup.lat", "pickup.lng", "dropoff"}


def test_an_error_of_a_service_keeps_its_code_though_its_contract_is_not_imported_here(world: GatewayWorld) -> None:
    answer = world.call("PUT", "/v1/driver/availability", world.token("driver"), json={"online": True})
    error_of(answer, 409, "driver_not_approved")
    answer = world.call("PATCH", "/v1/me", world.token(), json={"email": "a@example.org"})
    assert error_of(answer, 422, "invalid")["details"] == {"email": ["Taken."]}


def test_a_bug_in_a_service_shows_nothing_of_itself(world: GatewayWorld) -> None:
    answer = world.call("POST", "/v1/sessions", json={"email": "a@example.org", "password": "x"})
    error_of(answer, 500, "internal_error")
    assert "secret" not in answer.text


def test_a_service_that_is_not_running_is_told_with_a_time_to_come_again(world: GatewayWorld) -> None:
    answer = world.call("GET", "/v1/places?q=sto", world.token())
    error_of(answer, 503, "service_unknown")
    assert int(answer.headers["Retry-After"]) >= 1


def test_a_request_id_is_taken_along(world: GatewayWorld) -> None:
    assert world.call("GET", "/health", headers={"X-Request-Id": "mine-1"}).headers["X-Request-Id"] == "mine-1"
    assert world.call("GET", "/health").headers["X-Request-Id"]


def test_a_large_body_is_refused_and_the_answer_can_be_read(world: GatewayWorld) -> None:
    error_of(world.call("POST", "/v1/riders", data=b"x" * 10_485_760), 413, "too_large")

    def without_end() -> Iterator[bytes]:
        for _ in range(160):
            yield b"x" * 65536

    error_of(world.call("POST", "/v1/riders", data=without_end()), 413, "too_large")
    assert world.call("GET", "/health").status_code == 200


def test_a_large_body_is_refused_before_it_comes(world: GatewayWorld) -> None:
    host, port = world.address.split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.settimeout(5)
        connection.sendall(b"POST /v1/riders HTTP/1.1\r\nHost: x\r\nContent-Length: 10485760\r\n\r\n")
        assert b" 413 " in connection.recv(4096)


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET /health HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X%d: 1\r\n" % n for n in range(200)) + b"\r\n",
        b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /v1/riders HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\n",
        b"POST /v1/riders HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/riders HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"POST /v1/riders HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /v1/riders HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 100_000,
        b"POST /v1/riders HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{",
    ],
)
def test_what_is_hardly_http_is_refused_in_the_same_form(world: GatewayWorld, data: bytes) -> None:
    head, _, body = raw_http(world.address, data).partition(b"\r\n\r\n")
    assert 400 <= int(head.split()[1]) < 500 or int(head.split()[1]) == 505
    assert set(json.loads(body)["error"]) == {"code", "message", "details", "request_id"}
    assert world.call("GET", "/health").status_code == 200


def test_the_same_key_and_body_have_one_fingerprint_and_another_body_another(world: GatewayWorld) -> None:
    rider = world.token()
    for body in (
        {"quote_id": "q", "category": "van"},
        {"category": "van", "quote_id": "q"},
        {"quote_id": "q", "category": "x"},
    ):
        assert world.call("POST", "/v1/trips", rider, json=body, headers={"Idempotency-Key": "k"}).status_code == 201
    first, same, other = (payload["idempotency"] for payload in world.played.payloads("request_trip"))
    assert first == same
    assert (first["scope"], first["key"]) == (other["scope"], other["key"])
    assert first["fingerprint"] != other["fingerprint"]
    wrong = world.call(
        "POST", "/v1/trips", rider, json={"quote_id": "q", "category": "x"}, headers={"Idempotency-Key": "ä"}
    )
    assert "Idempotency-Key" in error_of(wrong, 422, "invalid")["details"]


def test_a_log_out_takes_effect_at_once(world: GatewayWorld) -> None:
    rider = world.token()
    assert world.call("GET", "/v1/me", rider).status_code == 200
    assert world.call("DELETE", "/v1/sessions/current", rider).status_code == 204
    error_of(world.call("GET", "/v1/me", rider), 401, "session_ended")


def test_a_log_out_is_not_forgotten_when_redis_is_emptied(world: GatewayWorld) -> None:
    session_id = new_id()
    rider = world.token(session_id=session_id)
    assert world.call("DELETE", "/v1/sessions/current", rider).status_code == 204
    live_redis(world.config).delete(f"gateway:session:{session_id}")
    error_of(world.call("GET", "/v1/me", rider), 401, "session_ended")


def test_a_session_is_asked_for_once_and_then_remembered(world: GatewayWorld) -> None:
    session_id = new_id()
    rider = world.token(session_id=session_id)
    for _ in range(3):
        assert world.call("GET", "/v1/me", rider).status_code == 200
    assert world.played.payloads("verify_sessions").count({"session_ids": [session_id]}) == 1


def test_who_calls_too_often_is_told_when_to_come_again(make_world: Any) -> None:
    world = make_world(RATE_LIMIT_USER="3/minute", RATE_LIMIT_ANONYMOUS="1000000/minute")
    rider = world.token()
    answers = [world.call("GET", "/v1/me", rider) for _ in range(8)]  # a minute may end among them
    limited = next(answer for answer in answers if answer.status_code == 429)
    error_of(limited, 429, "rate_limited")
    assert 1 <= int(limited.headers["Retry-After"]) <= 60
    assert world.call("GET", "/v1/me", world.token()).status_code == 200


def test_head_and_documents_are_served(world: GatewayWorld) -> None:
    head = world.call("HEAD", "/health")
    assert (head.status_code, head.content) == (200, b"")
    assert world.call("GET", "/openapi.json").json()["openapi"] == "3.1.0"
    assert world.call("GET", "/asyncapi.json").json()["asyncapi"] == "3.0.0"
    assert b"http_requests_total" in world.call("GET", "/metrics").content


def test_readiness_names_what_is_down(make_world: Any) -> None:
    world = make_world(OSRM_URL="http://127.0.0.1:1")
    answer = world.call("GET", "/ready")
    details = error_of(answer, 503, "not_ready")["details"]
    assert details["osrm"] == ["helsinki: not reachable"]
    assert "postgres" not in details
