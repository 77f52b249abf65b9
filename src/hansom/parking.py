"""Parked messages, which a service gave up after some tries: to look at, try again or drop. For the command line and
gateways.

Any of this raises what a broken connection raises: `amqp.AMQPError`, `OSError`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import amqp

from hansom.contracts import topology
from hansom.queues import queue_state

ADDED = ("error", "reader", "queue", "parked_at")
"""Headers that parking added and trying again takes off. How often a message was tried stays on it."""


@dataclass(frozen=True)
class Parked:
    """A message that a service gave up.

    `id`: of the event, or what stands for it in a message that is none. `queue`: which it came from, None when nothing
    in it says so; `parked_at` and `tries`: None in what was parked before they were written down.
    """

    service: str
    queue: str | None
    id: str
    name: str
    key: str
    error: str
    parked_at: str | None
    tries: int | None
    body: str


@dataclass(frozen=True)
class Retried:
    """How many messages went back to their queues, and how many stay, since nothing in them says to which."""

    retried: int
    left: int


def count_parked(connection: amqp.Connection, services: Iterable[str]) -> dict[str, int]:
    """Service → how many messages it has parked; who has none is left out."""
    counts = {service: _count(connection, service) for service in services}
    return {service: count for service, count in counts.items() if count}


def look_at_parked(connection: amqp.Connection, service: str, partitions: int, limit: int = 100) -> list[Parked]:
    """The oldest parked messages of a service; they stay where they are."""
    channel = connection.channel()
    try:
        return [_described(service, message, partitions) for message in _take(channel, service, limit)]
    finally:
        # what was read and not acknowledged goes back now, in its old order
        channel.close()


def retry_parked(
    connection: amqp.Connection,
    service: str,
    partitions: int,
    ids: Collection[str] | None = None,
    limit: int | None = None,
) -> Retried:
    """Give parked messages of a service back to the queues they came from: all, the oldest `limit`, or those with these
    ids."""
    retried = left = 0
    channel = connection.channel()
    for message in _chosen(channel, service, ids, limit):
        headers = dict(message.properties.get("application_headers") or {})
        back = _origin(service, headers, partitions)
        if back is None:
            left += 1
            continue
        for added in ADDED:
            headers.pop(added, None)
        again = amqp.Message(
            message.body, content_type="application/json", delivery_mode=2, application_headers=headers
        )
        # acknowledged only after the confirm: dying in between tries it twice, which consumers bear
        channel.basic_publish(again, "", back, mandatory=True)
        channel.basic_ack(message.delivery_tag)
        retried += 1
    channel.close()
    return Retried(retried, left)


def drop_parked(connection: amqp.Connection, service: str, ids: Collection[str] | None = None) -> int:
    """Throw parked messages of a service away: all, or those with these ids. Gives their number."""
    if not _count(connection, service):
        return 0
    channel = connection.channel()
    if ids is None:
        return int(channel.queue_purge(topology.parked_queue(service)))
    dropped = 0
    for message in _chosen(channel, service, ids, None):
        channel.basic_ack(message.delivery_tag)
        dropped += 1
    channel.close()
    return dropped


def _count(connection: amqp.Connection, service: str) -> int:
    state = queue_state(connection, topology.parked_queue(service))
    return state.messages if state else 0


def _take(channel: amqp.Channel, service: str, limit: int | None) -> Iterator[amqp.Message]:
    """Messages of a parked queue, as many as there are at the beginning."""
    waiting = _count(channel.connection, service)
    for _ in range(waiting if limit is None else min(waiting, limit)):
        message = channel.basic_get(topology.parked_queue(service))
        if message is None:
            return
        yield message


def _chosen(
    channel: amqp.Channel, service: str, ids: Collection[str] | None, limit: int | None
) -> Iterator[amqp.Message]:
    for message in _take(channel, service, limit):
        if ids is None or _id(message, _read(message)) in ids:
            yield message


def _text(message: amqp.Message) -> str:
    return message.body if isinstance(message.body, str) else bytes(message.body).decode("utf-8", "replace")


def _read(message: amqp.Message) -> dict[str, Any]:
    """What the message says, nothing when it is not a JSON object."""
    try:
        said = json.loads(_text(message))
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _id(message: amqp.Message, said: dict[str, Any]) -> str:
    return str(said.get("event_id") or sha256(_text(message).encode()).hexdigest()[:32])


def _described(service: str, message: amqp.Message, partitions: int) -> Parked:
    headers = message.properties.get("application_headers") or {}
    said = _read(message)
    type_ = str(said.get("type", "message")) if said else "unreadable"
    return Parked(
        service=service,
        queue=_origin(service, headers, partitions),
        id=_id(message, said),
        name=f"{headers.get('publisher', '')}.{type_}".strip("."),
        key=str(headers.get("key", "")),
        error=str(headers.get("error", "")),
        parked_at=headers.get("parked_at"),
        tries=headers.get("tries"),
        body=_text(message),
    )


def _origin(service: str, headers: dict[str, Any], partitions: int) -> str | None:
    """The queue that a parked message came from; None when nothing in it says so."""
    if "queue" in headers:
        return str(headers["queue"])
    if "key" in headers:
        return topology.event_queue(service, topology.event_partition(str(headers["key"]), partitions))
    return None
