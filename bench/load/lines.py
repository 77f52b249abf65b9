"""Many client sockets in one gevent process without a greenlet for each: libev watchers read, a loop writes.

Writing never waits: what the kernel does not take at once is kept and written when it does, so one connection that the
server does not read from does not delay the timetable of the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from socket import IPPROTO_TCP, TCP_NODELAY, create_connection
from typing import Any

import gevent
import orjson
from gevent import get_hub
from gevent.pool import Pool

from hansom.bots import frames

READ, WRITE = 1, 2
CONNECT_TIMEOUT_S = 30.0
ANSWER_TIMEOUT_S = 60.0
TRIES = 5

Hear = Callable[[dict[str, Any]], None]


class Line:
    """One open WebSocket. `on_frame` gets each JSON message that is not an answer to `authenticate`."""

    __slots__ = (
        "_pending",
        "_reader",
        "_sock",
        "_watcher",
        "_writable",
        "counts",
        "host",
        "on_frame",
        "open",
        "source",
    )

    def __init__(self, host: tuple[str, int], source: str, counts: Counter[str]) -> None:
        self.host, self.source, self.counts = host, source, counts
        self.on_frame: Hear | None = None
        self.open = False
        self._pending = b""
        self._sock: Any = None
        self._watcher: Any = None
        self._writable: Any = None
        self._reader = frames.Reader()

    def connect(self, token: str | None) -> None:
        """Open and, with a token, authenticate; blocks its greenlet. Raises OSError, frames.ProtocolError."""
        sock = create_connection(self.host, CONNECT_TIMEOUT_S, source_address=(self.source, 0))
        sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        sock.settimeout(ANSWER_TIMEOUT_S)
        self._sock, self._reader, self._pending = sock, frames.Reader(), b""
        request, accept = frames.upgrade_request(f"{self.host[0]}:{self.host[1]}", "/ws")
        sock.sendall(request)
        head = b""
        while b"\r\n\r\n" not in head:
            if not (data := sock.recv(4096)):
                raise frames.ProtocolError("closed instead of an upgrade")
            head += data
        head, _, early = head.partition(b"\r\n\r\n")
        frames.check_upgrade(head, accept)
        waiting = self._reader.feed(early)
        if token is not None:
            call = {"method": "authenticate", "data": {"token": token}, "correlation_id": "auth"}
            sock.sendall(frames.encode(frames.TEXT, orjson.dumps(call)))
            self._await_answer(waiting)
        sock.setblocking(False)
        self.open = True
        self._watcher = get_hub().loop.io(sock.fileno(), READ)
        self._watcher.start(self._readable)

    def _await_answer(self, waiting: list[tuple[int, bytes]]) -> None:
        while True:
            for opcode, payload in waiting:
                frame = orjson.loads(payload) if opcode == frames.TEXT else {}
                if opcode == frames.CLOSE:
                    raise frames.ProtocolError("closed while authenticating")
                if frame.get("correlation_id") == "auth":
                    if not frame.get("success"):
                        raise frames.ProtocolError(f"refused: {frame.get('error')}")
                    return
            if not (data := self._sock.recv(65536)):
                raise frames.ProtocolError("closed while authenticating")
            waiting = self._reader.feed(data)

    def send(self, data: bytes) -> bool:
        """Write without waiting; False when the connection is gone."""
        if self._pending:
            self._pending += data
            return self.open
        try:
            sent = self._sock.send(data)
        except BlockingIOError:
            sent = 0
        except (OSError, AttributeError):
            self._lost()
            return False
        if sent < len(data):
            self.counts["held_back"] += 1
            self._pending = data[sent:]
            self._writable = get_hub().loop.io(self._sock.fileno(), WRITE)
            self._writable.start(self._flush)
        return True

    @property
    def held(self) -> bool:
        """The server is not reading from it at present."""
        return bool(self._pending)

    def close(self) -> None:
        if self.open:
            self.send(frames.encode(frames.CLOSE, (1000).to_bytes(2, "big")))
        self._end()

    def _flush(self) -> None:
        try:
            sent = self._sock.send(self._pending)
        except BlockingIOError:
            return
        except OSError:
            self._lost()
            return
        self._pending = self._pending[sent:]
        if not self._pending and self._writable is not None:
            self._writable.stop()
            self._writable.close()
            self._writable = None

    def _readable(self) -> None:
        try:
            data = self._sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lost()
            return
        for opcode, payload in self._reader.feed(data):
            if opcode == frames.TEXT:
                if self.on_frame is not None:
                    self.on_frame(orjson.loads(payload))
            elif opcode == frames.PING:
                self.counts["pings"] += 1
                self.send(frames.encode(frames.PONG, payload))
            elif opcode == frames.CLOSE:
                self._lost()
                return

    def _lost(self) -> None:
        if self.open:
            self.counts["lost"] += 1
        self._end()

    def _end(self) -> None:
        self.open = False
        for watcher in (self._watcher, self._writable):
            if watcher is not None:
                watcher.stop()
                watcher.close()
        self._watcher = self._writable = None
        self._pending = b""
        if self._sock is not None:
            self._sock.close()
            self._sock = None


def connect_all(lines: Sequence[tuple[Line, str | None]], at_once: int) -> list[str]:
    """Open lines with their tokens, so many at a time; gives what went wrong with those that stayed closed."""
    problems: list[str] = []

    def one(pair: tuple[Line, str | None]) -> None:
        line, token = pair
        for number in range(TRIES):
            try:
                line.connect(token)
                return
            except (OSError, frames.ProtocolError) as exc:
                line._end()
                problem = f"{type(exc).__name__}: {exc}"[:200]
                gevent.sleep(0.5 * 2**number)
        problems.append(problem)

    Pool(at_once).map(one, lines)
    return problems
