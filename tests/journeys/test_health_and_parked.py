"""An operator sees that all is well, and what a service could not handle: tries it again, and throws it away."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import amqp

from hansom.contracts import topology
from hansom.queues import connected
from services.gateway import health_replies
from tests.support.apps import App
from tests.support.waiting import eventually


def test_an_operator_sees_that_everything_runs(ops: App, refused: Any, people: Any) -> None:
    found = eventually(lambda: _all_well(ops.call("GET", "/v1/ops/health")), within_s=20)
    assert health_replies.EverybodysHealth().validate(found) == {}
    assert all(each["processes"] >= 1 for each in found["services"])
    rider = people.rider()
    gateways = eventually(lambda: _with_sockets(ops.call("GET", "/v1/ops/health")["gateways"]), within_s=15)
    assert len(gateways) == 1
    assert refused(rider, "GET", "/v1/ops/health").status == 403


def test_a_message_that_no_service_can_read_is_tried_again_and_dropped(
    ops: App, config: dict[str, Any], refused: Any
) -> None:
    first, second = (_unreadable(config) for _ in range(2))
    parked = eventually(lambda: _both(ops, {first, second}), within_s=15)
    assert health_replies.Parked().validate(parked) == {}
    assert parked["counts"]["drivers"] >= 2
    found = {each["id"]: each for each in parked["items"]}[first]
    known = (found["service"], found["queue"], found["name"], found["key"], found["tries"])
    assert known == ("drivers", topology.event_queue("drivers", 0), "users.profile_changed", "nobody", 1)
    assert "KeyError" in found["error"] and found["parked_at"] and json.loads(found["body"])["event_id"] == first

    assert ops.call("POST", "/v1/ops/parked/drivers/retry", {"ids": [first]}) == {"retried": 1, "left": 0}
    again = eventually(lambda: _tried_twice(ops, first), within_s=15)
    assert again["id"] == first
    for body in ({}, {"reason": "x"}, {"reason": "a test's own", "ids": []}):
        assert refused(ops, "POST", "/v1/ops/parked/drivers/drop", body).status == 422
    assert refused(ops, "POST", "/v1/ops/parked/planes/drop", {"reason": "a test's own"}).code == "unknown_service"
    assert refused(ops, "GET", "/v1/ops/parked?service=maps").code == "unknown_service"
    gone = ops.call("POST", "/v1/ops/parked/drivers/drop", {"reason": "a test's own", "ids": [first, second]})
    assert gone == {"dropped": 2}
    left = ops.call("GET", "/v1/ops/parked?service=drivers")["items"]
    assert {each["id"] for each in left}.isdisjoint({first, second})


def _all_well(found: dict[str, Any]) -> dict[str, Any] | None:
    """Another story may have just killed something."""
    return found if all(each["ok"] for each in (*found["services"], *found["stores"])) else None


def _with_sockets(gateways: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    return gateways if any(each["sockets"] for each in gateways) else None


def _unreadable(config: dict[str, Any]) -> str:
    """An event without a time, for the drivers service; gives its id."""
    event_id = uuid4().hex
    body = json.dumps({"event_id": event_id, "type": "profile_changed", "version": 1, "data": {}})
    message = amqp.Message(body, application_headers={"publisher": "users", "key": "nobody"}, delivery_mode=2)
    with connected(config["AMQP_URI"]) as connection:
        connection.channel().basic_publish(message, "", topology.event_queue("drivers", 0))
    return event_id


def _both(ops: App, ids: set[str]) -> dict[str, Any] | None:
    parked = ops.call("GET", "/v1/ops/parked?service=drivers&limit=200")
    return parked if ids <= {each["id"] for each in parked["items"]} else None


def _tried_twice(ops: App, event_id: str) -> dict[str, Any] | None:
    items = ops.call("GET", "/v1/ops/parked?service=drivers&limit=200")["items"]
    return next((each for each in items if each["id"] == event_id and each["tries"] == 2), None)
