"""One client's socket: what has been read and not yet answered, what has not been sent yet, and why it waits."""

from __future__ import annotations

import logging
import socket as sockets
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass
from fcntl import ioctl
from typing import Any

import eventlet
import orjson
from eventlet.event import Event as Signal

from hansom.contracts.errors import HansomError
from hansom.ids import new_id
from services.gateway.access import Caller
from services.gateway.http.answers import error_body, status_of
from services.gateway.socket import frames
from services.gateway.socket.flood import Bucket
from services.gateway.socket.loop import READ, WRITE, Loop
from services.gateway.socket.stream import Cursor

log = logging.getLogger(__name__)

HALF_FRAME_S = 20
"""A frame that has begun must end within this time of its last byte."""
WRITE_TIMEOUT_S = 20
CLOSE_WAIT_S = 2
SLOW_WAIT_S = 5
"""Who is closed because he does not read has this long to read why."""
READ_BYTES = 8 << 10
"""About fifty positions: a backlog is read in turns with the others."""
BATCH_BYTES = 64 << 10
CALLS_AT_ONCE = 16
UNSEEN_MS = 60_000
"""What was sent and not acknowledged for this long: the peer is gone, says the kernel."""

AUTHENTICATING, RESUMING, CALLING, FULL, FLOODING = 1, 2, 4, 8, 16
"""Why a socket is not read; bits of `Connection.held`."""

_NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Terms:
    """What all connections of a server have in common.

    `max_frames`: how many are kept for a client that reads slowly. `on_text(connection, payload)` takes a message,
    `on_end(connection)` hears once that the socket is gone.
    """

    loop: Loop
    max_bytes: int
    max_frames: int
    on_text: Callable[[Connection, bytes], None]
    on_end: Callable[[Connection], None]


