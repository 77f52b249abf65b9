"""The socket server: nameko's, with its frames, and with bounds, order and an end for everything."""

from __future__ import annotations

import logging
import math
import resource
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import eventlet
import orjson
from eventlet import patcher
from eventlet.hubs import get_hub
from nameko.web.websocket import WebSocketServer
from prometheus_client import Counter, Gauge
from redis.exceptions import RedisError

from hansom.contracts.errors import HansomError, Invalid
from hansom.contracts.gateway import (
    AlreadySomebodyElse,
    Busy,
    NotAuthenticated,
    UnknownMethod,
    UnreadableFrame,
    WrongRole,
)
from hansom.rpc import as_hansom_error
from hansom.validation import load
from services.gateway import schemas
from services.gateway.http.request import Request
from services.gateway.http.server import FrontDoor
from services.gateway.socket import frames
from services.gateway.socket.buffer import SOCKETS_SLOWED, PositionBuffer
from services.gateway.socket.connection import AUTHENTICATING, FLOODING, RESUMING, Connection, Terms
from services.gateway.socket.flood import Rate
from services.gateway.socket.loop import Loop
from services.gateway.socket.nearby import Watchers
from services.gateway.socket.positions import ahead, read_position
from services.gateway.socket.presence import Presence

log = logging.getLogger(__name__)

SOCKETS = Gauge("sockets_open", "Open sockets", ["state"])
_AUTHENTICATED, _UNKNOWN = SOCKETS.labels("authenticated"), SOCKETS.labels("unknown")
_FLOODING = SOCKETS_SLOWED.labels("flooding")
FRAMES = Counter("socket_frames_total", "Frames received", ["method", "outcome"])
SWEEP_S = 0.5
PING_S = 30.0
SHUT_DOWN_S = 3.0

Handler = Callable[[Connection, dict[str, Any], Any], None]

_TOKEN, _WATCH, _RESUME, _NOTHING = schemas.Token(), schemas.Watch(), schemas.Resume(), schemas.Nothing()
_PING = frames.encode(frames.PING, b"")
MAX_POSITIONS = 100
FILES_APART = 500
"""Of those that the process may open: not for sockets but for HTTP, the broker and the stores."""
IN_THE_FUTURE = "Too far in the future."

_sockets: Any = patcher.original("socket")


