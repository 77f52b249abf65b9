"""One client's socket: its reader, its bounded queue and the greenlet that writes it."""

from __future__ import annotations

import logging
import socket as sockets
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import eventlet
import orjson
from eventlet.event import Event as Signal
from eventlet.semaphore import Semaphore

from hansom.contracts.errors import HansomError
from hansom.ids import new_id
from services.gateway.access import Caller
from services.gateway.http.answers import error_body, status_of
from services.gateway.socket import frames
from services.gateway.socket.stream import Cursor

log = logging.getLogger(__name__)

HALF_FRAME_S = 20
"""A frame that has begun must end within this time of its last byte."""
WRITE_TIMEOUT_S = 20
CLOSE_WAIT_S = 2
BATCH_BYTES = 64 << 10
CALLS_AT_ONCE = 16
UNSEEN_MS = 60_000
"""What was sent and not acknowledged for this long: the peer is gone, says the kernel."""


class Connection:
    """A socket and what is known of its user. `max_frames`: how much is kept for a client that reads slowly."""

    def __init__(self, sock: Any, rfile: Any, max_bytes: int, max_frames: int) -> None:
        self.id = new_id()
        self.caller: Caller | None = None
        self.opened_at = time.monotonic()
        self.verified_at = 0.0
        self.cursor = Cursor()
        self.calls = Semaphore(CALLS_AT_ONCE)
        self._sock, self._rfile = sock, rfile
        self._reader = frames.FrameReader(max_bytes)
        self._max_frames = max_frames
        self._queue: deque[bytes] = deque()
        self._filled = Signal()
        self._drained = Signal()
        self._closing: bytes | None = None
        self.closed = False
        self._writer = eventlet.spawn(self._write)
        _tune(sock)

    # -- reading -----------------------------------------------------------------------------------------------------
    def read(self, on_text: Callable[[bytes], None]) -> None:
        """Call `on_text` with each text message until the connection ends, in whatever way."""
        try:
            while not self.closed:
                self._sock.settimeout(HALF_FRAME_S if self._reader.midway else None)
                data = self._rfile.read1(65536)
                if not data:
                    return
                for opcode, payload in self._reader.feed(data):
                    if self._closing is None:
                        self._take(opcode, payload, on_text)
                if self._closing is not None:
                    return
                eventlet.sleep(0)  # one who floods does not keep the others waiting
        except frames.Violation as violation:
            self.close(violation.code, violation.reason)
        except TimeoutError:
            self.close(frames.PROTOCOL_ERROR, "half a frame")
        except (OSError, ValueError) as exc:
            log.debug("a socket broke: %s", exc)

    def _take(self, opcode: int, payload: bytes, on_text: Callable[[bytes], None]) -> None:
        if opcode == frames.TEXT:
            on_text(payload)
        elif opcode == frames.PING:
            self.push(frames.encode(frames.PONG, payload))
        elif opcode == frames.BINARY:
            raise frames.Violation(frames.UNSUPPORTED, "text frames only")
        elif opcode == frames.CLOSE:
            self.close(frames.NORMAL)

    # -- writing -----------------------------------------------------------------------------------------------------
    def push(self, frame: bytes) -> None:
        """Queue a frame; a client so slow that the queue is full is closed."""
        if self._closing is not None or self.closed:
            return
        if len(self._queue) >= self._max_frames:
            self._queue.clear()
            self.close(frames.TRY_LATER, "reads too slowly")
            return
        self._queue.append(frame)
        self._wake()

    @property
    def crowded(self) -> bool:
        """More than half of the queue is taken."""
        return len(self._queue) > self._max_frames // 2

    def wait_room(self) -> None:
        """Wait until at least half of the queue is free, or the connection is closed."""
        while not self.closed and self._closing is None and self.crowded:
            if self._drained.ready():
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

    def close(self, code: int, reason: str = "") -> None:
        """Send what is queued and a close frame, wait a moment for the peer's, and end."""
        if self._closing is None and not self.closed:
            self._closing = frames.close_frame(code, reason)
            self._wake()
            eventlet.spawn_after(WRITE_TIMEOUT_S, self.drop)

    def end(self) -> None:
        """The reader has ended: what is queued goes out, if the peer takes it, and the connection is given back."""
        if self._closing is None:
            self.drop()
            return
        with eventlet.Timeout(CLOSE_WAIT_S, False):
            self._writer.wait()
        self.closed = True
        self._wake()
        self._release()

    def drop(self) -> None:
        """End the connection at once. Whoever reads or writes it wakes up."""
        if self.closed:
            return
        self.closed = True
        self._wake()
        self._release()
        try:
            self._sock.shutdown(sockets.SHUT_RDWR)
        except OSError as exc:
            log.debug("a socket was closed already: %s", exc)

    def _wake(self) -> None:
        if not self._filled.ready():
            self._filled.send(None)

    def _release(self) -> None:
        if not self._drained.ready():
            self._drained.send(None)

    def _write(self) -> None:
        try:
            while not self.closed:
                if self._queue:
                    self._send(self._batch())
                    self._release()
                elif self._closing is not None:
                    self._send(self._closing)
                    eventlet.spawn_after(CLOSE_WAIT_S, self.drop)
                    return
                else:
                    self._filled = Signal()
                    self._filled.wait()
        except (OSError, eventlet.Timeout) as exc:
            log.debug("a socket could not be written: %s", exc)
            self.drop()

    def _batch(self) -> bytes:
        """All that is queued, up to a size: one system call for many frames."""
        batch = [self._queue.popleft()]
        size = len(batch[0])
        while self._queue and size < BATCH_BYTES:
            batch.append(self._queue.popleft())
            size += len(batch[-1])
        return b"".join(batch)

    def _send(self, data: bytes) -> None:
        with eventlet.Timeout(WRITE_TIMEOUT_S):
            self._sock.sendall(data)


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
