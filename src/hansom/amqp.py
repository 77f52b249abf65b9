"""One connection to RabbitMQ that comes back by itself, and publishing over it.

Nameko publishes each message through a kombu pool and waits for its confirm. Here one greenlet reads a connection and
any number write to it: a call costs one frame, and confirms are awaited for a whole batch.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import amqp
import eventlet
from amqp import spec
from amqp.exceptions import AMQPError
from eventlet.event import Event as Signal
from eventlet.semaphore import Semaphore
from nameko.extensions import SharedExtension

from hansom.amqp_uri import open_connection
from hansom.contracts.errors import Unavailable, error

log = logging.getLogger(__name__)

BROKEN = (AMQPError, OSError)
"""What a broken connection raises."""

HEARTBEAT_S = 10
"""The broker gives up a process that says nothing for about twice as long, and its queues to another."""

RECONNECT_FIRST_S, RECONNECT_MAX_S = 0.1, 2.0


@error
class BrokerUnavailable(Unavailable):
    code = "broker_unavailable"
    message = "The message broker is down: try again in a moment."


class Unroutable(Exception):
    """No queue takes a message that was published as mandatory."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish: `body` is JSON bytes."""

    exchange: str
    routing_key: str
    body: bytes
    headers: dict[str, Any] = field(default_factory=dict)
    persistent: bool = True
    properties: dict[str, Any] = field(default_factory=dict)

    def frame(self) -> amqp.Message:
        return amqp.Message(
            body=self.body,
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=2 if self.persistent else 1,
            application_headers=self.headers,
            **self.properties,
        )


class _Connection(amqp.Connection):
    # With `connection.blocked` negotiated, py-amqp reads in every publish; the reader greenlet alone reads here.
    negotiate_capabilities = {"consumer_cancel_notify": True, "authentication_failure_close": True}


def connect(uri: str) -> amqp.Connection:
    """A new open connection. Raises what `BROKEN` names."""
    return open_connection(uri, connect_timeout_s=5, heartbeat_s=HEARTBEAT_S, kind=_Connection)


class Link:
    """A connection read by a greenlet of its own, opened again whenever it breaks.

    `opened(link)` is called with each new connection to make channels and declare queues; `lost()` when it broke.
    """

    def __init__(self, uri: str, opened: Callable[[Link], None], lost: Callable[[], None], name: str) -> None:
        self.uri, self.name = uri, name
        self._opened, self._lost = opened, lost
        self.connection: amqp.Connection | None = None
        self.ready = Signal()
        self.writing = Semaphore()
        self._stopping = False
        self._greenlet: Any = None

    def start(self) -> None:
        if self._greenlet is None:
            self._greenlet = eventlet.spawn(self._run)

    def stop(self) -> None:
        self._stopping = True
        if self._greenlet is not None:
            self._greenlet.kill()
        self._drop()

    def wait_ready(self, timeout_s: float) -> None:
        """Wait for an open connection. Raises BrokerUnavailable."""
        if not self.ready.ready():
            with eventlet.Timeout(timeout_s, BrokerUnavailable()):
                self.ready.wait()

    def _run(self) -> None:
        pause_s = RECONNECT_FIRST_S
        while not self._stopping:
            try:
                self.connection = connect(self.uri)
                self._opened(self)
                self.ready.send(None)
                pause_s = RECONNECT_FIRST_S
                self._read()
            except BROKEN as exc:
                log.warning("broker connection lost", extra={"link": self.name, "error": str(exc)})
            except Exception:
                log.exception("a bug broke a broker connection", extra={"link": self.name})
            finally:
                self._drop()
            eventlet.sleep(pause_s)
            pause_s = min(pause_s * 2, RECONNECT_MAX_S)

    def _read(self) -> None:
        connection = self.connection
        assert connection is not None
        ticked_at = time.monotonic()
        while True:
            with suppress(TimeoutError):
                connection.drain_events(timeout=HEARTBEAT_S / 4)
            if time.monotonic() - ticked_at >= HEARTBEAT_S / 4:
                ticked_at = time.monotonic()
                with self.writing:
                    connection.heartbeat_tick()

    def _drop(self) -> None:
        connection, self.connection = self.connection, None
        if self.ready.ready():
            self.ready = Signal()
        if connection is None:
            return
        self._lost()
        try:
            connection.collect()
        except BROKEN as exc:
            log.debug("while dropping a connection: %s", exc)


