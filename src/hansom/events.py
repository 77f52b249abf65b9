"""Events between services: what one looks like, and the outbox that loses none.

A service adds events in the transaction that made them true. One relay a service, elected by a Postgres advisory lock,
publishes them in their order and deletes them once the broker has confirmed: dying anywhere in between publishes some
again, never loses one. Consumers (`hansom.consumer`) tell repeats by `event_id`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import amqp
import eventlet
import orjson
import psycopg2
from eventlet.event import Event as Signal
from nameko.extensions import DependencyProvider
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import insert
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase, Session

from hansom.amqp import Broker, Outgoing
from hansom.contracts.errors import Unavailable
from hansom.contracts.topology import (
    EVENTS_EXCHANGE,
    SUBSCRIPTIONS,
    consumers_of,
    event_partition,
    event_queue,
    parked_queue,
)
from hansom.ids import new_id
from hansom.metrics import EVENTS_PUBLISHED, OUTBOX_BACKLOG
from hansom.store import database_uri
from hansom.wire import iso, parse_time

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `key` names what it is about: events of one key arrive in their order."""

    event_id: str
    type: str
    version: int
    occurred_at: datetime
    publisher: str
    key: str
    data: dict[str, Any]

    @property
    def name(self) -> str:
        """`<publisher>.<type>`, as dispatch tables spell it."""
        return f"{self.publisher}.{self.type}"

    @classmethod
    def from_message(cls, body: bytes | str, headers: dict[str, Any]) -> Event:
        """Raises KeyError, ValueError, TypeError when it is not an event."""
        wire = orjson.loads(body)
        occurred_at = parse_time(wire["occurred_at"])
        if occurred_at is None:
            raise ValueError("an event without a time")
        return cls(
            event_id=str(wire["event_id"]),
            type=str(wire["type"]),
            version=int(wire["version"]),
            occurred_at=occurred_at,
            publisher=str(headers["publisher"]),
            key=str(headers["key"]),
            data=dict(wire["data"]),
        )

    def to_message(self, partitions: int) -> Outgoing:
        """The message that carries it, on the partition of its key."""
        body = orjson.dumps(
            {
                "event_id": self.event_id,
                "type": self.type,
                "version": self.version,
                "occurred_at": iso(self.occurred_at),
                "data": self.data,
            }
        )
        routing_key = f"{self.publisher}.{self.type}.{partition_of(self.key, partitions)}"
        return Outgoing(EVENTS_EXCHANGE, routing_key, body, {"publisher": self.publisher, "key": self.key})


def partition_of(key: str, partitions: int) -> int:
    """Which of a consumer's queues takes the events of a key."""
    return event_partition(key, partitions)


def declare_consumer(channel: amqp.Channel, service: str, config: dict[str, Any]) -> list[str]:
    """Declare and bind a consumer's queues; gives their names. Publishers call it too.

    A queue has one active consumer at a time, so its order holds with any number of replicas; another takes over.
    """
    channel.exchange_declare(EVENTS_EXCHANGE, "topic", durable=True, auto_delete=False)
    arguments = {
        "x-queue-type": config["EVENT_QUEUE_TYPE"],
        "x-single-active-consumer": True,
        "x-max-length": int(config["EVENT_QUEUE_MAX_LENGTH"]),
        "x-overflow": "reject-publish",
    }
    names = []
    for partition in range(int(config["EVENT_PARTITIONS"])):
        name = event_queue(service, partition)
        channel.queue_declare(name, durable=True, auto_delete=False, arguments=arguments)
        for publisher, types in SUBSCRIPTIONS[service].items():
            for type_ in types:
                channel.queue_bind(name, EVENTS_EXCHANGE, f"{publisher}.{type_}.{partition}")
        names.append(name)
    declare_parked(channel, service, config)
    return names


def declare_parked(channel: amqp.Channel, service: str, config: dict[str, Any]) -> str:
    """Declare the queue of a service's parked messages; gives its name."""
    name = parked_queue(service)
    channel.queue_declare(name, durable=True, auto_delete=False, arguments={"x-queue-type": config["EVENT_QUEUE_TYPE"]})
    return name