class Connection:
    """A socket and what is known of its user. It never waits: `hold` stops the reading, `release` goes on with it."""

    __slots__ = (
        "_blocked_at",
        "_closing",
        "_drained",
        "_ended",
        "_fd",
        "_give_up_at",
        "_half_since",
        "_interest",
        "_loop",
        "_out",
        "_peer_closed",
        "_pending",
        "_reader",
        "_sock",
        "_terms",
        "bucket",
        "caller",
        "calls",
        "closed",
        "cursor",
        "driver",
        "expires_at",
        "held",
        "id",
        "tick",
        "verified_at",
    )

    def __init__(self, sock: Any, bucket: Bucket, terms: Terms) -> None:
        self.id = new_id()
        self.caller: Caller | None = None
        self.driver: Any = None
        self.bucket = bucket
        self.cursor = Cursor()
        self.verified_at = 0.0
        self.expires_at = _NEVER
        """Monotonic time at which it has to be authenticated, first or again."""
        self.calls = self.held = self.tick = 0
        self.closed = self._peer_closed = self._ended = False
        self._sock, self._fd, self._loop, self._terms = sock, sock.fileno(), terms.loop, terms
        self._reader = frames.FrameReader(terms.max_bytes)
        self._interest = READ
        self._pending: list[tuple[int, bytes]] | None = None
        self._out: list[bytes] = []
        self._closing: bytes | None = None
        self._drained: Signal | None = None
        self._blocked_at = self._half_since = self._give_up_at = _NEVER

    def start(self, early: bytes = b"") -> None:
        """Begin to read. `early`: what the client sent behind its handshake."""
        _tune(self._sock)
        self._loop.add(self, self._fd, self._interest)
        if early:
            self._feed(early)

    # -- reading -----------------------------------------------------------------------------------------------------
    def readable(self) -> None:
        """Read what is there, once, so that one who floods does not keep the others waiting."""
        if self.closed:
            return
        try:
            data = self._sock.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError as exc:
            log.debug("a socket broke: %s", exc)
            data = b""
        if not data:
            self._end()
        elif self._closing is None:
            self._feed(data)

    def _end(self) -> None:
        """Nothing more will come. What has come is still taken, positions of a ride among it."""
        if self._closing is None and (self.held or self._pending):
            self._ended = True
            self._loop.leave(self._fd)
        else:
            self.drop()

    def _feed(self, data: bytes) -> None:
        try:
            messages = self._reader.feed(data)
            if self._reader.midway:
                self._half_since = time.monotonic()
                self._loop.remind(self, self._half_since + HALF_FRAME_S)
            else:
                self._half_since = _NEVER
            self._take(messages)
        except frames.Violation as violation:
            self.close(violation.code, violation.reason)

    def _take(self, messages: list[tuple[int, bytes]]) -> None:
        if self._pending:
            self._pending += messages
            return
        for number, (opcode, payload) in enumerate(messages):
            if self._closing is not None or self.closed:
                return
            if self.held:
                self._pending = messages[number:]
                return
            if opcode == frames.TEXT:
                self._terms.on_text(self, payload)
            elif opcode == frames.PING:
                self.push(frames.encode(frames.PONG, payload))
            elif opcode == frames.BINARY:
                raise frames.Violation(frames.UNSUPPORTED, "text frames only")
            elif opcode == frames.CLOSE:
                self._peer_closed = True
                self.close(frames.NORMAL)

    def hold(self, why: int) -> None:
        """Read no further until it is released."""
        self.held |= why
        self._want()

    def release(self, why: int) -> None:
        """This reason is gone; with the last one reading goes on, first with what had been read."""
        if not self.held & why:
            return
        self.held &= ~why
        if not self.held and not self.closed:
            eventlet.spawn_n(self._go_on)

    def _go_on(self) -> None:
        pending, self._pending = self._pending, None
        if pending and not self.held:
            try:
                self._take(pending)
            except frames.Violation as violation:
                self.close(violation.code, violation.reason)
        elif pending:
            self._pending = pending
        if self._ended and not self.held and not self._pending:
            self.drop()
        self._want()

    def _want(self) -> None:
        """Tell the loop what to look for. A closing socket is read to its end."""
        if self.closed or self._ended:
            return
        waits = (self.held or self._pending) and self._closing is None
        interest = (0 if waits else READ) | (WRITE if self._blocked_at < _NEVER else 0)
        if interest != self._interest:
            self._interest = interest
            self._loop.change(self._fd, interest)

    # -- writing -----------------------------------------------------------------------------------------------------
    def push(self, frame: bytes) -> None:
        """Queue a frame; a client so slow that the queue is full is closed."""
        if self._closing is not None or self.closed:
            return
        if len(self._out) >= self._terms.max_frames:
            del self._out[1:]  # the first one may have gone in part
            self.close(frames.TRY_LATER, "reads too slowly")
            return
        self._queue(frame)

    def _queue(self, frame: bytes) -> None:
        if not self._out:
            self._loop.write_soon(self)
        self._out.append(frame)

    @property
    def crowded(self) -> bool:
        """More than half of the queue is taken."""
        return len(self._out) > self._terms.max_frames // 2

    @property
    def takes(self) -> bool:
        """The client is there and takes what it is sent."""
        return not self.closed and self._closing is None and self._blocked_at == _NEVER

    @property
    def caught_up(self) -> bool:
        """All that was sent has arrived: nothing of it waits here or in the kernel."""
        if self.closed or self._closing is not None or self._out:
            return False
        return not int.from_bytes(ioctl(self._fd, termios.TIOCOUTQ, bytes(4)), "little")

    def wait_room(self) -> None:
        """Wait until at least half of the queue is free, or the connection is closed."""
        while not self.closed and self._closing is None and self.crowded:
            if self._drained is None:
                self._drained = Signal()
            self._drained.wait()

    def push_event(self, event: str, data: dict[str, Any], seq: int | None = None) -> None:
        self.push(event_frame(event, data, seq))

    def reply(self, correlation_id: Any, data: Any) -> None:
        message = {"type": "result", "success": True, "data": data, "correlation_id": correlation_id}
        self.push(frames.encode(frames.TEXT, orjson.dumps(message)))

    def refuse(self, correlation_id: Any, error: HansomError) -> None:
        body = {**error_body(error), "status": status_of(error)}
        message = {"type": "result", "success": False, "error": body, "correlation_id": correlation_id}
        self.push(frames.encode(frames.TEXT, orjson.dumps(message, default=str, option=orjson.OPT_NON_STR_KEYS)))

    def flush(self) -> None:
        """Send what the peer takes, without waiting."""
        if self.closed:
            return
        try:
            while self._out:
                batch = self._batch()
                sent = self._sock.send(batch)
                if sent < len(batch):
                    self._out.insert(0, batch[sent:])
                self._blocked_at = _NEVER
        except BlockingIOError:
            self._out.insert(0, batch)
            if self._blocked_at == _NEVER:
                self._blocked_at = time.monotonic()
                self._loop.remind(self, self._blocked_at + WRITE_TIMEOUT_S)
        except OSError as exc:
            log.debug("a socket could not be written: %s", exc)
            self.drop()
            return
        self._want()
        if self._drained is not None and not self.crowded:
            self._wake()
        if self._closing is not None and not self._out:
            self._closed_by_us()

    def _batch(self) -> bytes:
        """All that is queued, up to a size: one system call for many frames."""
        if len(self._out) == 1:
            return self._out.pop()
        size = count = 0
        while count < len(self._out) and size < BATCH_BYTES:
            size += len(self._out[count])
            count += 1
        batch = b"".join(self._out[:count])
        del self._out[:count]
        return batch

    # -- the end -----------------------------------------------------------------------------------------------------
    def close(self, code: int, reason: str = "") -> None:
        """Send what is queued and a close frame, wait a moment for the peer's, and end."""
        if self._closing is not None or self.closed:
            return
        self._closing = frames.close_frame(code, reason)
        self._give_up_at = time.monotonic() + (SLOW_WAIT_S if code == frames.TRY_LATER else WRITE_TIMEOUT_S)
        self._loop.remind(self, self._give_up_at)
        self._pending = None
        self._queue(self._closing)
        self._wake()
        self._want()

    def _closed_by_us(self) -> None:
        """The close frame has gone out. Closing at once would have our kernel throw it away with what is unread."""
        if self._peer_closed:
            self.drop()
            return
        self._give_up_at = min(self._give_up_at, time.monotonic() + CLOSE_WAIT_S)
        self._loop.remind(self, self._give_up_at)
        try:
            self._sock.shutdown(sockets.SHUT_WR)
        except OSError as exc:
            log.debug("a socket was closed already: %s", exc)
            self.drop()

    def drop(self) -> None:
        """End the connection at once."""
        if self.closed:
            return
        self.closed = True
        self._loop.remove(self, self._fd)
        self._sock.close()
        self._out, self._pending = [], None
        self._wake()
        self._terms.on_end(self)

    def due(self, now: float) -> None:
        """Something may have taken too long."""
        if now >= self._give_up_at or now >= self._blocked_at + WRITE_TIMEOUT_S:
            self.drop()
        elif self._closing is not None:
            self._loop.remind(self, self._give_up_at)
        elif now >= self._half_since + HALF_FRAME_S:
            self.close(frames.PROTOCOL_ERROR, "half a frame")
        elif now >= self.expires_at:
            self.close(frames.POLICY, "authenticate first" if self.caller is None else "access token expired")
        else:
            following = min(self.expires_at, self._blocked_at + WRITE_TIMEOUT_S, self._half_since + HALF_FRAME_S)
            if following < _NEVER:
                self._loop.remind(self, following)

    def must_authenticate_by(self, at: float) -> None:
        """It ends at this monotonic time, unless that is put off."""
        self.expires_at = at
        self._loop.remind(self, at)

    def _wake(self) -> None:
        drained, self._drained = self._drained, None
        if drained is not None:
            drained.send(None)


def event_frame(event: str, data: dict[str, Any], seq: int | None) -> bytes:
    """An event as it goes out; what is numbered says so in its data and beside it."""
    message: dict[str, Any] = {"type": "event", "event": event, "data": data}
    if seq is not None:
        message["seq"] = seq
        message["data"] = {**data, "seq": seq}
    return frames.encode(frames.TEXT, orjson.dumps(message))


def _tune(sock: Any) -> None:
    sock.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, 1)
    sock.setsockopt(sockets.SOL_SOCKET, sockets.SO_KEEPALIVE, 1)
    sock.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_KEEPIDLE, 30)
    sock.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_KEEPINTVL, 10)
    sock.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_KEEPCNT, 3)
    sock.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_USER_TIMEOUT, UNSEEN_MS)
