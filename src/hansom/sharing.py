"""Replicas of a service share the queues whose order matters: each reads its part, and all stand by for the rest.

Replicas tell each other that they are there, over RabbitMQ; from who is there each works out the same shares by itself.
Nobody decides and nothing is stored. That two of them differ for a moment does no harm: such queues have one active
consumer (`x-single-active-consumer`), so it is the broker that says who reads, and sharing only says who stands in line
and in which order. When a replica dies the broker hands its queues to whoever stands by, at once.

A replica that is alone says something every ten seconds and otherwise does nothing.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import Any

import amqp
import eventlet
import orjson
from eventlet.event import Event as Signal
from nameko.extensions import SharedExtension

from hansom.amqp import Broker, Link, Outgoing
from hansom.contracts.errors import Unavailable
from hansom.contracts.topology import REPLICAS_EXCHANGE
from hansom.ids import new_id

log = logging.getLogger(__name__)

BEAT_S = 1.0
ALONE_BEAT_S = 10.0
"""Whoever arrives says so, and is answered; this is for the case that one of the two was lost."""

SILENT_AFTER_S = 1.6
"""A replica not heard for so long may be dead: what it should read is not given up."""

LOST_AFTER_S = 3.5
STAND_BY_AFTER_S = 5.0
"""After a change the owner of a queue gets this long to be first in line; then the others stand behind it."""

HELLO, HERE, BYE = "hello", "here", "bye"


def shares(queues: Sequence[str], replicas: Iterable[str]) -> dict[str, str]:
    """Queue → the replica that should read it, the same wherever it is worked out.

    Rendezvous hashing (each couple of queue and replica has a weight, the heaviest wins), evened out: no replica has
    two queues more than another, which plain hashing of a handful of queues would do.
    """
    names = sorted(set(replicas))
    least, over = divmod(len(queues), len(names))
    couples = sorted(((_weight(queue, name), queue, name) for queue in queues for name in names), reverse=True)
    owners: dict[str, str] = {}
    load: Counter[str] = Counter()
    for _, queue, name in couples:
        if queue in owners or load[name] > least or (load[name] == least and not over):
            continue
        over -= load[name] == least
        load[name] += 1
        owners[queue] = name
    return owners


def _weight(queue: str, replica: str) -> bytes:
    return blake2b(f"{replica} {queue}".encode(), digest_size=8).digest()


class Sharing(SharedExtension):
    """Which of its queues this replica of a service reads now."""

    broker = Broker()

    def __init__(self) -> None:
        super().__init__()
        self.replica = new_id()
        self._heard_at: dict[str, float] = {}
        self._readers: list[Callable[[], None]] = []
        self._forgetful: list[Callable[[str], None]] = []
        self._settles_at: float | None = None
        self._woken = Signal()
        self._greenlet: Any = None

    def setup(self) -> None:
        self.service = self.container.service_name

    def join(self, changed: Callable[[], None]) -> None:
        """Take part. `changed()` is called when `share_of` has a new answer. To be said in an extension's `setup`."""
        if not self._readers:
            self.broker.when_open(self._opened)
        self._readers.append(changed)

    def when_taken(self, forget: Callable[[str], None]) -> None:
        """Have `forget(queue)` called before a queue is read anew: another replica may have read it meanwhile, so what
        this one remembers of its messages may be old. To be said in an extension's `setup`."""
        self._forgetful.append(forget)

    def taken(self, queue: str) -> None:
        """A reader is about to read a queue."""
        for forget in self._forgetful:
            forget(queue)

    def start(self) -> None:
        if self._readers and self._greenlet is None:
            self._greenlet = eventlet.spawn(self._run)

    def leave(self) -> None:
        """This replica no longer reads: the others need not wait for its silence."""
        if self._readers:
            self._say(BYE)
        self.stop()

    def stop(self) -> None:
        if self._greenlet is not None:
            self._greenlet.kill()
            self._greenlet = None

    kill = stop

    def share_of(self, queues: Sequence[str]) -> set[str]:
        """Those of the queues to read, or to stand in line for, now."""
        if not self._heard_at or self._settles_at is None:
            return set(queues)
        silent_before = time.monotonic() - SILENT_AFTER_S
        silent = {replica for replica, heard_at in self._heard_at.items() if heard_at < silent_before}
        owners = shares(queues, [self.replica, *self._heard_at])
        return {queue for queue in queues if owners[queue] == self.replica or owners[queue] in silent}

    def _opened(self, link: Link) -> None:
        """A new connection: listen, then say hello, so that of two who arrive together one hears the other."""
        assert link.connection is not None
        channel = link.connection.channel()
        channel.exchange_declare(REPLICAS_EXCHANGE, "direct", durable=True, auto_delete=False)
        arguments = {"x-message-ttl": int(LOST_AFTER_S * 1000), "x-max-length": 1000}
        name = channel.queue_declare("", exclusive=True, auto_delete=True, arguments=arguments).queue
        channel.queue_bind(name, REPLICAS_EXCHANGE, self.service)
        # nobody could be heard while there was no connection
        self._hear_all()
        channel.basic_consume(name, no_ack=True, callback=self._on_message)
        channel.basic_publish(self._message(HELLO).frame(), REPLICAS_EXCHANGE, self.service)

    def _on_message(self, message: amqp.Message) -> None:
        said = orjson.loads(message.body)
        replica, what = said["replica"], said["says"]
        if replica == self.replica:
            return
        known = replica in self._heard_at
        if what == BYE:
            self._heard_at.pop(replica, None)
        else:
            self._heard_at[replica] = time.monotonic()
        if known is not (replica in self._heard_at):
            self._note_change()
        if what == HELLO:
            self._wake()

    def _note_change(self) -> None:
        log.info("replicas changed", extra={"service": self.service, "replicas": len(self._heard_at) + 1})
        self._settles_at = time.monotonic() + STAND_BY_AFTER_S
        self._tell_readers()
        self._wake()

    def _tell_readers(self) -> None:
        for changed in self._readers:
            changed()

    def _wake(self) -> None:
        if not self._woken.ready():
            self._woken.send(None)

    def _run(self) -> None:
        while True:
            began, pause_s = time.monotonic(), BEAT_S if self._heard_at else ALONE_BEAT_S
            with eventlet.Timeout(pause_s, False):
                self._woken.wait()
            self._woken = Signal()
            if time.monotonic() - began > pause_s + SILENT_AFTER_S:
                # this process has stood still, not the others
                self._hear_all()
            if self._say(HERE):
                self._lose_silent()
            if self._settles_at is not None and time.monotonic() >= self._settles_at:
                self._settles_at = None
                self._tell_readers()

    def _hear_all(self) -> None:
        self._heard_at = dict.fromkeys(self._heard_at, time.monotonic())

    def _lose_silent(self) -> None:
        before = time.monotonic() - LOST_AFTER_S
        lost = [replica for replica, heard_at in self._heard_at.items() if heard_at < before]
        for replica in lost:
            del self._heard_at[replica]
        if lost:
            self._note_change()

    def _say(self, what: str) -> bool:
        """Tell the others; False when the broker is away, so that nobody can be heard either."""
        try:
            self.broker.publish(self._message(what), timeout_s=0)
        except Unavailable as exc:
            log.debug("the other replicas cannot be told: %s", exc)
            return False
        return True

    def _message(self, what: str) -> Outgoing:
        body = orjson.dumps({"replica": self.replica, "says": what})
        return Outgoing(REPLICAS_EXCHANGE, self.service, body, persistent=False)
