"""A socket that stays: it authenticates, resumes after the last number it saw, and comes back when it is lost.

For gevent: the standard library has to be patched before this is imported.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import suppress
from random import Random
from socket import IPPROTO_TCP, SHUT_RDWR, TCP_NODELAY, create_connection
from socket import socket as Socket
from time import monotonic
from typing import Any

import gevent
import orjson
from gevent.event import AsyncResult, Event
from gevent.lock import BoundedSemaphore

from hansom.bots import frames
from hansom.bots.client import Account, Http, Refused, Unreachable, backoff_s
from hansom.bots.measures import Measures

CONNECT_TIMEOUT_S = 15.0
ANSWER_TIMEOUT_S = 10.0
SILENCE_S = 45.0
"""Without a byte for so long a ping is sent; without any for twice as long the socket counts as lost."""

EventHandler = Callable[[str, dict[str, Any]], None]


class SocketLost(Exception):
    """The connection ended, or an answer did not come in time: what was sent may or may not have had its effect."""


class LiveSocket:
    """One user's socket. `on_event` gets each numbered event once, in order, others as they come; it must not wait."""

    def __init__(self, http: Http, account: Account, on_event: EventHandler, measures: Measures, rng: Random) -> None:
        self._host, self._port, self._account = http.host, http.port, account
        self._on_event, self._measures, self._rng = on_event, measures, rng
        self._socket: Socket | None = None
        self._writing = BoundedSemaphore(1)
        self._answers: dict[str, AsyncResult] = {}
        self._numbers = itertools.count(1)
        self._resuming = ""
        self._gap_until = 0
        self._closed = False
        self.last_seq = 0
        self.live = Event()
        self.on_live: Callable[[], None] = lambda: None

    def open(self) -> None:
        """Starts the life of the socket; `live` is set whenever it is authenticated."""
        gevent.spawn(self._stay)

    def close(self) -> None:
        """Ends it for good, with a closing frame."""
        self._closed = True
        if self._socket is not None:
            self._send(frames.CLOSE, (1000).to_bytes(2, "big"))
        self._hang_up()

    def cut(self) -> None:
        """The network is gone: the connection is dropped without a word."""
        self._hang_up()

    def tell(self, method: str, data: dict[str, Any]) -> bool:
        """Sends without asking for an answer; False when there is no connection."""
        if not self.live.is_set():
            return False
        return self._send(frames.TEXT, orjson.dumps({"method": method, "data": data}))

    def call(self, method: str, data: dict[str, Any]) -> dict[str, Any]:
        """Sends and waits for the answer's `data`. Raises Refused, SocketLost."""
        number = f"c{next(self._numbers)}"
        answer = self._answers[number] = AsyncResult()
        try:
            if not self._send(frames.TEXT, _call(method, data, number)):
                raise SocketLost(method)
            frame = answer.get(timeout=ANSWER_TIMEOUT_S)
        except gevent.Timeout:
            self._measures.errors["socket_timeout"] += 1
            raise SocketLost(f"{method}: no answer in {ANSWER_TIMEOUT_S} s") from None
        finally:
            self._answers.pop(number, None)
        if not frame.get("success"):
            refused = _refusal(frame)
            self._measures.errors[refused.code] += 1
            raise refused
        return frame.get("data") or {}

    def _stay(self) -> None:
        pauses = backoff_s(self._rng)
        while not self._closed:
            self._account.network.wait()
            try:
                self._connect()
                pauses = backoff_s(self._rng)
                self._read()
            except (OSError, SocketLost, frames.ProtocolError, Unreachable) as lost:
                if not self._closed and self._account.network.is_set():
                    self._measures.sockets_lost += 1
                    self._measures.errors[f"socket_{type(lost).__name__}"] += 1
            except Refused as refused:
                self._measures.errors[f"socket_{refused.code}"] += 1
                self._account.expired()
            finally:
                self._hang_up()
            gevent.sleep(next(pauses))

    def _connect(self) -> None:
        token = self._account.token()
        sock = create_connection((self._host, self._port), CONNECT_TIMEOUT_S)
        sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        self._socket = sock
        self._reader = frames.Reader()
        early = self._upgrade(sock)
        self._pending = self._reader.feed(early)
        self._send(frames.TEXT, _call("authenticate", {"token": token}, "auth"))
        self._await_authenticated(sock)
        self._resume()
        self.live.set()
        self.on_live()

    def _upgrade(self, sock: Socket) -> bytes:
        request, accept = frames.upgrade_request(f"{self._host}:{self._port}", "/ws")
        sock.sendall(request)
        head = b""
        while b"\r\n\r\n" not in head:
            data = sock.recv(4096)
            if not data or len(head) > 16384:
                raise SocketLost("no answer to the handshake")
            head += data
        head, _, early = head.partition(b"\r\n\r\n")
        frames.check_upgrade(head, accept)
        return early

    def _await_authenticated(self, sock: Socket) -> None:
        """Reads until the answer to `authenticate`; what comes behind it in the same bytes is kept for `_read`."""
        while True:
            while self._pending:
                opcode, payload = self._pending.pop(0)
                frame = orjson.loads(payload) if opcode == frames.TEXT else {}
                if frame.get("correlation_id") == "auth":
                    if not frame.get("success"):
                        raise _refusal(frame)
                    return
            data = sock.recv(65536)
            if not data:
                raise SocketLost("closed while authenticating")
            self._pending = self._reader.feed(data)

    def _resume(self) -> None:
        self._resuming = f"r{next(self._numbers)}"
        self._send(frames.TEXT, _call("resume", {"after": self.last_seq}, self._resuming))

    def _read(self) -> None:
        sock = self._socket
        if sock is None:
            raise SocketLost("cut")
        sock.settimeout(SILENCE_S)
        heard_at = monotonic()
        while True:
            for opcode, payload in self._pending:
                self._take(opcode, payload)
            try:
                data = sock.recv(65536)
            except TimeoutError:
                if monotonic() - heard_at > 1.5 * SILENCE_S or not self._send(frames.PING, b""):
                    raise SocketLost("silence") from None
                self._pending = []
                continue
            if not data:
                raise SocketLost("closed")
            heard_at = monotonic()
            self._pending = self._reader.feed(data)

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == frames.PING:
            self._send(frames.PONG, payload)
        elif opcode == frames.CLOSE:
            raise SocketLost(f"closed by the server, {int.from_bytes(payload[:2], 'big') or 'no code'}")
        elif opcode == frames.TEXT:
            frame = orjson.loads(payload)
            if frame.get("type") == "event":
                self._hear(frame)
            else:
                self._answered(frame)

    def _answered(self, frame: dict[str, Any]) -> None:
        number = frame.get("correlation_id")
        if number == self._resuming:
            self._resuming = ""
        waiting = self._answers.get(number) if number else None
        if waiting is not None:
            waiting.set(frame)
        elif not frame.get("success", True):
            self._measures.errors[f"socket_{_refusal(frame).code}"] += 1

    def _hear(self, frame: dict[str, Any]) -> None:
        """Passes a numbered event on once and in order; past a gap nothing is passed until the replay brought it."""
        data = frame.get("data") or {}
        seq = frame.get("seq") or data.get("seq")
        if seq is not None:
            self._measures.events += 1
            if seq <= self.last_seq:
                self._measures.repeats += 1
                return
            if seq > self.last_seq + 1:
                if not self._resuming:
                    self._measures.gaps += 1
                    self._gap_until = seq
                    self._resume()
                return
            self.last_seq = seq
            if seq == self._gap_until:
                self._measures.gaps_healed += 1
        self._on_event(frame["event"], data)

    def _send(self, opcode: int, payload: bytes) -> bool:
        sock = self._socket
        if sock is None:
            return False
        try:
            with self._writing:
                sock.sendall(frames.encode(opcode, payload))
        except OSError:
            self._hang_up()
            return False
        return True

    def _hang_up(self) -> None:
        self.live.clear()
        sock, self._socket = self._socket, None
        for waiting in self._answers.values():
            if not waiting.ready():
                waiting.set_exception(SocketLost("connection lost"))
        if sock is not None:
            _drop(sock)


def _drop(sock: Socket) -> None:
    """Closes at once and wakes whoever reads from it."""
    with suppress(OSError):  # the peer was quicker: nothing is left to shut
        sock.shutdown(SHUT_RDWR)
    sock.close()


def _call(method: str, data: dict[str, Any], number: str) -> bytes:
    return orjson.dumps({"method": method, "data": data, "correlation_id": number})


def _refusal(frame: dict[str, Any]) -> Refused:
    error = frame.get("error") or {}
    return Refused(int(error.get("status", 0)), str(error.get("code", "refused")), error.get("details"))
