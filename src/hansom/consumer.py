"""Reading queues in batches: events, and raw messages such as positions.

Messages are handled at least once and acknowledged when their effect is committed. A batch that fails is tried again
message by message: while a store is down for as long as it takes, otherwise a few times; then the message is parked.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import amqp
import eventlet
import orjson
from eventlet.event import Event as Signal
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import Entrypoint

from hansom import logs
from hansom.amqp import BROKEN, Broker, Link, Outgoing, Reading
from hansom.contracts.errors import Unavailable
from hansom.contracts.topology import parked_queue, positions_queue
from hansom.events import Event, declare_consumer, declare_parked
from hansom.metrics import EVENT_BATCH_SECONDS, EVENTS_CONSUMED, EVENTS_PARKED
from hansom.rpc import STORE_DOWN
from hansom.sharing import Sharing
from hansom.wire import iso

log = logging.getLogger(__name__)

RETRY_FIRST_S, RETRY_MAX_S = 0.1, 5.0

Declare = Callable[[amqp.Channel, dict[str, Any]], list[str]]
"""Declares what is to be read and gives the names of the queues."""


@dataclass(frozen=True, slots=True)
class _Delivery:
    reading: Reading
    tag: int
    body: bytes
    headers: dict[str, Any]


class QueueReader(Entrypoint):
    """Entrypoint: a method that takes a list of decoded messages.

    `declare(channel, config)` names the queues. `batch_size` and `linger_ms` bound how many messages and how much
    waiting a call takes together; None takes the settings of events. With `parks` a hopeless message is parked;
    otherwise it is dropped with an error in the log, as fits live data that the next message replaces. With `shared`
    the replicas of the service share the queues (`hansom.sharing`), which must have one active consumer each; otherwise
    every replica reads all of them.
    """

    broker = Broker()
    sharing = Sharing()

    def __init__(
        self,
        declare: Declare,
        *,
        batch_size: int | None = None,
        linger_ms: int | None = None,
        parks: bool = True,
        acks: bool = True,
        shared: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.declare_queues, self.batch_size, self.linger_ms = declare, batch_size, linger_ms
        self.parks, self.acks, self.shared = parks, acks, shared
        self._queues: list[str] = []
        self._readings: dict[str, Reading] = {}
        self._changed = False
        self._arrived: deque[_Delivery] = deque()
        self._some = Signal()
        self._stopping = False
        self._idle = Signal()

    def setup(self) -> None:
        config = self.container.config
        self.service = self.container.service_name
        self.size = self.batch_size or int(config["EVENT_BATCH_SIZE"])
        self.linger_s = (int(config["EVENT_LINGER_MS"]) if self.linger_ms is None else self.linger_ms) / 1000
        self.max_tries = int(config["EVENT_MAX_TRIES"])
        self.link = Link(config["AMQP_URI"], self._opened, self._lost, f"{self.service}.{self.method_name}")
        if self.parks:
            self.broker.declare(self._declare_parked)
        if self.shared:
            self.sharing.join(self._change)

    def _declare_parked(self, channel: amqp.Channel) -> None:
        declare_parked(channel, self.service, self.container.config)

    def start(self) -> None:
        self.link.start()
        self.container.spawn_managed_thread(self._work, identifier=f"{self.service}.{self.method_name}")

    def stop(self) -> None:
        """Finish the batch under way; what has not been handled goes back to the broker."""
        self._stopping = True
        self._notice()
        with eventlet.Timeout(10, False):
            self._idle.wait()
        self.link.stop()
        if self.shared:
            self.sharing.leave()

    def kill(self) -> None:
        self._stopping = True
        self.link.stop()

    def decode(self, delivery: _Delivery) -> Any:
        """What the method gets for a message."""
        return orjson.loads(delivery.body)

    def _opened(self, link: Link) -> None:
        assert link.connection is not None
        channel = link.connection.channel()
        self._queues = self.declare_queues(channel, self.container.config)
        channel.close()
        self._change()

    def _lost(self) -> None:
        self._readings = {}
        self._arrived.clear()

    def _change(self) -> None:
        """The connection is new, or the share is."""
        self._changed = True
        self._notice()

    def _on_message(self, reading: Reading, message: amqp.Message) -> None:
        headers = message.properties.get("application_headers") or {}
        self._arrived.append(_Delivery(reading, message.delivery_info["delivery_tag"], bytes(message.body), headers))
        self._notice()

    def _notice(self) -> None:
        if not self._some.ready():
            self._some.send(None)

    def _work(self) -> None:
        while not self._stopping:
            if not self._arrived and not self._changed:
                self._some = Signal()
                self._some.wait()
            if self._changed:
                # here, between two batches, nothing of a queue that is given up is in hand
                self._follow()
            if self.linger_s and len(self._arrived) < self.size:
                eventlet.sleep(self.linger_s)
            batch = [self._arrived.popleft() for _ in range(min(self.size, len(self._arrived)))]
            if batch and not self._stopping and self._handle(batch):
                self._ack(batch)
        self._idle.send(None)

    def _follow(self) -> None:
        """Read what is this replica's to read, and no more."""
        self._changed = False
        # one connection and what is read over it: the next one has its own
        connection, readings = self.link.connection, self._readings
        if connection is None:
            return
        wanted = self.sharing.share_of(self._queues) if self.shared else set(self._queues)
        try:
            for queue in readings.keys() - wanted:
                reading = readings.pop(queue)
                self._arrived = deque(delivery for delivery in self._arrived if delivery.reading is not reading)
                reading.give_up()
            for queue in self._queues:
                if queue in wanted and queue not in readings:
                    self.sharing.taken(queue)
                    readings[queue] = Reading(
                        queue,
                        connection,
                        self.link.writing,
                        self._on_message,
                        prefetch=self.size * 2,
                        acks=self.acks,
                    )
        except BROKEN as exc:
            # the next connection begins anew
            log.info("the queues of this replica could not be read: %s", exc)

    def _ack(self, batch: list[_Delivery]) -> None:
        if not self.acks:
            return
        last = {delivery.reading: delivery.tag for delivery in batch}
        try:
            for reading, tag in last.items():
                reading.ack(tag)
        except BROKEN as exc:
            # delivered again on the next connection, and known as a repeat there
            log.info("an acknowledgement was lost: %s", exc)

    def _handle(self, batch: list[_Delivery]) -> bool:
        """True when each message has had its effect or is parked; False when the service stops before that."""
        began = time.monotonic()
        decoded: list[tuple[_Delivery, Any]] = []
        for delivery in batch:
            try:
                decoded.append((delivery, self.decode(delivery)))
            except (ValueError, KeyError, TypeError) as exc:
                self._give_up(delivery, exc)
        if decoded and self._call([message for _, message in decoded]) is not None:
            for delivery, message in decoded:
                self._handle_alone(delivery, message)
                if self._stopping:
                    return False
        EVENTS_CONSUMED.labels(self.service).inc(len(batch))
        EVENT_BATCH_SECONDS.labels(self.service).observe(time.monotonic() - began)
        return True

    def _handle_alone(self, delivery: _Delivery, message: Any) -> None:
        pause_s, tries = RETRY_FIRST_S, 0
        while not self._stopping:
            exc = self._call([message])
            if exc is None:
                return
            transient = isinstance(exc, (Unavailable, *STORE_DOWN))
            tries += not transient
            if tries >= self.max_tries:
                self._give_up(delivery, exc, tries)
                return
            log.warning(
                "a message will be tried again",
                extra={"service": self.service, "error": repr(exc)[:300], "tries": tries, "pause_s": pause_s},
            )
            eventlet.sleep(pause_s)
            pause_s = min(pause_s * 2, RETRY_MAX_S)

    def _call(self, messages: list[Any]) -> Exception | None:
        """Run the method in a worker; gives what it raised."""
        done = Signal()

        def handle_result(worker_ctx: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
            logs.clear()
            done.send(exc_info[1] if exc_info is not None else None)
            return result, exc_info

        try:
            self.container.spawn_worker(self, (messages,), {}, handle_result=handle_result)
        except ContainerBeingKilled as exc:
            self._stopping = True
            return exc
        return done.wait()

    def _give_up(self, delivery: _Delivery, exc: Exception, tries: int = 1) -> None:
        """Park a message with its error, or drop it where it is of no use later."""
        EVENTS_PARKED.labels(self.service).inc()
        log.error("a message is parked" if self.parks else "a message is dropped", exc_info=exc)
        if not self.parks:
            return
        error = "".join(traceback.format_exception_only(exc)).strip()[:500]
        headers = {
            **delivery.headers,
            "error": error,
            "reader": self.method_name,
            "queue": delivery.reading.queue,
            "parked_at": iso(datetime.now(UTC)),
            # all tries there were, those before it was parked the last time too
            "tries": int(delivery.headers.get("tries") or 0) + tries,
        }
        parked = Outgoing("", parked_queue(self.service), delivery.body, headers)
        pause_s = RETRY_FIRST_S
        while not self._stopping:
            try:
                self.broker.publish_many([parked])
                return
            except Unavailable:
                eventlet.sleep(pause_s)
                pause_s = min(pause_s * 2, RETRY_MAX_S)


read_queue = QueueReader.decorator


class EventConsumer(QueueReader):
    """Entrypoint: the method of a service that takes the list of events it subscribed to in `topology`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(self._declare_events, shared=True, expected_exceptions=(Unavailable, *STORE_DOWN), **kwargs)

    def _declare_events(self, channel: amqp.Channel, config: dict[str, Any]) -> list[str]:
        return declare_consumer(channel, self.container.service_name, config)

    def decode(self, delivery: _Delivery) -> Event:
        return Event.from_message(delivery.body, delivery.headers)


consume = EventConsumer.decorator


def declare_positions(channel: amqp.Channel, config: dict[str, Any]) -> list[str]:
    """Declare the queues of positions, one a partition of drivers; gives their names. Gateways call it too.

    Like a queue of events each has one active consumer, so that a driver's positions stay in order.
    """
    return declare_partitions(positions_queue, channel, config)


def declare_partitions(name_of: Callable[[int], str], channel: amqp.Channel, config: dict[str, Any]) -> list[str]:
    """Declare queues of positions under the names `name_of(0)`, `name_of(1)` and so on; gives the names."""
    arguments = {
        "x-queue-type": config["EVENT_QUEUE_TYPE"],
        "x-single-active-consumer": True,
        "x-max-length": int(config["LOCATION_QUEUE_MAX_LENGTH"]),
        "x-overflow": "reject-publish",
    }
    names = [name_of(partition) for partition in range(int(config["LOCATION_PARTITIONS"]))]
    for name in names:
        channel.queue_declare(name, durable=True, auto_delete=False, arguments=arguments)
    return names


def durable_queue(name: str) -> Declare:
    """Declares one durable queue; the order holds because one consumer at a time reads it."""
    return partial(_declare_durable, name)


def _declare_durable(name: str, channel: amqp.Channel, config: dict[str, Any]) -> list[str]:
    channel.queue_declare(
        name,
        durable=True,
        auto_delete=False,
        arguments={
            "x-queue-type": config["EVENT_QUEUE_TYPE"],
            "x-max-length": int(config["EVENT_QUEUE_MAX_LENGTH"]),
            "x-overflow": "reject-publish",
        },
    )
    return [name]
