"""A gateway on a free port, the services behind it played by small nameko services, and clients in their simplest form.

The players have names of their own, so that a whole stack may run on the same servers.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import requests
from nameko.containers import ServiceContainer

from hansom.amqp import Broker, Outgoing, connect
from hansom.contracts.drivers import DriverNotApproved
from hansom.contracts.errors import Invalid, Unavailable
from hansom.contracts.gateway import FRAMES_QUEUE
from hansom.contracts.payments import UnknownConfirmation, WebhookRefused
from hansom.contracts.trips import NotYourTrip, OfferGone, UnknownTrip
from hansom.ids import new_id
from hansom.rpc import ServiceClient, rpc
from hansom.tokens import make_access_token
from services.gateway.service import GatewayService
from services.gateway.socket.buffer import PositionBuffer
from services.gateway.socket.presence import Presence

Json = dict[str, Any]


class Played:
    """What the played services know and have been asked."""

    def __init__(self) -> None:
        self.ended: set[str] = set()
        self.asked: list[tuple[str, Json]] = []
        self.streams: dict[str, list[Json]] = defaultdict(list)
        self.cars: list[Json] = []
        self.riding: set[str] = set()
        self.trips_away = self.location_away = False
        self.city: Json = {"drivers": [], "more": 0}
        self.riders: Json = {"waiting": [], "held": []}

    def payloads(self, method: str) -> list[Json]:
        return [payload for name, payload in self.asked if name == method]


def players(played: Played, suffix: str) -> list[type]:
    """Classes of the played services."""

    class Users:
        name = f"users{suffix}"

        @rpc
        def verify_sessions(self, payload: Json) -> Json:
            played.asked.append(("verify_sessions", payload))
            return {"active": [each for each in payload["session_ids"] if each not in played.ended]}

        @rpc
        def end_session(self, payload: Json) -> Json:
            played.ended.add(payload["session_id"])
            return {}

        @rpc
        def get_profile(self, payload: Json) -> Json:
            return {"id": payload["user_id"]}

        @rpc
        def update_profile(self, payload: Json) -> Json:
            raise Invalid(details={"email": ["Taken."]})

        @rpc
        def log_in(self, payload: Json) -> Json:
            raise RuntimeError("secret words of a traceback")

    class Drivers:
        name = f"drivers{suffix}"

        @rpc
        def set_availability(self, payload: Json) -> Json:
            raise DriverNotApproved()

    class Trips:
        name = f"trips{suffix}"

        @rpc
        def get_active_by_driver(self, payload: Json) -> Json:
            played.asked.append(("get_active_by_driver", payload))
            return {"items": {each: {} for each in payload["driver_ids"] if each in played.riding}}

        @rpc
        def note_offers_shown(self, payload: Json) -> Json:
            played.asked.append(("note_offers_shown", payload))
            if played.trips_away:
                raise Unavailable()
            return {"noted": len(payload["offer_ids"])}

        @rpc
        def see_city(self, payload: Json) -> Json:
            played.asked.append(("trips.see_city", payload))
            if played.trips_away:
                raise Unavailable()
            return played.riders

        @rpc
        def request_trip(self, payload: Json) -> Json:
            played.asked.append(("request_trip", payload))
            return {"id": "trip-1"}

        @rpc
        def get_trip(self, payload: Json) -> Json:
            if payload["trip_id"] == "unknown":
                raise UnknownTrip()
            raise NotYourTrip()

        @rpc
        def accept_offer(self, payload: Json) -> Json:
            played.asked.append(("accept_offer", payload))
            if payload["offer_id"] == "late":
                raise OfferGone()
            return {"offer": {"id": payload["offer_id"]}, "trip": {"id": "trip-1"}}

    class Notifications:
        name = f"notifications{suffix}"

        @rpc
        def disconnect_users(self, payload: Json) -> Json:
            played.asked.append(("disconnect_users", payload))
            return {}

        @rpc
        def connect_users(self, payload: Json) -> Json:
            return {"last_seqs": {user_id: len(played.streams[user_id]) for user_id in payload["user_ids"]}}

        @rpc
        def read_stream(self, payload: Json) -> Json:
            events = played.streams[payload["user_id"]]
            after = payload["after"]
            return {"events": events[after : after + payload["limit"]], "last_seq": len(events), "oldest_seq": 1}

    class Location:
        name = f"location{suffix}"

        @rpc
        def nearby_many(self, payload: Json) -> Json:
            played.asked.append(("nearby_many", payload))
            return {"items": [list(played.cars) for _ in payload["points"]]}

        @rpc
        def see_city(self, payload: Json) -> Json:
            played.asked.append(("location.see_city", payload))
            if played.location_away:
                raise Unavailable()
            return played.city

    class Payments:
        name = f"payments{suffix}"

        @rpc
        def take_webhook(self, payload: Json) -> Json:
            played.asked.append(("take_webhook", payload))
            if payload["headers"].get("test-signature") != "right":
                raise WebhookRefused()
            return {"taken": 1}

        @rpc
        def get_confirmation(self, payload: Json) -> Json:
            raise UnknownConfirmation()

        @rpc
        def confirm_payment(self, payload: Json) -> Json:
            played.asked.append(("confirm_payment", payload))
            return {"id": payload["confirmation_id"], "state": "confirmed"}

    return [Users, Drivers, Trips, Notifications, Location, Payments]


class GatewayWorld:
    """A gateway that has started, and what is needed to look at it from all sides."""

    def __init__(self, config: Json, **settings: Any) -> None:
        own = {"WEB_SERVER_ADDRESS": f"127.0.0.1:{free_port()}", "PRESENCE_REFRESH_S": 0.5}
        self.config = {**config, **own, **settings}
        self.played, suffix = Played(), f"-{uuid4().hex[:8]}"
        self.name_queue = f"test.positions{suffix}.{{}}".format
        self.containers = [ServiceContainer(player, self.config) for player in players(self.played, suffix)]
        self.container = ServiceContainer(GatewayService, self.config)
        for extension in self.container.extensions:
            if isinstance(extension, ServiceClient):
                extension.service += suffix
            if isinstance(extension, PositionBuffer):
                extension.name_queue = self.name_queue
        for container in [*self.containers, self.container]:
            container.start()
        self.presence = next(each for each in self.container.extensions if isinstance(each, Presence))
        self.address = self.config["WEB_SERVER_ADDRESS"]
        self.url = f"http://{self.address}"
        self.broker = Broker()
        self.broker.open(self.config["AMQP_URI"], "test")

    def close(self) -> None:
        for container in [self.container, *self.containers]:
            container.kill()
        self.broker.stop()
        connection = connect(self.config["AMQP_URI"])
        channel = connection.channel()
        for queue in self.queues:
            channel.queue_delete(queue)
        connection.close()

    @property
    def queues(self) -> list[str]:
        """Of positions, one a partition."""
        return [self.name_queue(partition) for partition in range(int(self.config["LOCATION_PARTITIONS"]))]

    def positions(self) -> list[list[Any]]:
        """The rows that wait for `location`; taken out."""
        connection = connect(self.config["AMQP_URI"])
        try:
            channel = connection.channel()
            rows: list[list[Any]] = []
            for queue in self.queues:
                while (message := channel.basic_get(queue, no_ack=True)) is not None:
                    rows += json.loads(message.body)["positions"]
            return rows
        finally:
            connection.close()

    def token(self, role: str = "rider", user_id: str = "", session_id: str = "", age_s: float = 0) -> str:
        issued_at = datetime.fromtimestamp(datetime.now(UTC).timestamp() - age_s, UTC)
        return make_access_token(
            self.config,
            user_id=user_id or new_id(),
            role=role,
            session_id=session_id or new_id(),
            token_id="t",
            issued_at=issued_at,
        )

    def call(self, method: str, path: str, token: str = "", **more: Any) -> requests.Response:
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **more.pop("headers", {})}
        return requests.request(method, self.url + path, headers=headers, timeout=20, **more)

    def send_events(self, user_id: str, *seqs: int) -> None:
        """What `notifications` would publish: `told` events with these numbers (0: not numbered)."""
        self.send_frames([[user_id, "told", {"n": seq}, seq or None] for seq in seqs])

    def send_frames(self, frames: list[list[Any]]) -> None:
        body = json.dumps({"frames": frames}).encode()
        queue = FRAMES_QUEUE.format(gateway_id=self.presence.gateway_id)
        self.broker.publish(Outgoing("", queue, body, persistent=False))

    def append(self, user_id: str, count: int) -> None:
        """Let the user's stream grow."""
        stream = self.played.streams[user_id]
        for _ in range(count):
            seq = len(stream) + 1
            stream.append({"seq": seq, "event": "told", "data": {"n": seq}, "at": "2026-03-02T12:00:00.000Z"})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Ended(Exception):
    """The server closed the socket with a code, or without one (0)."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Client:
    """A socket that can also send what no library would."""

    def __init__(self, address: str, token: str = "", behind_handshake: bytes = b"") -> None:
        host, port = address.split(":")
        self.socket = socket.create_connection((host, int(port)))
        self.socket.settimeout(15)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /ws HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
            + behind_handshake
        )
        self._buffer = b""
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += self.socket.recv(4096)
        self._buffer = self._buffer.split(b"\r\n\r\n", 1)[1]
        self.passed: list[Json] = []
        assert self.next()["event"] == "connected"
        if token:
            answer = self.call("authenticate", {"token": token})
            assert answer["success"], answer

    def text(self, payload: bytes) -> None:
        self.raw(masked(1, payload))

    def raw(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send(self, method: str, data: Any = None, correlation_id: Any = None) -> None:
        self.text(json.dumps({"method": method, "data": data, "correlation_id": correlation_id}).encode())

    def call(self, method: str, data: Any = None) -> Json:
        """Send and wait for the answer; what comes meanwhile is in `passed`."""
        correlation_id = uuid4().hex
        self.send(method, data, correlation_id)
        while True:
            frame = self.next()
            if frame.get("correlation_id") == correlation_id:
                return frame
            self.passed.append(frame)

    def next(self) -> Json:
        """The next JSON frame. Raises Ended, TimeoutError."""
        while True:
            opcode, payload = self._frame()
            if opcode == 8:
                raise Ended(struct.unpack("!H", payload[:2])[0])
            if opcode == 1:
                return json.loads(payload)

    def told(self, count: int) -> list[int]:
        """The numbers of the next `told` events, those that have passed first."""
        numbers = [frame["data"]["n"] for frame in self.passed if frame.get("event") == "told"]
        self.passed = []
        while len(numbers) < count:
            frame = self.next()
            if frame.get("event") == "told":
                numbers.append(frame["data"]["n"])
        return numbers

    def close_code(self) -> int:
        """Read to the end; gives the code that the server closed with."""
        try:
            while True:
                self.next()
        except Ended as ended:
            return ended.code

    def close(self) -> None:
        self.socket.close()

    def _need(self, size: int) -> None:
        while len(self._buffer) < size:
            data = self.socket.recv(65536)
            if not data:
                raise Ended(0)
            self._buffer += data

    def _frame(self) -> tuple[int, bytes]:
        self._need(2)
        opcode, length, start = self._buffer[0] & 15, self._buffer[1], 2
        if length == 126:
            self._need(4)
            length, start = struct.unpack("!H", self._buffer[2:4])[0], 4
        elif length == 127:
            self._need(10)
            length, start = struct.unpack("!Q", self._buffer[2:10])[0], 10
        self._need(start + length)
        payload, self._buffer = self._buffer[start : start + length], self._buffer[start + length :]
        return opcode, payload


def masked(opcode: int, payload: bytes, *, final: bool = True) -> bytes:
    """A frame as a client sends it."""
    head, length = bytes([(0x80 if final else 0) | opcode]), len(payload)
    if length < 126:
        head += bytes([0x80 | length])
    elif length < 65536:
        head += b"\xfe" + struct.pack("!H", length)
    else:
        head += b"\xff" + struct.pack("!Q", length)
    return head + b"mask" + bytes(byte ^ b"mask"[number % 4] for number, byte in enumerate(payload))


def a_position(seq: int = 1, **changes: Any) -> Json:
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"lat": 60.17, "lng": 24.94, "at": at, "seq": seq, **changes}


def raw_http(address: str, data: bytes, *, timeout_s: float = 10) -> bytes:
    """Send bytes to the HTTP server, and all that it answers until it closes or has nothing more to say."""
    host, port = address.split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.settimeout(timeout_s)
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
        return answer
