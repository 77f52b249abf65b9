"""The socket server: nameko's, with its frames, and with bounds, order and an end for everything."""

from __future__ import annotations

import logging
import math
import resource
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import eventlet
import orjson
from eventlet import patcher
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
)
from hansom.rpc import as_hansom_error
from hansom.validation import load
from services.gateway import schemas
from services.gateway.http.request import Request
from services.gateway.http.server import FrontDoor
from services.gateway.socket import frames
from services.gateway.socket.buffer import PositionBuffer
from services.gateway.socket.city import CityWatchers
from services.gateway.socket.connection import AUTHENTICATING, RESUMING, Connection, Terms
from services.gateway.socket.loop import Loop
from services.gateway.socket.nearby import Watchers
from services.gateway.socket.presence import Presence
from services.gateway.socket.reports import Reports, only

log = logging.getLogger(__name__)

SOCKETS = Gauge("sockets_open", "Open sockets", ["state"])
_AUTHENTICATED, _UNKNOWN = SOCKETS.labels("authenticated"), SOCKETS.labels("unknown")
FRAMES = Counter("socket_frames_total", "Frames received", ["method", "outcome"])
SWEEP_S = 0.5
PING_S = 30.0
SHUT_DOWN_S = 3.0

Handler = Callable[[Connection, dict[str, Any], Any], None]

_TOKEN, _WATCH, _RESUME, _NOTHING = schemas.Token(), schemas.Watch(), schemas.Resume(), schemas.Nothing()
_PING = frames.encode(frames.PING, b"")
FILES_APART = 500
"""Of those that the process may open: not for sockets but for HTTP, the broker and the stores."""

_sockets: Any = patcher.original("socket")


def may_open(files: int) -> int:
    """Raise this process's limit of open files to that many, or as far as it may; gives the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= files:
        return files
    unlimited = hard == resource.RLIM_INFINITY
    for wanted in (files, hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard if unlimited else max(wanted, hard)))
            return wanted
        except (ValueError, OSError) as exc:
            log.debug("no %d open files: %s", wanted, exc)
    return soft


class SocketServer(WebSocketServer):
    """Sockets of one gateway process. What costs nothing is answered here; `SocketMethod`s run in workers."""

    wsgi_server = FrontDoor()
    positions = PositionBuffer()
    reports = Reports()
    presence = Presence()
    watchers = Watchers()
    city_watchers = CityWatchers()

    def __init__(self) -> None:
        super().__init__()
        self.methods: dict[str, Handler] = {}
        self.loop = Loop()
        self._known = 0
        self._counters: dict[tuple[str, str], Any] = {}
        self._closing = False

    def setup(self) -> None:
        config = self.container.config
        max_bytes, max_frames = int(config["SOCKET_FRAME_MAX_BYTES"]), int(config["SOCKET_SEND_BUFFER"])
        self.terms = Terms(self.loop, max_bytes, max_frames, self.take, self._gone)
        self.max_sockets = int(config["SOCKETS_MAX"])
        files = may_open(self.max_sockets + FILES_APART)
        if files < self.max_sockets + FILES_APART:
            self.max_sockets = max(1, files - FILES_APART)
            log.warning("fewer sockets than SOCKETS_MAX: see ulimit -Hn", extra={"sockets": self.max_sockets})
        self.auth_timeout_s = float(config["SOCKET_AUTH_TIMEOUT_S"])
        self.methods |= {
            "authenticate": self._authenticate,
            "report_position": self.reports.report_position,
            "report_positions": self.reports.report_positions,
            "watch_nearby": self._watch_nearby,
            "unwatch_nearby": self._unwatch_nearby,
            "watch_city": self.city_watchers.watch_city,
            "unwatch_city": self.city_watchers.unwatch_city,
            "resume": self._resume,
        }
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
        connection = Connection(sock, self.reports.rate.bucket(), self.terms)
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
            self.city_watchers.unwatch(connection)
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
        self.reports.spend(connection, 1)
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

    # -- cars near ---------------------------------------------------------------------------------------------------
    def _watch_nearby(self, connection: Connection, data: dict[str, Any], correlation_id: Any) -> None:
        only(connection, "rider")
        point = load(_WATCH, data)
        self.watchers.watch(connection, point["lat"], point["lng"])
        connection.reply(correlation_id, {"watching": point})

    def _unwatch_nearby(self, connection: Connection, data: dict[str, Any], correlation_id: Any) -> None:
        only(connection, "rider")
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
            place = self._close_ended(place)
            eventlet.sleep(SWEEP_S)
            self.loop.look_at_clock()
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
