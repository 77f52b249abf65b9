"""Positions: checked by hand, kept for a moment, and sent on many to a message. No worker and no RPC sees one."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from math import isfinite
from typing import Any

import amqp
import eventlet
import orjson
from eventlet.event import Event as Signal
from nameko.extensions import SharedExtension
from prometheus_client import Counter, Gauge

from hansom.amqp import Broker, Outgoing
from hansom.consumer import durable_queue
from hansom.contracts.errors import Invalid, Unavailable
from hansom.contracts.topology import POSITIONS_QUEUE
from hansom.validation import load
from services.gateway import schemas

log = logging.getLogger(__name__)

MESSAGE_ROWS = 1000
AHEAD_MAX_MS = 60_000
"""How much a phone's clock may be ahead of ours."""
AHEAD_KEPT_MS = 2_000
"""Up to this a phone's time is kept; from further ahead its position counts as of now."""
STOP_PATIENCE_S = 5.0

POSITIONS_TAKEN = Counter("positions_taken_total", "Positions confirmed by the broker")
POSITIONS_REFUSED = Counter("positions_refused_total", "Positions that were not well formed")
POSITIONS_HELD = Gauge("positions_held", "Positions not yet with the broker")

Row = list[Any]
_FIELDS = frozenset({"lat", "lng", "at", "seq", "bearing_deg", "speed_mps", "accuracy_m"})
_NUMBERS = (float, int)
_SCHEMA = schemas.Position()


def read_position(driver_id: str, data: Any, now_ms: int, max_age_ms: int) -> Row:
    """A position report as `location` takes it: `[driver_id, lat, lng, at_ms, seq, bearing, speed, accuracy]`.

    `now_ms`: Unix time. Raises Invalid, naming the field.
    """
    row = _quick(driver_id, data)
    if row is None:
        POSITIONS_REFUSED.inc()
        load(_SCHEMA, data if isinstance(data, dict) else {})  # says what is wrong
        raise Invalid(details={"position": ["Not a position."]})
    if not now_ms - max_age_ms <= row[3] <= now_ms + AHEAD_MAX_MS:
        POSITIONS_REFUSED.inc()
        raise Invalid(details={"at": ["Too long ago or in the future."]})
    # once, here: `location` tells a position that comes twice by its time and number
    if row[3] > now_ms + AHEAD_KEPT_MS:
        row[3] = now_ms
    return row


def _quick(driver_id: str, data: Any) -> Row | None:
    """The row of a well-formed report, otherwise None. `schemas.Position` by hand; a test compares the two."""
    if type(data) is not dict or not data.keys() <= _FIELDS:
        return None
    get = data.get
    lat: Any
    lng: Any
    lat, lng, at, seq = get("lat"), get("lng"), get("at"), get("seq")
    bearing, speed, accuracy = get("bearing_deg"), get("speed_mps"), get("accuracy_m")
    if not (
        type(lat) in _NUMBERS
        and -90 <= lat <= 90
        and type(lng) in _NUMBERS
        and -180 <= lng <= 180
        and type(seq) is int
        and 0 <= seq < 1 << 53
        and (bearing is None or (type(bearing) in _NUMBERS and 0 <= bearing <= 360))
        and (speed is None or (type(speed) in _NUMBERS and 0 <= speed <= 150))
        and (accuracy is None or (type(accuracy) in _NUMBERS and isfinite(accuracy) and 0 <= accuracy <= 100_000))
        and type(at) is str
        and len(at) <= 40
    ):
        return None
    try:
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            return None
        at_ms = round(moment.astimezone(UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
    return [driver_id, lat, lng, at_ms, seq, bearing, speed, accuracy]


class PositionBuffer(SharedExtension):
    """Collects positions of all sockets and sends them every POSITION_FLUSH_MS, with the broker's confirm.

    Holds POSITION_BUFFER of them while the broker is away; then whoever adds waits, and with him his client.
    """

    broker = Broker()

    def __init__(self) -> None:
        super().__init__()
        self.queue = POSITIONS_QUEUE
        self._rows: list[Row] = []
        self._told: list[Callable[[], None]] = []
        self._sending = 0
        self._some, self._space = Signal(), Signal()
        self._stopping = False

    def setup(self) -> None:
        config = self.container.config
        self.flush_s = int(config["POSITION_FLUSH_MS"]) / 1000
        self.limit = int(config["POSITION_BUFFER"])
        self.max_age_ms = int(float(config["POSITION_MAX_AGE_S"]) * 1000)
        self.broker.declare(self._declare)

    def _declare(self, channel: amqp.Channel) -> None:
        durable_queue(self.queue)(channel, self.container.config)

    def start(self) -> None:
        self.container.spawn_managed_thread(self._run, identifier="gateway.positions")

    def read(self, driver_id: str, data: Any) -> Row:
        """Raises Invalid."""
        return read_position(driver_id, data, int(time.time() * 1000), self.max_age_ms)

    def add(self, rows: list[Row], done: Callable[[], None] | None = None) -> None:
        """Keep positions; `done()` is called when the broker has them. Waits while the buffer is full."""
        while len(self._rows) + self._sending >= self.limit:
            if self._space.ready():
                self._space = Signal()
            self._space.wait()
        self._rows.extend(rows)
        if done is not None:
            self._told.append(done)
        if not self._some.ready():
            self._some.send(None)

    def drain(self) -> None:
        """Send what is held, for a while at most: the process is stopping."""
        until = time.monotonic() + STOP_PATIENCE_S
        while (self._rows or self._sending) and time.monotonic() < until:
            eventlet.sleep(0.02)

    def _run(self) -> None:
        while True:
            if not self._rows:
                self._some = Signal()
                self._some.wait()
            eventlet.sleep(self.flush_s)
            rows, self._rows = self._rows, []
            told, self._told = self._told, []
            self._sending = len(rows)
            POSITIONS_HELD.set(len(rows))
            self._send(rows)
            self._sending = 0
            POSITIONS_TAKEN.inc(len(rows))
            POSITIONS_HELD.set(len(self._rows))
            if not self._space.ready():
                self._space.send(None)
            for done in told:
                done()

    def _send(self, rows: list[Row]) -> None:
        """Until the broker has them all: some may come twice, which `location` sees by their time and number."""
        messages = [
            Outgoing("", self.queue, orjson.dumps({"positions": rows[start : start + MESSAGE_ROWS]}))
            for start in range(0, len(rows), MESSAGE_ROWS)
        ]
        pause_s = 0.1
        while True:
            try:
                self.broker.publish_many(messages)
                return
            except Unavailable as exc:
                log.warning("positions wait for the broker", extra={"positions": len(rows), "error": str(exc)})
                eventlet.sleep(pause_s)
                pause_s = min(pause_s * 2, 1.0)
