"""Parked messages are looked at, tried again and dropped on a real broker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import amqp
import pytest

from hansom.contracts import topology
from hansom.parking import Retried, count_parked, drop_parked, look_at_parked, retry_parked
from hansom.stack.queues import connected, queue_state, queue_states

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

    with connected(config["AMQP_URI"]) as connection:
        for _ in range(2):
            found = look_at_parked(connection, service, PARTITIONS)
            assert [(one.name, one.key, one.error, one.id) for one in found] == [
                ("trips.trip_requested", "a", "ValueError: no", "a"),
                ("trips.trip_requested", "b", "ValueError: no", "b"),
            ]
        assert count_parked(connection, [service, "nobody"]) == {service: 2}


def test_a_retried_message_goes_back_to_the_partition_of_its_key(config: dict[str, Any], service: str) -> None:
    from hansom.events import partition_of

    keys = [f"trip-{number}" for number in range(8)]
    for key in keys:
        park(config, service, key)

    with connected(config["AMQP_URI"]) as connection:
        assert retry_parked(connection, service, PARTITIONS) == Retried(8, 0)

    after = lengths(config, service)
    assert after.pop(topology.parked_queue(service)) == 0
    expected = [partition_of(key, PARTITIONS) for key in keys]
    assert after == {topology.event_queue(service, n): expected.count(n) for n in range(PARTITIONS)}


def test_a_retried_message_is_the_one_that_first_came(config: dict[str, Any], service: str) -> None:
    park(config, service, "a")

    with connected(config["AMQP_URI"]) as connection:
        retry_parked(connection, service, 1)
        message = connection.channel().basic_get(topology.event_queue(service, 0))
        assert message is not None
        assert message.properties["application_headers"] == {"publisher": "trips", "key": "a"}
        assert json.loads(message.body)["event_id"] == "a"


def test_one_of_several_is_tried_again_or_dropped_and_the_others_stay(config: dict[str, Any], service: str) -> None:
    for key in ("a", "b", "c"):
        park(config, service, key)

    with connected(config["AMQP_URI"]) as connection:
        assert retry_parked(connection, service, 1, ids={"b"}) == Retried(1, 0)
        assert drop_parked(connection, service, ids={"a", "nothing"}) == 1
        assert [one.id for one in look_at_parked(connection, service, 1)] == ["c"]


def test_a_message_that_does_not_say_where_it_came_from_stays(config: dict[str, Any], service: str) -> None:
    with connected(config["AMQP_URI"]) as connection:
        connection.channel().basic_publish(amqp.Message(b"\xff{"), "", topology.parked_queue(service))
    park(config, service, "a")

    with connected(config["AMQP_URI"]) as connection:
        assert retry_parked(connection, service, PARTITIONS) == Retried(1, 1)
        [left] = look_at_parked(connection, service, PARTITIONS)
        assert (left.name, left.queue, left.tries) == ("unreadable", None, None)
        assert drop_parked(connection, service, ids={left.id}) == 1


def test_dropped_messages_are_gone(config: dict[str, Any], service: str) -> None:
    park(config, service, "a")

    with connected(config["AMQP_URI"]) as connection:
        assert drop_parked(connection, service) == 1
        assert look_at_parked(connection, service, PARTITIONS) == []


def test_a_queue_that_is_not_there_has_no_state(config: dict[str, Any]) -> None:
    with connected(config["AMQP_URI"]) as connection:
        assert queue_state(connection, f"nobody_{uuid4().hex}") is None
        # and the connection is still good
        assert queue_state(connection, f"nobody_{uuid4().hex}") is None
