"""Apps of a rider and a driver as strangers would write them: api.md alone, over HTTP and the socket.

They behave as real apps do when the network or a part of the service fails: a request is sent again with the same
`Idempotency-Key`, a lost socket is opened again and resumes after the last number it saw.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import eventlet
import requests
import websocket

PICKUP = {"lat": 60.1700, "lng": 24.9420}
DROPOFF = {"lat": 60.1745, "lng": 24.9478}
PASSWORD = "correct horse battery"

Json = dict[str, Any]


class Refused(Exception):
    """The service answered an error for good."""

    def __init__(self, status: int, error: Json) -> None:
        super().__init__(f"{status} {error}")
        self.status, self.code, self.error = status, error.get("code"), error


@dataclass
class App:
    """A user's app: logged in, with a socket that reads in the background."""

    url: str
    role: str
    patience_s: float = 60
    events: list[Json] = field(default_factory=list)
    moves: list[Json] = field(default_factory=list)
    results: dict[str, Json] = field(default_factory=dict)
    last_seq: int = 0
    gaps: list[tuple[int, int]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    """Why each line of the past ended."""

    def __post_init__(self) -> None:
        self.http = requests.Session()
        self.email = f"{uuid4().hex}@example.org"
        self.socket: Any = None
        self._reader: Any = None
        self._closing = False

    # -- HTTP --------------------------------------------------------------------------------------------------------
    def call(self, method: str, path: str, body: Json | None = None, key: str | None = None) -> Json:
        """One request, sent again while the service is not there. Raises Refused."""
        headers = {"Idempotency-Key": key or uuid4().hex} if method == "POST" else {}
        if getattr(self, "token", None):
            headers["Authorization"] = f"Bearer {self.token}"
        deadline = time.monotonic() + self.patience_s
        while True:
            try:
                reply = self.http.request(method, self.url + path, json=body, headers=headers, timeout=15)
                if reply.status_code not in (429, 503):
                    break
            except requests.RequestException:
                reply = None
            if time.monotonic() > deadline:
                raise TimeoutError(f"{method} {path}: {reply.text if reply is not None else 'no answer'}")
            eventlet.sleep(0.25)
        if reply.status_code >= 400:
            raise Refused(reply.status_code, reply.json()["error"])
        return reply.json() if reply.content else {}

    def register(self, **more: Any) -> Json:
        body = {"email": self.email, "password": PASSWORD, "name": "Kaisa Virtanen", "phone": "+358401234567", **more}
        session = self.call("POST", f"/v1/{self.role}s", body)
        self.token, self.refresh_token = session["access_token"], session["refresh_token"]
        self.id = session["user"]["id"]
        return session

    # -- socket ------------------------------------------------------------------------------------------------------
    def connect(self) -> None:
        """Open the socket and keep it open."""
        self._reader = eventlet.spawn(self._keep_reading)
        self.wait(lambda: self.socket is not None, "the socket")

    def close(self) -> None:
        self._closing = True
        if self.socket is not None:
            self.socket.close()
        if self._reader is not None:
            self._reader.kill()

    def send(self, method: str, data: Json, correlation_id: str | None = None) -> None:
        """Send a frame; nothing happens while there is no connection."""
        frame: Json = {"method": method, "data": data}
        if correlation_id:
            frame["correlation_id"] = correlation_id
        try:
            if self.socket is not None:
                self.socket.send(json.dumps(frame))
        except (OSError, websocket.WebSocketException):
            self.socket = None

    def _keep_reading(self) -> None:
        while not self._closing:
            try:
                self._read(websocket.create_connection(self.url.replace("http", "ws") + "/ws", timeout=20))
            except Exception as exc:  # noqa: BLE001 - whatever it was is told with what was waited for in vain
                self.lost.append(repr(exc))
            self.socket = None
            eventlet.sleep(0.2)

    def _read(self, socket: Any) -> None:
        """Until the line is lost, or the gateway refuses what was said."""
        socket.send(json.dumps({"method": "authenticate", "data": {"token": self.token}, "correlation_id": "auth"}))
        while True:
            frame = json.loads(socket.recv() or "{}")
            if frame.get("correlation_id") == "auth":
                if not frame["success"]:
                    self.lost.append(str(frame["error"]))
                    return
                socket.send(json.dumps({"method": "resume", "data": {"after": self.last_seq}, "correlation_id": "r"}))
            elif frame.get("correlation_id") == "r":
                if not frame["success"]:
                    self.lost.append(str(frame["error"]))
                    return
                self.socket = socket
            elif frame.get("type") == "event":
                self._on_event(frame["event"], frame["data"])
            elif frame.get("type") == "result" and frame.get("correlation_id"):
                self.results[frame["correlation_id"]] = frame

    def _on_event(self, name: str, data: Json) -> None:
        seq = data.get("seq") if isinstance(data, dict) else None
        if seq is None:
            self.moves.append({"event": name, **data})
            return
        if seq != self.last_seq + 1:
            self.gaps.append((self.last_seq, seq))
        self.last_seq = seq
        self.events.append({"event": name, **data})

    # -- waiting -----------------------------------------------------------------------------------------------------
    def wait(self, condition: Callable[[], Any], what: str) -> Any:
        deadline = time.monotonic() + self.patience_s
        while True:
            found = condition()
            if found:
                return found
            if time.monotonic() > deadline:
                saw = [each["event"] for each in self.events]
                raise TimeoutError(f"{self.role} waited for {what}; saw {saw}; its lines ended so: {self.lost}")
            eventlet.sleep(0.02)

    def event(self, name: str, **having: Any) -> Json:
        """Wait for an event with such fields (`trip_id` is looked for in the trip as well)."""
        return self.wait(lambda: next((each for each in self.events if self._fits(each, name, having)), None), name)

    def events_to_come(self) -> Iterator[Json]:
        """Each event from now on, for ever."""
        seen = len(self.events)
        while True:
            while seen < len(self.events):
                seen += 1
                yield self.events[seen - 1]
            eventlet.sleep(0.02)

    @staticmethod
    def is_about(event: Json, trip_id: str) -> bool:
        return trip_id in (event.get("trip_id"), (event.get("trip") or {}).get("id"))

    @staticmethod
    def _fits(event: Json, name: str, having: Json) -> bool:
        flat = {"trip_id": (event.get("trip") or {}).get("id"), **event}
        return event["event"] == name and all(flat.get(key) == value for key, value in having.items())


@dataclass
class RiderApp(App):
    role: str = "rider"

    def quote(self, pickup: Json = PICKUP, dropoff: Json = DROPOFF) -> Json:
        return self.call("POST", "/v1/quotes", {"pickup": pickup, "dropoff": dropoff})

    def ask(self, category: str = "standard", pickup: Json = PICKUP, dropoff: Json = DROPOFF, **more: Any) -> Json:
        quote = self.quote(pickup, dropoff)
        return self.call("POST", "/v1/trips", {"quote_id": quote["id"], "category": category, **more})

    def trip(self, trip_id: str) -> Json:
        return self.call("GET", f"/v1/trips/{trip_id}")


@dataclass
class DriverApp(App):
    role: str = "driver"
    point: Json = field(default_factory=lambda: dict(PICKUP))
    category: str = "standard"
    seq: int = 0

    def register(self, **more: Any) -> Json:
        plate = uuid4().hex[:7].upper()
        vehicle = {"make": "Toyota", "model": "Corolla", "colour": "white", "plate": plate, "category": self.category}
        return super().register(vehicle=vehicle, **more)

    def go_online(self) -> None:
        """Online, and a position every second from now on."""
        self.call("PUT", "/v1/driver/availability", {"online": True})
        self._driving = eventlet.spawn(self._keep_reporting)

    def close(self) -> None:
        self.stop_reporting()
        super().close()

    def stop_reporting(self) -> None:
        """Not a position more: the phone is dead, or in a tunnel."""
        self._driving.kill()

    def report(self) -> None:
        self.seq += 1
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.send("report_position", {**self.point, "at": at, "seq": self.seq, "bearing_deg": 90.0, "accuracy_m": 5.0})

    def _keep_reporting(self) -> None:
        while True:
            self.report()
            eventlet.sleep(1)

    def take(self, trip: Json) -> Json:
        """Accept the offer of a trip as soon as it comes; gives the offer."""
        offer = self.event("offer_made", trip_id=trip["id"])
        self.call("POST", f"/v1/offers/{offer['offer_id']}/accept")
        return offer

    def drive(self, trip: Json) -> None:
        """All that is left of a trip that was taken; its rider has told his PIN."""
        self.do(trip["id"], "arrive")
        self.do(trip["id"], "start", {"pin": trip["pin"]})
        self.do(trip["id"], "complete")

    def do(self, trip_id: str, verb: str, body: Json | None = None) -> Json:
        return self.call("POST", f"/v1/trips/{trip_id}/{verb}", body if body is not None else {})


def new_rider(url: str) -> RiderApp:
    """A registered rider with an open socket."""
    rider = RiderApp(url)
    rider.register()
    rider.connect()
    return rider


def new_driver(url: str, point: Json = PICKUP, category: str = "standard") -> DriverApp:
    """A registered driver, online at a point, with an open socket."""
    driver = DriverApp(url, point=dict(point), category=category)
    driver.register()
    driver.connect()
    driver.go_online()
    return driver