def _files() -> int:
    """How many files this process may open, now that it may open as many as it can."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard if hard != resource.RLIM_INFINITY else sys.maxsize


class SocketServer(WebSocketServer):
    """Sockets of one gateway process. What costs nothing is answered here; `SocketMethod`s run in workers."""

    wsgi_server = FrontDoor()
    positions = PositionBuffer()
    presence = Presence()
    watchers = Watchers()

    def __init__(self) -> None:
        super().__init__()
        self.methods: dict[str, Handler] = {
            "authenticate": self._authenticate,
            "report_position": self._report_position,
            "report_positions": self._report_positions,
            "watch_nearby": self._watch_nearby,
            "unwatch_nearby": self._unwatch_nearby,
            "resume": self._resume,
        }
        self.loop = Loop()
        self._known = 0
        self._counters: dict[tuple[str, str], Any] = {}
        self._closing = False

    def setup(self) -> None:
        config = self.container.config
        max_bytes, max_frames = int(config["SOCKET_FRAME_MAX_BYTES"]), int(config["SOCKET_SEND_BUFFER"])
        self.terms = Terms(self.loop, max_bytes, max_frames, self.take, self._gone)
        self.max_sockets = min(int(config["SOCKETS_MAX"]), _files() - FILES_APART)
        self.max_age_ms = int(float(config["POSITION_MAX_AGE_S"]) * 1000)
        self.auth_timeout_s = float(config["SOCKET_AUTH_TIMEOUT_S"])
        self.rate = Rate(float(config["POSITION_RATE_PER_S"]), float(config["POSITION_BURST"]))
        self.wsgi_server.upgrades["/ws"] = self.accept

    def start(self) -> None:
        self.container.spawn_managed_thread(self.loop.run, identifier="gateway.sockets")
        self.container.spawn_managed_thread(self._sweep, identifier="gateway.sweep")

    def stop(self) -> None:
        self.shut_down()
        super().stop()

    # -- a connection ------------------------------------------------------------------------------------------------
    def accept(self, request: Request) -> Callable[[], None]:
        """Checks an upgrade request; gives what takes the connection over. Raises UpgradeRequired, BadRequest, Busy."""
        answer = frames.handshake(request)
        if self._closing or len(self.sockets) >= self.max_sockets:
            raise Busy()
        source, protocol = request.environ["wsgi.input"], request.environ["hansom.protocol"]
        request.close()
        return partial(self.serve, source.get_socket(), source.rfile, protocol, answer)

    def serve(self, green: Any, rfile: Any, protocol: Any, handshake: bytes) -> None:
        """Take the connection from the HTTP server, whose greenlet ends, into the loop."""
        green.sendall(handshake)
        green.setblocking(False)
        early = rfile.peek()  # what came with the handshake; without waiting, because of the line before
        protocol.handed_over = True
        sock = _sockets.socket(fileno=green.fd.detach())
        connection = Connection(sock, self.rate.bucket(), self.terms)
        self.sockets[connection.id] = connection
        connection.must_authenticate_by(time.monotonic() + self.auth_timeout_s)
        connection.push_event("connected", {"socket_id": connection.id})
        connection.start(early)
        self._count()

    def _gone(self, connection: Connection) -> None:
        self.remove_socket(connection.id)

    def remove_socket(self, socket_id: str) -> None:
        connection = self.sockets.pop(socket_id, None)
        if connection is not None:
            self._known -= connection.caller is not None
            self.watchers.unwatch(connection)
            self.presence.left(connection)
            self._count()

    def count(self) -> dict[str, int]:
        """Open sockets: of known users, and of who has not said who he is."""
        return {"authenticated": self._known, "unknown": len(self.sockets) - self._known}

    def _count(self) -> None:
        _AUTHENTICATED.set(self._known)
        _UNKNOWN.set(len(self.sockets) - self._known)

    # -- frames ------------------------------------------------------------------------------------------------------
    def deserialize_ws_frame(self, payload: bytes) -> tuple[str, Any, Any]:
        """Method, data and correlation id. Raises UnreadableFrame, Violation."""
        try:
            frame = orjson.loads(payload)
        except orjson.JSONDecodeError as exc:
            try:
                payload.decode()
            except UnicodeDecodeError:
                raise frames.Violation(frames.BAD_TEXT, "not UTF-8") from exc
            raise UnreadableFrame(details={"frame": [str(exc)[:200]]}) from exc
        if not isinstance(frame, dict) or not isinstance(frame.get("method"), str):
            raise UnreadableFrame()
        return frame["method"], frame.get("data"), frame.get("correlation_id")

    def serialize_for_ws(self, payload: Any) -> str:
        return orjson.dumps(payload).decode()

    def take(self, connection: Connection, payload: bytes) -> None:
        """One text frame. Its refusal is told, but for a position that asked for no answer. Raises Violation."""
        method, correlation_id = "-", None
        self._spend(connection, 1)
        try:
            method, data, correlation_id = self.deserialize_ws_frame(payload)
            self.handle_websocket_request(connection, method, data, correlation_id)
            outcome = "ok"
        except HansomError as exc:
            outcome = exc.code
            if method != "report_position" or correlation_id is not None or connection.caller is None:
                connection.refuse(correlation_id, exc)
        except frames.Violation:
            raise
        except Exception as exc:
            log.exception("a frame failed", extra={"method": method[:50]})
            outcome = "internal_error"
            connection.refuse(correlation_id, as_hansom_error(exc))
        self._counted(method, outcome)

    def _counted(self, method: str, outcome: str) -> None:
        counter = self._counters.get((method, outcome))
        if counter is None:
            if method not in self.methods:
                method = "-"
            counter = FRAMES.labels(method, outcome)
            self._counters[method, outcome] = counter
        counter.inc()

    def handle_websocket_request(self, connection: Connection, method: str, data: Any, correlation_id: Any) -> None:
        """Find the handler. Raises NotAuthenticated before anything else but `authenticate`, UnknownMethod, Invalid."""
        if connection.caller is None and method != "authenticate":
            raise NotAuthenticated()
        handler = self.methods.get(method)
        if handler is None:
            raise UnknownMethod(details={"method": [method[:50]]})
        if data is None:
            data = {}
        if not isinstance(data, dict):
            raise Invalid(details={"data": ["Must be an object."]})
        handler(connection, data, correlation_id)

    # -- who ---------------------------------------------------------------------------------------------------------
    def _authenticate(self, connection: Connection, data: dict[str, Any], correlation_id: Any) -> None:
        """Again with a fresh token, a socket goes on living. Who comes waits for the door, which opens for many."""
        caller = self.presence.doorkeeper.read(load(_TOKEN, data)["token"])
        known = connection.caller
        if known is not None and (known.user_id, known.role) != (caller.user_id, caller.role):
            raise AlreadySomebodyElse()
        connection.hold(AUTHENTICATING)
        self.presence.arrived(connection, caller, partial(self._welcome, connection, correlation_id, known is None))

    def _welcome(self, connection: Connection, correlation_id: Any, is_new: bool, error: HansomError | None) -> None:
        caller = connection.caller
        if error is not None or caller is None:
            connection.refuse(correlation_id, error or Busy())
        else:
            if is_new:
                self._known += 1
                self._count()
            left_s = caller.expires_at - time.time()
            connection.must_authenticate_by(time.monotonic() + left_s)
            answer = {"user_id": caller.user_id, "role": caller.role, "last_seq": connection.cursor.last_seq}
            connection.reply(correlation_id, {**answer, "expires_in": max(0, round(left_s))})
        connection.release(AUTHENTICATING)

    def _only(self, connection: Connection, role: str) -> str:
        caller = connection.caller
        assert caller is not None
        if caller.role != role:
            raise WrongRole(details={"roles": [role]})
        return caller.user_id

    # -- positions ---------------------------------------------------------------------------------------------------
    def _report_position(self, connection: Connection, data: dict[str, Any], correlation_id: Any) -> None:
        row = read_position(self._only(connection, "driver"), data, int(time.time() * 1000), self.max_age_ms)
        if correlation_id is None:
            self.positions.add(connection.driver, connection, [row])
            return
        if ahead(row):
            self.positions.add(connection.driver, connection, [row])
            raise Invalid(details={"at": [IN_THE_FUTURE]})
        told = partial(connection.reply, correlation_id, {"taken": 1})
        self.positions.add(connection.driver, connection, [row], told)

    def _report_positions(self, connection: Connection, data: dict[str, Any], correlation_id: Any) -> None:
        """All of them or none: a phone that sends a bad one is told which. A clock that is ahead is noted, too."""
        driver_id = self._only(connection, "driver")
        listed = data.get("positions")
        if data.keys() - {"positions"} or not isinstance(listed, list) or not 1 <= len(listed) <= MAX_POSITIONS:
            raise Invalid(details={"positions": [f"Must be a list of 1 to {MAX_POSITIONS} positions."]})
        rows, now_ms = [], int(time.time() * 1000)
        for number, each in enumerate(listed):
            try:
                rows.append(read_position(driver_id, each, now_ms, self.max_age_ms))
            except Invalid as exc:
                raise Invalid(details={f"positions.{number}.{name}": why for name, why in exc.details.items()}) from exc
        self._spend(connection, len(rows) - 1)
        marked = {number: row for number, row in enumerate(rows) if ahead(row)}
        if marked:
            self.positions.add(connection.driver, connection, list(marked.values()))
            raise Invalid(details={f"positions.{number}.at": [IN_THE_FUTURE] for number in marked})
        told = partial(connection.reply, correlation_id, {"taken": len(rows)})
        self.positions.add(connection.driver, connection, rows, told)

    def _spend(self, connection: Connection, amount: int) -> None:
        """Who sends more than he may is not read for as long as that takes; nothing of his is lost."""
        wait_s = self.rate.spend(connection.bucket, amount)
        if wait_s and not connection.held & FLOODING:
            _FLOODING.inc()
            connection.hold(FLOODING)
            get_hub().schedule_call_global(wait_s, self._forgive, connection)

    @staticmethod
    def _forgive(connection: Connection) -> None:
        _FLOODING.dec()
        connection.release(FLOODING)

    # -- cars near ---------------------------------------------------------------------------------------------------
    def _watch_nearby(self, connection: Connection, data: dict[str, Any], correlation_id: Any) -> None:
        self._only(connection, "rider")
        point = load(_WATCH, data)
        self.watchers.watch(connection, point["lat"], point["lng"])
        connection.reply(correlation_id, {"watching": point})

    def _unwatch_nearby(self, connection: Connection, data: dict[str, Any], correlation_id: Any) -> None:
        self._only(connection, "rider")
        load(_NOTHING, data)
        self.watchers.unwatch(connection)
        connection.reply(correlation_id, {"watching": None})

    # -- the user's events -------------------------------------------------------------------------------------------
    def _resume(self, connection: Connection, data: dict[str, Any], correlation_id: Any) -> None:
        after = load(_RESUME, data)["after"]
        connection.hold(RESUMING)
        eventlet.spawn_n(self._replay, connection, after, correlation_id)

    def _replay(self, connection: Connection, after: int, correlation_id: Any) -> None:
        try:
            replayed = self.presence.resume(connection, after)
            connection.reply(correlation_id, {"replayed": replayed, "last_seq": connection.cursor.last_seq})
        except HansomError as exc:
            connection.refuse(correlation_id, exc)
        except Exception as exc:
            log.exception("a replay failed")
            connection.refuse(correlation_id, as_hansom_error(exc))
        finally:
            connection.release(RESUMING)

    def deliver(self, delivered: Iterable[list[Any]]) -> None:
        """Events from the broker: `[user_id, event, data, seq or null]`."""
        for user_id, event, data, seq in delivered:
            self.presence.deliver(user_id, event, data, seq)

    # -- ends --------------------------------------------------------------------------------------------------------
    def close_session(self, session_id: str) -> None:
        """Close the sockets of a session that has ended, at once; other gateways hear of it by the list."""
        self._close_sessions({session_id})

    def shut_down(self) -> None:
        """Take no more, see every position to the broker, and tell all clients to come again."""
        if self._closing:
            return
        self._closing = True
        self.wsgi_server.stop_accepting()
        self.positions.drain()
        for connection in list(self.sockets.values()):
            connection.close(frames.RESTART, "restarting")
        until = time.monotonic() + SHUT_DOWN_S
        while self.sockets and time.monotonic() < until:
            eventlet.sleep(0.02)
        for connection in list(self.sockets.values()):
            connection.drop()

    def _sweep(self) -> None:
        """What time does to sockets: deadlines, ended sessions; and round by round a ping, to keep proxies awake, and
        a look at the sessions of those not looked at for long."""
        place: str | None = None
        waiting: list[Connection] = []
        while True:
            eventlet.sleep(SWEEP_S)
            self.loop.look_at_clock()
            place = self._close_ended(place)
            if not waiting:
                waiting = list(self.sockets.values())
                share = math.ceil(len(waiting) * SWEEP_S / PING_S)
            due, waiting = waiting[:share], waiting[share:]
            for connection in due:
                connection.push(_PING)
            self.presence.recheck(due)

    def _close_ended(self, place: str | None) -> str | None:
        """Close the sockets of sessions that were revoked here or at another gateway since `place` in their list."""
        try:
            ended, place = self.presence.doorkeeper.ended(place)
        except RedisError as exc:
            log.warning("ended sessions are not heard of: Redis is down: %s", exc)
            return place
        if ended:
            self._close_sessions(set(ended))
        return place

    def _close_sessions(self, session_ids: set[str]) -> None:
        for connection in list(self.sockets.values()):
            if connection.caller is not None and connection.caller.session_id in session_ids:
                connection.close(frames.POLICY, "session ended")
