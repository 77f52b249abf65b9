"""What is in the broker's queues: how many messages wait, and the parked ones, to look at, try again or drop."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import amqp

from hansom.contracts import topology
from hansom.stack.problems import StackProblem

NOT_FOUND = 404


@dataclass(frozen=True)
class QueueState:
    """A queue at this moment."""

    name: str
    messages: int
    consumers: int


@dataclass(frozen=True)
class Parked:
    """A message that a service gave up."""

    service: str
    name: str
    key: str
    error: str
    body: str


@contextmanager
def connected(uri: str) -> Iterator[amqp.Connection]:
    """An open connection whose publishing waits for confirms. Raises StackProblem when the broker cannot be reached."""
    parts = urlsplit(uri)
    connection = amqp.Connection(
        host=f"{parts.hostname}:{parts.port or 5672}",
        userid=unquote(parts.username or "guest"),
        password=unquote(parts.password or "guest"),
        virtual_host=unquote(parts.path[1:]) or "/",
        ssl=parts.scheme == "amqps",
        connect_timeout=5,
        read_timeout=15,
        confirm_publish=True,
    )
    try:
        connection.connect()
    except (OSError, amqp.AMQPError) as exc:
        raise StackProblem(f"RabbitMQ does not answer ({exc}): is the stack up? ./hansom status") from exc
    with closing(connection):
        yield connection


def queue_state(connection: amqp.Connection, name: str) -> QueueState | None:
    """The state of a queue, None when there is no such queue."""
    channel = connection.channel()
    try:
        found = channel.queue_declare(name, passive=True)
    except amqp.NotFound:
        # the broker has closed the channel with its answer
        return None
    channel.close()
    return QueueState(name, found.message_count, found.consumer_count)


def known_queues(services: list[str], config: dict[str, Any]) -> list[str]:
    """Names of all queues that hold work of these services."""
    names = [f"rpc-{service}" for service in services if service != "gateway"]
    for service in services:
        if service in topology.SUBSCRIPTIONS:
            names += [topology.event_queue(service, number) for number in range(int(config["EVENT_PARTITIONS"]))]
            names.append(topology.parked_queue(service))
    names += [topology.positions_queue(number) for number in range(int(config["LOCATION_PARTITIONS"]))]
    return [*names, topology.TRACES_QUEUE, topology.MOVES_QUEUE]


def queue_states(uri: str, names: list[str]) -> list[QueueState]:
    """States of those of the queues that are there. Raises StackProblem."""
    with connected(uri) as connection:
        states = [queue_state(connection, name) for name in names]
    return [state for state in states if state is not None]


def look_at_parked(uri: str, service: str, limit: int = 100) -> list[Parked]:
    """The oldest parked messages of a service; they stay where they are."""
    with connected(uri) as connection:
        # what is read and not acknowledged goes back, in its old order, when the channel closes
        return [_described(service, message) for message in _take(connection.channel(), service, limit)]


def retry_parked(uri: str, service: str, partitions: int) -> int:
    """Give the parked messages of a service back to the queue they came from. Gives their number."""
    with connected(uri) as connection:
        channel = connection.channel()
        count = 0
        for message in _take(channel, service, None):
            headers = dict(message.properties.get("application_headers") or {})
            back = _origin(service, headers, partitions)
            for added in ("error", "reader", "queue"):
                headers.pop(added, None)
            again = amqp.Message(
                message.body, content_type="application/json", delivery_mode=2, application_headers=headers
            )
            # acknowledged only after the confirm: dying in between tries it twice, which consumers bear
            channel.basic_publish(again, "", back, mandatory=True)
            channel.basic_ack(message.delivery_tag)
            count += 1
        return count


def drop_parked(uri: str, service: str) -> int:
    """Throw the parked messages of a service away. Gives their number."""
    with connected(uri) as connection:
        name = topology.parked_queue(service)
        if queue_state(connection, name) is None:
            return 0
        return int(connection.channel().queue_purge(name))


def _take(channel: amqp.Channel, service: str, limit: int | None) -> Iterator[amqp.Message]:
    """Messages of a parked queue, as many as there are at the beginning."""
    name = topology.parked_queue(service)
    state = queue_state(channel.connection, name)
    waiting = state.messages if state else 0
    for _ in range(waiting if limit is None else min(waiting, limit)):
        message = channel.basic_get(name)
        if message is None:
            return
        yield message


def _described(service: str, message: amqp.Message) -> Parked:
    headers = message.properties.get("application_headers") or {}
    body = message.body if isinstance(message.body, str) else bytes(message.body).decode("utf-8", "replace")
    try:
        type_ = str(json.loads(body).get("type", "message"))
    except (ValueError, AttributeError):
        type_ = "unreadable"
    publisher = headers.get("publisher", "")
    return Parked(
        service, f"{publisher}.{type_}".strip("."), str(headers.get("key", "")), headers.get("error", ""), body
    )


def _origin(service: str, headers: dict[str, Any], partitions: int) -> str:
    """The queue that a parked message came from. Raises StackProblem when nothing in it says so."""
    if "queue" in headers:
        return str(headers["queue"])
    if "key" in headers:
        from hansom.events import partition_of

        return topology.event_queue(service, partition_of(str(headers["key"]), partitions))
    raise StackProblem(f"A parked message of {service} does not say which queue it came from: drop it instead.")
