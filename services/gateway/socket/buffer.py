"""Positions on their way to the broker: kept for a moment, sent on many to a message, and what happens when that fails.

A lane for each queue of positions: what its queue refuses waits, in order, and the other lanes go on.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import amqp
import eventlet
import orjson
from eventlet.event import Event as Signal
from nameko.extensions import SharedExtension
from prometheus_client import Counter, Gauge

from hansom.amqp import Broker, Outgoing
from hansom.consumer import declare_partitions
from hansom.contracts.topology import position_partition, positions_queue
from services.gateway.socket.connection import FULL, Connection
from services.gateway.socket.flood import Bucket
from services.gateway.socket.positions import Row, ahead

log = logging.getLogger(__name__)

MESSAGE_ROWS = 1000
STOP_PATIENCE_S = 5.0
RETRY_FIRST_S, RETRY_MAX_S = 0.1, 1.0
AT_MS = 3

POSITIONS_TAKEN = Counter("positions_taken_total", "Positions confirmed by the broker")
POSITIONS_REPLACED = Counter("positions_replaced_total", "Positions of free drivers that a newer one took the place of")
POSITIONS_HELD = Gauge("positions_held", "Positions not yet with the broker")
SOCKETS_SLOWED = Gauge("sockets_slowed", "Sockets that are not read for now", ["why"])
_SLOWED_FULL = SOCKETS_SLOWED.labels("buffer_full")

Done = Callable[[], None]
NEVER_MS = float("inf")


class Lane:
    """The positions for one queue, in order. Places are counted from the first that the lane ever took.

    `gone`: how many have left it. `flying`: how many of the rest are being sent.
    """

    __slots__ = ("flying", "gone", "limit", "pause_s", "queue", "retry_at", "rows", "told", "waiting")

    def __init__(self, queue: str, limit: int) -> None:
        self.queue, self.limit = queue, limit
        self.rows: list[Row] = []
        self.gone = self.flying = 0
        self.told: deque[tuple[int, Done]] = deque()
        self.waiting: deque[tuple[Driver, Connection, list[Row], Done | None]] = deque()
        self.retry_at, self.pause_s = 0.0, RETRY_FIRST_S

    @property
    def full(self) -> bool:
        return len(self.rows) >= self.limit

    def append(self, rows: list[Row], done: Done | None) -> int:
        """Gives the place of the last one."""
        self.rows += rows
        end = self.gone + len(self.rows)
        if done is not None:
            self.told.append((end, done))
        return end - 1

    def replace(self, place: int, row: Row) -> bool:
        """Put a row where an older one is. False: that has left or is being sent."""
        index = place - self.gone
        if index < self.flying:
            return False
        if row[AT_MS] >= self.rows[index][AT_MS]:
            self.rows[index] = row
        return True

    def take_off(self) -> bytes:
        """The next message; it has landed or come back before there is another."""
        self.flying = min(len(self.rows), MESSAGE_ROWS)
        return orjson.dumps({"positions": self.rows[: self.flying]})

    def landed(self) -> list[Done]:
        """The broker has what was flying; gives who wants to know."""
        del self.rows[: self.flying]
        self.gone += self.flying
        self.flying, self.retry_at, self.pause_s = 0, 0.0, RETRY_FIRST_S
        told = []
        while self.told and self.told[0][0] <= self.gone:
            told.append(self.told.popleft()[1])
        return told

    def came_back(self, now: float) -> None:
        """What was flying is sent again, in a moment."""
        self.flying = 0
        self.retry_at = now + self.pause_s
        self.pause_s = min(2 * self.pause_s, RETRY_MAX_S)


@dataclass(slots=True, eq=False)
class Driver:
    """A driver who is connected here.

    `free_since_ms`: Unix time from which his positions are known to belong to no ride; never, while he rides or it is
    not known. `place`: where his last row is that a newer one may replace, -1 for none. `news`: how many times it
    was heard what he does. `asked_at`: when that was asked for, monotonic.
    """

    id: str
    lane: Lane
    bucket: Bucket
    free_since_ms: float = NEVER_MS
    place: int = -1
    news: int = 0
    asked_at: float = 0.0

    def rides(self) -> None:
        """He is on a ride, or may be: nothing of his is replaced any more."""
        self.free_since_ms, self.place = NEVER_MS, -1
        self.news += 1

    def is_free(self, since_ms: float) -> None:
        if self.free_since_ms == NEVER_MS:
            self.free_since_ms = since_ms


class PositionBuffer(SharedExtension):
    """Collects positions of all sockets and sends them every POSITION_FLUSH_MS, with the broker's confirm.

    Holds POSITION_BUFFER of them, shared evenly by the lanes. When a lane is full, a free driver has one row in it, the
    newest; a driver on a ride is not read until there is room, and nothing of his is lost.
    """

    broker = Broker()

    def __init__(self) -> None:
        super().__init__()
        self.name_queue: Callable[[int], str] = positions_queue
        self.lanes: list[Lane] = []
        self._some = Signal()

    def setup(self) -> None:
        config = self.container.config
        self.flush_s = int(config["POSITION_FLUSH_MS"]) / 1000
        partitions = int(config["LOCATION_PARTITIONS"])
        limit = max(1, int(config["POSITION_BUFFER"]) // partitions)
        self.lanes = [Lane(self.name_queue(number), limit) for number in range(partitions)]
        self.broker.declare(self._declare)

    def _declare(self, channel: amqp.Channel) -> None:
        declare_partitions(self.name_queue, channel, self.container.config)

    def start(self) -> None:
        self.container.spawn_managed_thread(self._run, identifier="gateway.positions")

    @property
    def held(self) -> int:
        """Positions that the broker has not confirmed."""
        return sum(len(lane.rows) for lane in self.lanes)

    def lane_of(self, driver_id: str) -> Lane:
        return self.lanes[position_partition(driver_id, len(self.lanes))]

    # -- in ----------------------------------------------------------------------------------------------------------
    def add(self, driver: Driver, connection: Connection, rows: list[Row], done: Done | None = None) -> None:
        """Keep positions; `done()` is called when the broker has them. Never waits: it has the client wait."""
        lane = driver.lane
        if lane.waiting or len(lane.rows) >= lane.limit:
            if not (done is None and len(rows) == 1 and self._keep_newest(driver, rows[0])):
                lane.waiting.append((driver, connection, rows, done))
                if not connection.held & FULL:
                    _SLOWED_FULL.inc()
                    connection.hold(FULL)
            return
        self._append(driver, rows, done)

    def _append(self, driver: Driver, rows: list[Row], done: Done | None) -> None:
        lane = driver.lane
        place = lane.append(rows, done)
        # who asked for an answer is promised this row; a marked one is evidence, and nobody's live position
        free = done is None and len(rows) == 1 and not ahead(rows[0]) and rows[0][AT_MS] >= driver.free_since_ms
        driver.place = place if free else -1
        if not self._some.ready():
            self._some.send(None)

    def _keep_newest(self, driver: Driver, row: Row) -> bool:
        """While there is no room: the newest position of a free driver instead of the one before; at most one is added
        for each. False: it may not be replaced."""
        if row[AT_MS] < driver.free_since_ms or ahead(row):
            return False
        lane = driver.lane
        if lane.replace(driver.place, row):
            POSITIONS_REPLACED.inc()
        else:
            driver.place = lane.append([row], None)
        return True

    # -- out ---------------------------------------------------------------------------------------------------------
    def drain(self) -> None:
        """Send what is held, for a while at most: the process is stopping."""
        until = time.monotonic() + STOP_PATIENCE_S
        while self.held and time.monotonic() < until:
            eventlet.sleep(0.02)

    def _run(self) -> None:
        while True:
            if not self.held:
                self._some = Signal()
                self._some.wait()
            eventlet.sleep(self.flush_s)
            self.flush()

    def flush(self) -> None:
        """Send what is there, a message for each lane, until no lane has a whole message left or the broker refuses."""
        while self._send():
            pass
        POSITIONS_HELD.set(self.held)

    def _send(self) -> bool:
        """One message for each lane; whether there is more that need not wait."""
        now = time.monotonic()
        lanes = [lane for lane in self.lanes if lane.rows and lane.retry_at <= now] if self.broker.connected else []
        if not lanes:
            return False
        taken = self.broker.publish_each([Outgoing("", lane.queue, lane.take_off()) for lane in lanes])
        refused = 0
        for lane, confirmed in zip(lanes, taken, strict=True):
            if confirmed:
                POSITIONS_TAKEN.inc(lane.flying)
                for done in lane.landed():
                    done()
                self.make_room(lane)
            else:
                refused += lane.flying
                lane.came_back(time.monotonic())
        if refused:
            log.warning("positions wait for the broker", extra={"positions": refused})
        return any(len(lane.rows) >= MESSAGE_ROWS and lane.retry_at == 0 for lane in lanes)

    def make_room(self, lane: Lane) -> None:
        """Take who waits for this lane, as long as there is room, and read him again."""
        while lane.waiting and not lane.full:
            driver, connection, rows, done = lane.waiting.popleft()
            self._append(driver, rows, done)
            if connection.held & FULL:
                _SLOWED_FULL.dec()
                connection.release(FULL)