class OutboxWriter:
    """Adds events to the transaction that made them true."""

    def __init__(self, relay: Outbox) -> None:
        self._relay = relay

    def add(self, session: Session, type_: str, *, key: str, data: dict[str, Any]) -> str:
        """Add one event; gives its id."""
        return self.add_many(session, [(type_, key, data)])[0]

    def add_many(self, session: Session, events: Iterable[tuple[str, str, dict[str, Any]]]) -> list[str]:
        """Add `(type, key, data)` events in their order, in one statement; gives their ids."""
        rows = [{"event_id": new_id(), "type": type_, "key": key, "data": data} for type_, key, data in events]
        if not rows:
            return []
        session.execute(insert(self._relay.table), rows)
        sqlalchemy_event.listen(session, "after_commit", self._relay.wake, once=True)
        return [str(row["event_id"]) for row in rows]


_SELECT = "SELECT id, event_id, type, key, occurred_at, data FROM outbox ORDER BY id LIMIT %s"
_DELETE = "DELETE FROM outbox WHERE id = ANY(%s)"
_LOCK = "SELECT pg_try_advisory_lock(hashtext('hansom.outbox'))"


class Outbox(DependencyProvider):
    """Gives a worker the outbox of its service's database and relays what is in it: `outbox = Outbox(Base)`."""

    broker = Broker()

    def __init__(self, declarative_base: type[DeclarativeBase]) -> None:
        super().__init__()
        self.declarative_base = declarative_base
        self.table = declarative_base.metadata.tables["outbox"]
        self._woken = Signal()
        self._stopping = False
        self._greenlet: Any = None

    def setup(self) -> None:
        config = self.container.config
        self.service = self.container.service_name
        self.uri = make_url(database_uri(config, self.service)).set(drivername="postgresql")
        self.batch_size = int(config["OUTBOX_BATCH_SIZE"])
        self.poll_s = int(config["OUTBOX_POLL_MS"]) / 1000
        self.linger_s = int(config["OUTBOX_LINGER_MS"]) / 1000
        self.partitions = int(config["EVENT_PARTITIONS"])
        self.broker.declare(self._declare)

    def _declare(self, channel: amqp.Channel) -> None:
        for consumer in consumers_of(self.service):
            declare_consumer(channel, consumer, self.container.config)

    def start(self) -> None:
        self._greenlet = eventlet.spawn(self._run)

    def stop(self) -> None:
        self._stopping = True
        if self._greenlet is not None:
            self._greenlet.kill()

    kill = stop

    def get_dependency(self, worker_ctx: Any) -> OutboxWriter:
        return OutboxWriter(self)

    def wake(self, session: Session | None = None) -> None:
        """There may be something to publish."""
        if not self._woken.ready():
            self._woken.send(None)

    def _run(self) -> None:
        """Try for the lock, relay while it is held, and begin again when Postgres or the broker fails."""
        while not self._stopping:
            connection = None
            try:
                connection = psycopg2.connect(self.uri.render_as_string(hide_password=False), connect_timeout=5)
                connection.autocommit = True
                self._relay(connection)
            except (psycopg2.Error, Unavailable) as exc:
                log.warning("the outbox waits", extra={"service": self.service, "error": str(exc).strip()[:200]})
                eventlet.sleep(0.5)
            finally:
                if connection is not None:
                    connection.close()

    def _relay(self, connection: Any) -> None:
        cursor = connection.cursor()
        while True:
            cursor.execute(_LOCK)
            if cursor.fetchone()[0]:
                break
            eventlet.sleep(1)
        while True:
            self._woken = Signal()
            sent = self._publish_batch(cursor)
            if sent < self.batch_size:
                self._wait()

    def _wait(self) -> None:
        with eventlet.Timeout(self.poll_s, False):
            self._woken.wait()
            eventlet.sleep(self.linger_s)

    def _publish_batch(self, cursor: Any) -> int:
        cursor.execute(_SELECT, (self.batch_size,))
        rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
        OUTBOX_BACKLOG.labels(self.service).set(len(rows))
        if not rows:
            return 0
        began = time.monotonic()
        events = [
            Event(event_id, type_, 1, occurred_at, self.service, key, data)
            for _, event_id, type_, key, occurred_at, data in rows
        ]
        self.broker.publish_many([event.to_message(self.partitions) for event in events])
        cursor.execute(_DELETE, ([row[0] for row in rows],))
        EVENTS_PUBLISHED.labels(self.service).inc(len(rows))
        log.debug("published %d events in %.1f ms", len(rows), 1000 * (time.monotonic() - began))
        return len(rows)