class Reading:
    """A queue that is being read, over a channel of its own: given up, all that was not acknowledged is back in its
    place before anybody else is given the queue.

    Nothing here waits for an answer of the broker, which only the link's own greenlet may read. Every method raises
    what `BROKEN` names.
    """

    def __init__(
        self,
        queue: str,
        connection: amqp.Connection,
        writing: Semaphore,
        on_message: Callable[[Reading, amqp.Message], None],
        *,
        prefetch: int,
        acks: bool,
    ) -> None:
        self.queue, self._writing, self._on_message, self._open = queue, writing, on_message, True
        with writing:
            self._channel = connection.Channel(connection, auto_decode=False)
            self._channel.send_method(spec.Channel.Open, "s", ("",))
            self._channel.send_method(spec.Basic.Qos, "lBb", (0, prefetch, False))
            self._channel.basic_consume(queue, "reader", no_ack=not acks, nowait=True, callback=self._hear)

    def _hear(self, message: amqp.Message) -> None:
        # what comes after the closing is back in the queue
        if self._open:
            self._on_message(self, message)

    def ack(self, tag: int) -> None:
        """All messages up to this one have had their effect."""
        with self._writing:
            if self._channel.connection is not None:
                self._channel.basic_ack(tag, multiple=True)

    def give_up(self) -> None:
        """Read no more."""
        self._open = False
        with self._writing:
            if self._channel.connection is not None:
                # the answer takes the channel off the connection
                self._channel.send_method(spec.Channel.Close, "BsBB", (0, "", 0, 0))


