"""The socket server: nameko's, with its frames, and with bounds, order and an end for everything."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import eventlet
import orjson
from nameko.web.websocket import WebSocketServer
from prometheus_client import Counter, Gauge

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
from services.gateway.access import Doorkeeper
from services.gateway.http.request import Request
from services.gateway.http.server import FrontDoor
from services.gateway.socket import frames
from services.gateway.socket.connection import Connection
from services.gateway.socket.nearby import Watchers
from services.gateway.socket.positions import PositionBuffer
from services.gateway.socket.presence import Presence

log = logging.getLogger(__name__)

SOCKETS = Gauge("sockets_open", "Open sockets", ["state"])
FRAMES = Counter("socket_frames_total", "Frames received", ["method", "outcome"])
SWEEP_S = 0.5
PING_S = 30.0
SHUT_DOWN_S = 3.0

Handler = Callable[[Connection, dict[str, Any], Any], None]

_TOKEN, _WATCH, _RESUME, _NOTHING = schemas.Token(), schemas.Watch(), schemas.Resume(), schemas.Nothing()
MAX_POSITIONS = 100


class SocketServer(WebSocketServer):
    """Sockets of one gateway process. What costs nothing is answered here; `SocketMethod`s run in workers."""

    wsgi_server = FrontDoor()
    doorkeeper = Doorkeeper()
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
        self._closing = False

    def setup(self) -> None:
        config = self.container.config
        self.max_bytes = int(config["SOCKET_FRAME_MAX_BYTES"])
        self.max_frames = int(config["SOCKET_SEND_BUFFER"])
        self.max_sockets = int(config.get("SOCKETS_MAX", 10_000))
        self.auth_timeout_s = float(config["SOCKET_AUTH_TIMEOUT_S"])
        self.wsgi_server.upgrades["/ws"] = self.accept

    def start(self) -> None:
        self.container.spawn_managed_thread(self._sweep, identifier="gateway.sweep")

    def stop(self) -> None:
        self.shut_down()
        super().stop()

    # -- a connection ------------------------------------------------------------------------------------------------
    def accept(self, request: Request) -> Callable[[], None]:
        """Checks an upgrade request; gives what serves the connection. Raises UpgradeRequired, BadRequest, Busy."""
        answer = frames.handshake(request)
        if self._closing or len(self.sockets) >= self.max_sockets:
            raise Busy()
        source = request.environ["wsgi.input"]
        request.close()
        return partial(self.serve, source.get_socket(), source.rfile, answer)

    def serve(self, sock: Any, rfile: Any, handshake: bytes) -> None:
        """Everything a socket lives through."""
        sock.sendall(handshake)
        connection = Connection(sock, rfile, self.max_bytes, self.max_frames)
        self.sockets[connection.id] = connection
        self._count()
        try:
            connection.push_event("connected", {"socket_id": connection.id})
            connection.read(partial(self.take, connection))
        finally:
            connection.end()
            self.remove_socket(connection.id)

    def remove_socket(self, socket_id: str) -> None:
        connection = self.sockets.pop(socket_id, None)
        if connection is not None:
            self.watchers.unwatch(connection)
            self.presence.left(connection)
            self._count()

    def count(self) -> dict[str, int]:
        """Open sockets: of known users, and of who has not said who he is."""
        known = sum(connection.caller is not None for connection in self.sockets.values())
        return {"authenticated": known, "unknown": len(self.sockets) - known}

    def _count(self) -> None:
        for state, number in self.count().items():
            SOCKETS.labels(state).set(number)

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
        FRAMES.labels(method if method in self.methods else "-", outcome).inc()

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
        """Again with a fresh token, a socket goes on living."""
        caller = self.doorkeeper.identify(load(_TOKEN, data)["token"])
        known = connection.caller
        if known is not None and (known.user_id, known.role) != (caller.user_id, caller.role):
            raise AlreadySomebodyElse()
        connection.verified_at, connection.caller = time.monotonic(), caller
        if known is None:
            try:
                self.presence.joined(connection, caller)
            except HansomError:
                connection.caller = None
                raise
            self._count()
        answer = {"user_id": caller.user_id, "role": caller.role, "last_seq": connection.cursor.last_seq}
        connection.reply(correlation_id, {**answer, "expires_in": max(0, round(caller.expires_at - time.time()))})

    def _only(self, connection: Connection, role: str) -> str:
        assert connection.caller is not None
        if connection.caller.role != role:
            raise WrongRole(details={"roles": [role]})
        return connection.caller.user_id

    # -- positions ---------------------------------------------------------------------------------------------------
    def _report_position(self, connection: Connection, data: dict[str, Any], correlation_id: Any) -> None:
        row = self.positions.read(self._only(connection, "driver"), data)
        told = None if correlation_id is None else partial(connection.reply, correlation_id, {"taken": 1})
        self.positions.add([row], told)

    def _report_positions(self, connection: Connection, data: dict[str, Any], correlation_id: Any) -> None:
        """All of them or none: a phone that sends a bad one is told which."""
        driver_id = self._only(connection, "driver")
        listed = data.get("positions")
        if data.keys() - {"positions"} or not isinstance(listed, list) or not 1 <= len(listed) <= MAX_POSITIONS:
            raise Invalid(details={"positions": [f"Must be a list of 1 to {MAX_POSITIONS} positions."]})
        rows = []
        for number, each in enumerate(listed):
            try:
                rows.append(self.positions.read(driver_id, each))
            except Invalid as exc:
                raise Invalid(details={f"positions.{number}.{name}": why for name, why in exc.details.items()}) from exc
        self.positions.add(rows, partial(connection.reply, correlation_id, {"taken": len(rows)}))

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
        replayed = self.presence.resume(connection, after)
        connection.reply(correlation_id, {"replayed": replayed, "last_seq": connection.cursor.last_seq})

    def deliver(self, delivered: Iterable[list[Any]]) -> None:
        """Events from the broker: `[user_id, event, data, seq or null]`."""
        for user_id, event, data, seq in delivered:
            self.presence.deliver(user_id, event, data, seq)

    # -- ends --------------------------------------------------------------------------------------------------------
    def close_session(self, session_id: str) -> None:
        """Close the sockets of a session that has ended."""
        for connection in list(self.sockets.values()):
            if connection.caller is not None and connection.caller.session_id == session_id:
                connection.close(frames.POLICY, "session ended")

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
        """Close who never said who he is, whose token has ended, or whose session has; keep proxies awake."""
        pinged_at = time.monotonic()
        while True:
            eventlet.sleep(SWEEP_S)
            now, clock = time.monotonic(), time.time()
            for connection in list(self.sockets.values()):
                if connection.caller is None:
                    if now - connection.opened_at >= self.auth_timeout_s:
                        connection.close(frames.POLICY, "authenticate first")
                elif clock >= connection.caller.expires_at:
                    connection.close(frames.POLICY, "access token expired")
            self.presence.check_sessions(list(self.sockets.values()))
            if now - pinged_at >= PING_S:
                pinged_at = now
                for connection in list(self.sockets.values()):
                    connection.push(frames.encode(frames.PING, b""))
