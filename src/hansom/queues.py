"""What is in the broker's queues: how many messages wait, and how many read them. For the command line and gateways.

Any of this raises what a broken connection raises: `amqp.AMQPError`, `OSError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import amqp

from hansom.amqp_uri import open_connection
from hansom.contracts import topology


@dataclass(frozen=True)
class QueueState:
    """A queue at this moment: messages that wait in it, and who reads it."""

    name: str
    messages: int
    consumers: int


@contextmanager
def connected(uri: str) -> Iterator[amqp.Connection]:
    """An open connection whose publishing waits for confirms."""
    connection = open_connection(uri, connect_timeout_s=5, read_timeout_s=15, confirm_publish=True)
    try:
        yield connection
    except BaseException:
        # to say goodbye takes an answer, which may be what did not come
        connection.collect()
        raise
    connection.close()


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


def rpc_queue(service: str) -> str:
    """Name of the queue of a service's requests, as nameko names it."""
    return f"rpc-{service}"


def event_queues(service: str, config: dict[str, Any]) -> list[str]:
    """Names of the queues of events that a service hears; none when it hears none."""
    if service not in topology.SUBSCRIPTIONS:
        return []
    return [topology.event_queue(service, number) for number in range(int(config["EVENT_PARTITIONS"]))]


def parking(services: Iterable[str]) -> list[str]:
    """Those of the services that park what they cannot handle: the ones that hear events."""
    return [service for service in services if service in topology.SUBSCRIPTIONS]


def work_queues(service: str, config: dict[str, Any]) -> list[str]:
    """Names of the queues of work of a service besides its requests."""
    names = event_queues(service, config)
    if service == "location":
        names += [topology.positions_queue(number) for number in range(int(config["LOCATION_PARTITIONS"]))]
        names.append(topology.TRACES_QUEUE)
    elif service == "matching":
        names.append(str(config["MATCHING_RECORDS_QUEUE"]))
    elif service == "notifications":
        names.append(topology.MOVES_QUEUE)
    return names


def known_queues(services: Iterable[str], config: dict[str, Any]) -> list[str]:
    """Names of all queues that hold work of these services, and of what they parked."""
    names = []
    for service in services:
        if service != "gateway":
            names.append(rpc_queue(service))
        names += work_queues(service, config)
    return [*names, *(topology.parked_queue(service) for service in parking(services))]