class Broker(SharedExtension):
    """Publishing for one service: `publish` for calls and live data, `publish_many`, confirmed, for what must stay."""

    def __init__(self) -> None:
        super().__init__()
        self._declares: list[Callable[[amqp.Channel], None]] = []
        self._when_open: list[Callable[[Link], None]] = []
        self._returns: dict[str, Callable[[], None]] = {}
        self._waiting: dict[int, Signal] = {}
        self._fast: amqp.Channel | None = None
        self._sure: amqp.Channel | None = None
        self._published = 0
        self.link: Link | None = None

    def setup(self) -> None:
        if self.link is None:
            name = f"{self.container.service_name}.publish"
            self.link = Link(self.container.config["AMQP_URI"], self._opened, self._lost, name)

    def start(self) -> None:
        # not in setup: by now every extension has said what to declare
        self._link().start()

    def open(self, uri: str, name: str) -> None:
        """Start without a container: for scripts and tests. Say what to `declare` before."""
        self.link = Link(uri, self._opened, self._lost, name)
        self.link.start()

    def stop(self) -> None:
        if self.link is not None:
            self.link.stop()
            self.link = None

    kill = stop

    def declare(self, what: Callable[[amqp.Channel], None]) -> None:
        """Have `what(channel)` declare exchanges and queues on every new connection, before anything is published.

        To be said in an extension's `setup`: once the connection is open, its reader greenlet owns the reading.
        """
        self._declares.append(what)

    def when_open(self, tell: Callable[[Link], None]) -> None:
        """Have `tell(link)` called on every new connection, to read something over it too. To be said in `setup`."""
        self._when_open.append(tell)

    def _opened(self, link: Link) -> None:
        assert link.connection is not None
        declaring = link.connection.channel()
        for what in self._declares:
            what(declaring)
        declaring.close()
        fast, sure = link.connection.channel(), link.connection.channel()
        fast.events["basic_return"].add(self._on_return)
        sure.confirm_select()
        sure.events["basic_ack"].add(self._on_ack)
        sure.events["basic_nack"].add(self._on_nack)
        self._published = 0
        self._fast, self._sure = fast, sure
        for tell in self._when_open:
            tell(link)

    def _lost(self) -> None:
        self._fast = self._sure = None
        waiting, self._waiting = self._waiting, {}
        for signal in waiting.values():
            if not signal.ready():
                signal.send_exception(BrokerUnavailable())

    def publish(self, message: Outgoing, *, on_return: Callable[[], None] | None = None, timeout_s: float = 5) -> None:
        """Send without a confirm. `on_return` is called when no queue takes it (needs a correlation id).

        Raises BrokerUnavailable when there is no connection within `timeout_s` seconds.
        """
        link = self._link()
        link.wait_ready(timeout_s)
        if on_return is not None:
            self._returns[message.properties["correlation_id"]] = on_return
        self._send(link, lambda: self._fast, message, mandatory=on_return is not None)

    def forget(self, correlation_id: str) -> None:
        """No longer wait for the return of a message."""
        self._returns.pop(correlation_id, None)

    def publish_many(self, messages: Iterable[Outgoing], *, timeout_s: float = 10) -> None:
        """Send all and wait until the broker has taken responsibility for each.

        Raises BrokerUnavailable when it refused one or did not answer: then any of them may or may not have arrived.
        """
        if not all(self.publish_each(list(messages), timeout_s=timeout_s)):
            raise BrokerUnavailable()

    def publish_each(self, messages: Sequence[Outgoing], *, timeout_s: float = 10) -> list[bool]:
        """Send all and say of each, in their order, whether the broker has taken responsibility for it.

        False: it was refused, or the broker did not answer and it may or may not have arrived.
        """
        signals: dict[int, Signal] = {}
        until = time.monotonic() + timeout_s
        try:
            link = self._link()
            link.wait_ready(timeout_s)
            with suppress(BrokerUnavailable):
                self._write_all(link, messages, signals)
            taken = [self._taken(signal, until) for signal in signals.values()]
        except BrokerUnavailable:
            taken = []
        finally:
            for tag, signal in signals.items():
                if self._waiting.get(tag) is signal:
                    del self._waiting[tag]
        return taken + [False] * (len(messages) - len(taken))

    @staticmethod
    def _taken(signal: Signal, until: float) -> bool:
        try:
            with eventlet.Timeout(max(0.0, until - time.monotonic()), BrokerUnavailable()):
                signal.wait()
            return True
        except BrokerUnavailable:
            return False

    @property
    def connected(self) -> bool:
        """Whether there is a connection now."""
        return self.link is not None and self.link.ready.ready()

    def _write_all(self, link: Link, messages: Iterable[Outgoing], signals: dict[int, Signal]) -> None:
        for message in messages:
            signal = Signal()
            with link.writing:
                channel = self._sure
                if channel is None:
                    raise BrokerUnavailable()
                self._published += 1
                self._waiting[self._published] = signals[self._published] = signal
                self._write(channel, message, mandatory=False)

    def _link(self) -> Link:
        if self.link is None:
            raise BrokerUnavailable("The process is stopping.")
        return self.link

    def _send(self, link: Link, pick: Callable[[], amqp.Channel | None], message: Outgoing, mandatory: bool) -> None:
        with link.writing:
            channel = pick()
            if channel is None:
                raise BrokerUnavailable()
            self._write(channel, message, mandatory)

    @staticmethod
    def _write(channel: amqp.Channel, message: Outgoing, mandatory: bool) -> None:
        try:
            # what `basic_publish` does, less its own reading of the connection
            channel.send_method(
                spec.Basic.Publish,
                "Bssbb",
                (0, message.exchange, message.routing_key, mandatory, False),
                message.frame(),
            )
        except BROKEN as exc:
            raise BrokerUnavailable() from exc

    def _on_ack(self, delivery_tag: int, multiple: bool) -> None:
        for signal in self._settled(delivery_tag, multiple):
            signal.send(None)

    def _on_nack(self, delivery_tag: int, multiple: bool) -> None:
        for signal in self._settled(delivery_tag, multiple):
            signal.send_exception(BrokerUnavailable("The broker refused a message: a queue is full."))

    def _settled(self, delivery_tag: int, multiple: bool) -> list[Signal]:
        if not multiple:
            signal = self._waiting.pop(delivery_tag, None)
            return [signal] if signal is not None else []
        tags = [tag for tag in self._waiting if tag <= delivery_tag]
        return [self._waiting.pop(tag) for tag in tags]

    def _on_return(self, exc: Exception, exchange: str, routing_key: str, message: amqp.Message) -> None:
        told = self._returns.pop(message.properties.get("correlation_id", ""), None)
        if told is not None:
            told()
