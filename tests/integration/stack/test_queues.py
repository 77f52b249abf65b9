"""Parked messages are looked at, tried again and dropped on a real broker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import amqp
import pytest

from hansom.contracts import topology
from hansom.stack.queues import connected, drop_parked, look_at_parked, queue_state, queue_states, retry_parked

PARTITIONS = 2


@pytest.fixture
def service(config: dict[str, Any]) -> Iterator[str]:
    """A service of its own with queues for its events and a parked queue."""
    name = f"tests_{uuid4().hex[:8]}"
    queues = [*(topology.event_queue(name, number) for number in range(PARTITIONS)), topology.parked_queue(name)]
    with connected(config["AMQP_URI"]) as connection:
        channel = connection.channel()
        for queue in queues:
            channel.queue_declare(queue, durable=True, auto_delete=False)
    yield name
    with connected(config["AMQP_URI"]) as connection:
        channel = connection.channel()
        for queue in queues:
            channel.queue_delete(queue)


def park(config: dict[str, Any], service: str, key: str) -> None:
    """Put a message where the plumbing parks one."""
    headers = {"publisher": "trips", "key": key, "error": "ValueError: no", "reader": "on_events"}
    body = json.dumps({"event_id": key, "type": "trip_requested", "data": {}})
    with connected(config["AMQP_URI"]) as connection:
        message = amqp.Message(body, application_headers=headers, delivery_mode=2)
        connection.channel().basic_publish(message, "", topology.parked_queue(service))


def lengths(config: dict[str, Any], service: str) -> dict[str, int]:
    names = [topology.event_queue(service, number) for number in range(PARTITIONS)] + [topology.parked_queue(service)]
    return {state.name: state.messages for state in queue_states(config["AMQP_URI"], names)}


def test_looking_at_parked_messages_leaves_them_where_they_are(config: dict[str, Any], service: str) -> None:
    park(config, service, "a")
    park(config, service, "b")

    for _ in range(2):
        found = look_at_parked(config["AMQP_URI"], service)
        assert [(one.name, one.key, one.error) for one in found] == [
            ("trips.trip_requested", "a", "ValueError: no"),
            ("trips.trip_requested", "b", "ValueError: no"),
        ]


def test_a_retried_message_goes_back_to_the_partition_of_its_key(config: dict[str, Any], service: str) -> None:
    from hansom.events import partition_of

    keys = [f"trip-{number}" for number in range(8)]
    for key in keys:
        park(config, service, key)

    assert retry_parked(config["AMQP_URI"], service, PARTITIONS) == 8

    after = lengths(config, service)
    assert after.pop(topology.parked_queue(service)) == 0
    expected = [partition_of(key, PARTITIONS) for key in keys]
    assert after == {topology.event_queue(service, n): expected.count(n) for n in range(PARTITIONS)}


def test_a_retried_message_is_the_one_that_first_came(config: dict[str, Any], service: str) -> None:
    park(config, service, "a")
    retry_parked(config["AMQP_URI"], service, 1)

    with connected(config["AMQP_URI"]) as connection:
        message = connection.channel().basic_get(topology.event_queue(service, 0))
        assert message is not None
        assert message.properties["application_headers"] == {"publisher": "trips", "key": "a"}
        assert json.loads(message.body)["event_id"] == "a"


def test_dropped_messages_are_gone(config: dict[str, Any], service: str) -> None:
    park(config, service, "a")

    assert drop_parked(config["AMQP_URI"], service) == 1
    assert look_at_parked(config["AMQP_URI"], service) == []


def test_a_queue_that_is_not_there_has_no_state(config: dict[str, Any]) -> None:
    with connected(config["AMQP_URI"]) as connection:
        assert queue_state(connection, f"nobody_{uuid4().hex}") is None
        # and the connection is still good
        assert queue_state(connection, f"nobody_{uuid4().hex}") is None
