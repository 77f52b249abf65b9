"""A small gateway of one process and no stores, for tests of the bots: api.md's outside with nothing behind it.

`python -m tests.support.fake_gateway [--port N]` prints `listening on http://127.0.0.1:N`. Streets are a square grid.
Its `GET /fake/log` answers what it saw, so that a test can ask what the bots did: `{log, fastest_mps, trips}`.
"""

# ruff: noqa: E402
from gevent import monkey

monkey.patch_all()

import argparse
from base64 import b64encode
from collections import Counter
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from itertools import count, pairwise
from random import Random
from time import monotonic
from typing import Any

import gevent
import orjson
from gevent.server import StreamServer

from hansom.bots import frames
from hansom.bots.roads import gap_m
from hansom.values import Point

BLOCK_DEG = 0.0005
SPEED_MPS = 9.0
OFFER_TTL_S = 8.0
ACTIVE = ("requested", "assigned", "arrived", "in_progress")
VERBS = {
    ("assigned", "arrive"): "arrived",
    ("arrived", "start"): "in_progress",
    ("in_progress", "complete"): "completed",
}
EVENT_OF = {"arrive": "driver_arrived", "start": "trip_started", "complete": "trip_completed"}


class No(Exception):
    """A refusal: HTTP status and code."""


def at(seconds: float = 0.0) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def grid_route(start: dict[str, float], end: dict[str, float]) -> list[dict[str, float]]:
    """Along a square grid: first east or west, then north or south."""
    x, y = (round(start[k] / BLOCK_DEG) for k in ("lng", "lat"))
    to_x, to_y = (round(end[k] / BLOCK_DEG) for k in ("lng", "lat"))
    line = [(x, y)]
    while (x, y) != (to_x, to_y):
        if x != to_x:
            x += 1 if to_x > x else -1
        else:
            y += 1 if to_y > y else -1
        line.append((x, y))
    return [{"lat": round(y * BLOCK_DEG, 6), "lng": round(x * BLOCK_DEG, 6)} for x, y in line]


class City:
    """Everything that is: users, quotes, trips, offers, streams."""

    def __init__(self, speed_mps: float = SPEED_MPS, faults: float = 0.0) -> None:
        """Cars do `speed_mps` on every street; of `faults` requests one half is answered 503, one half not at all."""
        self.speed_mps, self.faults, self.rng = speed_mps, faults, Random(1)
        self.numbers = count(1)
        self.users: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, str] = {}
        self.quotes: dict[str, dict[str, Any]] = {}
        self.trips: dict[str, dict[str, Any]] = {}
        self.offers: dict[str, dict[str, Any]] = {}
        self.answers: dict[tuple[str, str], Any] = {}
        self.log: Counter[str] = Counter()
        self.fastest_mps = 0.0

    def new(self, kind: str) -> str:
        return f"{kind}{next(self.numbers)}"

    # -- people --

    def register(self, role: str, body: dict[str, Any]) -> dict[str, Any]:
        user_id = self.new(role)
        person = {"id": user_id, "role": role, **{k: body[k] for k in ("email", "name", "phone")}}
        self.users[user_id] = {
            "me": person,
            "vehicle": body.get("vehicle"),
            "online": False,
            "fix": None,
            "stream": [],
            "sockets": set(),
        }
        return {"user": person, **self.session(user_id)}

    def session(self, user_id: str) -> dict[str, Any]:
        access, refresh = self.new("access"), self.new("refresh")
        self.tokens[access] = self.tokens[refresh] = user_id
        return {"access_token": access, "refresh_token": refresh, "expires_in": 900}

    def tell(self, user_id: str, event: str, data: dict[str, Any], kept: bool = True) -> None:
        user = self.users[user_id]
        if kept:
            user["stream"].append((event, data := {**data, "seq": len(user["stream"]) + 1}))
        for link in list(user["sockets"]):
            link.push(event, data)

    # -- trips --

    def quote(self, rider_id: str, body: dict[str, Any]) -> dict[str, Any]:
        line = grid_route(body["pickup"], body["dropoff"])
        points = [Point(**p) for p in line]
        metres = sum(gap_m(a, b) for a, b in pairwise(points))
        options = [
            {"category": c, "fare": {"amount_minor": 900, "currency": "EUR"}, "pickup_eta_s": 60}
            for c in ("standard", "comfort", "van")
        ]
        quote = {
            "id": self.new("quote"),
            "distance_m": metres,
            "duration_s": metres / self.speed_mps,
            "route": line,
            "options": options,
            "expires_at": at(300),
        }
        self.quotes[quote["id"]] = {**quote, **body}
        return quote

    def ask(self, rider_id: str, body: dict[str, Any]) -> dict[str, Any]:
        if any(t["rider_id"] == rider_id and t["state"] in ACTIVE for t in self.trips.values()):
            raise No(409, "active_trip_exists")
        quote = self.quotes[body["quote_id"]]
        trip = {
            "id": self.new("trip"),
            "state": "requested",
            "rider_id": rider_id,
            "driver_id": None,
            "category": body["category"],
            "pin": "4711",
            "version": 1,
            "pickup": quote["pickup"],
            "dropoff": quote["dropoff"],
            "fare": quote["options"][0]["fare"],
            "payment": body.get("payment_method", "card_ok"),
            "skipped": [],
        }
        self.trips[trip["id"]] = trip
        return self.shown(trip, rider_id)

    def shown(self, trip: dict[str, Any], user_id: str) -> dict[str, Any]:
        hidden = ("skipped", "payment") + (() if user_id == trip["rider_id"] else ("pin",))
        return {k: v for k, v in trip.items() if k not in hidden}

    def move(self, trip: dict[str, Any], state: str, event: str | None) -> None:
        trip["state"], trip["version"] = state, trip["version"] + 1
        for user_id in (trip["rider_id"], trip["driver_id"]):
            if user_id and event:
                self.tell(user_id, event, {"trip": self.shown(trip, user_id)})

    def do(self, user_id: str, trip: dict[str, Any], verb: str, body: dict[str, Any]) -> dict[str, Any]:
        if user_id not in (trip["rider_id"], trip["driver_id"]):
            raise No(403, "forbidden")
        if verb == "rating":
            return {"trip_id": trip["id"], **body}
        if verb == "cancel":
            return self.cancel(user_id, trip)
        to = VERBS.get((trip["state"], verb))
        if to is None:
            raise No(409, "illegal_transition")
        if verb == "start" and body.get("pin") != trip["pin"]:
            raise No(422, "wrong_pin")
        self.move(trip, to, EVENT_OF[verb])
        if to == "completed":
            gevent.spawn_later(0.2, self.settle, trip)
        return self.shown(trip, user_id)

    def cancel(self, user_id: str, trip: dict[str, Any]) -> dict[str, Any]:
        if trip["state"] not in ACTIVE[:3]:
            raise No(409, "illegal_transition")
        if user_id == trip["driver_id"]:
            trip["skipped"].append(user_id)
            trip["driver_id"] = None
            self.move(trip, "requested", "driver_cancelled")
        else:
            self.move(trip, "cancelled", "trip_cancelled")
        return self.shown(trip, user_id)

    def settle(self, trip: dict[str, Any]) -> None:
        refused = trip["payment"] in ("card_declined", "card_insufficient_funds")
        event = "payment_failed" if refused else "payment_captured"
        self.tell(trip["rider_id"], event, {"trip_id": trip["id"], "amount": trip["fare"]})

    def answer(self, driver_id: str, offer_id: str, verb: str) -> dict[str, Any]:
        offer = self.offers[offer_id]
        trip = self.trips[offer["trip_id"]]
        if offer["state"] != "open" or trip["state"] != "requested":
            raise No(409, "offer_gone")
        offer["state"] = verb
        trip["skipped"].append(driver_id)
        if verb == "decline":
            return {"offer": offer}
        trip["driver_id"] = driver_id
        self.move(trip, "assigned", "trip_assigned")
        return {"offer": offer, "trip": self.shown(trip, driver_id)}

    def match(self) -> None:
        """For ever: each half second, old offers end and waiting trips are offered to any free driver near."""
        while True:
            gevent.sleep(0.5)
            for offer in self.offers.values():
                if offer["state"] == "open" and monotonic() > offer["until"]:
                    offer["state"] = "gone"
                    self.tell(offer["driver_id"], "offer_withdrawn", {"offer_id": offer["offer_id"]})
            taken = {o["driver_id"] for o in self.offers.values() if o["state"] == "open"}
            taken |= {t["driver_id"] for t in self.trips.values() if t["state"] in ACTIVE}
            offered = {o["trip_id"] for o in self.offers.values() if o["state"] == "open"}
            for trip in self.trips.values():
                if trip["state"] == "requested" and trip["id"] not in offered:
                    self.offer(trip, taken)

    def offer(self, trip: dict[str, Any], taken: set[str]) -> None:
        free = {i: u["fix"] for i, u in self.users.items() if u["online"] and u["fix"] and i not in taken}
        near = [i for i in free if i not in trip["skipped"]]
        if not near:
            return
        pickup = Point(**trip["pickup"])
        driver_id = min(near, key=lambda i: gap_m(free[i], pickup))
        taken.add(driver_id)
        offer = {
            "offer_id": self.new("offer"),
            "trip_id": trip["id"],
            "driver_id": driver_id,
            "state": "open",
            "until": monotonic() + OFFER_TTL_S,
        }
        self.offers[offer["offer_id"]] = offer
        shown = {k: trip[k] for k in ("pickup", "dropoff", "fare")}
        self.tell(driver_id, "offer_made", {**offer, **shown, "pickup_eta_s": 60, "expires_at": at(OFFER_TTL_S)})

    def position(self, driver_id: str, data: dict[str, Any]) -> None:
        user, here = self.users[driver_id], Point(data["lat"], data["lng"])
        self.log["positions"] += 1
        seen_at = datetime.fromisoformat(data["at"])
        if user["fix"] is not None:
            apart_s = (seen_at - user["seen_at"]).total_seconds()
            if apart_s > 0.8:
                self.fastest_mps = max(self.fastest_mps, gap_m(user["fix"], here) / apart_s)
        user["fix"], user["seen_at"] = here, seen_at
        for trip in self.trips.values():
            if trip["driver_id"] == driver_id and trip["state"] in ACTIVE:
                moved = {"trip_id": trip["id"], "point": here.as_dict(), "bearing_deg": 0, "eta_s": 60}
                self.tell(trip["rider_id"], "driver_moved", moved, kept=False)


class Link:
    """One client's socket."""

    def __init__(self, city: City, sock: Any) -> None:
        self.city, self.sock, self.user_id = city, sock, ""

    def send(self, frame: dict[str, Any]) -> None:
        self.sock.sendall(frames.encode(frames.TEXT, orjson.dumps(frame), masked=False))

    def push(self, event: str, data: dict[str, Any]) -> None:
        try:
            self.send({"type": "event", "event": event, "data": data})
        except OSError:
            self.city.users[self.user_id]["sockets"].discard(self)

    def serve(self) -> None:
        reader = frames.Reader(masked=True)
        try:
            while data := self.sock.recv(65536):
                for opcode, payload in reader.feed(data):
                    if opcode == frames.CLOSE:
                        return
                    if opcode == frames.PING:
                        self.sock.sendall(frames.encode(frames.PONG, payload, masked=False))
                    if opcode == frames.TEXT:
                        self.take(orjson.loads(payload))
        except OSError:
            return
        finally:
            if self.user_id:
                self.city.users[self.user_id]["sockets"].discard(self)

    def take(self, frame: dict[str, Any]) -> None:
        answer: dict[str, Any] = {"type": "result", "success": True, "correlation_id": frame.get("correlation_id")}
        try:
            answer["data"] = self.call(frame["method"], frame["data"])
        except No as no:
            answer |= {"success": False, "error": {"code": no.args[1], "message": no.args[1]}}
        if answer["correlation_id"] is not None:
            self.send(answer)

    def call(self, method: str, data: dict[str, Any]) -> dict[str, Any]:
        city = self.city
        city.log[method] += 1
        if method == "authenticate":
            self.user_id = city.tokens[data["token"]]
            city.users[self.user_id]["sockets"].add(self)
        elif method == "report_position":
            city.position(self.user_id, data)
        elif method == "report_positions":
            for position in data["positions"]:
                city.position(self.user_id, position)
        elif method in ("accept_offer", "decline_offer"):
            return city.answer(self.user_id, data["offer_id"], method.partition("_")[0])
        elif method == "resume":
            for event, kept in city.users[self.user_id]["stream"][data["after"] :]:
                self.push(event, kept)
        return {}


def route(city: City, method: str, path: str, body: dict[str, Any], user_id: str) -> tuple[int, Any]:  # noqa: PLR0911 - a table of routes
    """One HTTP request: status and JSON."""
    parts = path.split("?", maxsplit=1)[0].strip("/").split("/")[1:]
    match method, parts:
        case "GET", ["log"]:
            trips = [{k: t[k] for k in ("id", "state")} for t in city.trips.values()]
            return 200, {"log": city.log, "fastest_mps": city.fastest_mps, "trips": trips}
        case "POST", ["riders" | "drivers" as role]:
            return 201, city.register(role[:-1], body)
        case "POST", ["sessions", "refresh"]:
            return 200, city.session(city.tokens.pop(body["refresh_token"]))
        case "POST", ["quotes"]:
            return 201, city.quote(user_id, body)
        case "POST", ["trips"]:
            return 201, city.ask(user_id, body)
        case "PUT", ["driver", "availability"]:
            city.users[user_id]["online"] = body["online"]
            return 200, body
        case "GET", ["me", "trips"]:
            mine = [t for t in city.trips.values() if user_id in (t["rider_id"], t["driver_id"])]
            return 200, {"items": [city.shown(t, user_id) for t in mine[::-1][:1]], "next_cursor": None}
        case "GET", ["drivers", "nearby"]:
            return 200, {"items": []}
        case "GET", ["trips", trip_id, "receipt"]:
            return 200, {"trip_id": trip_id, "total": city.trips[trip_id]["fare"]}
        case "GET", ["trips", trip_id]:
            return 200, city.shown(city.trips[trip_id], user_id)
        case "POST", ["trips", trip_id, verb]:
            return 201 if verb == "rating" else 200, city.do(user_id, city.trips[trip_id], verb, body)
        case "POST", ["offers", offer_id, verb]:
            return 200, city.answer(user_id, offer_id, verb)
    return 404, {"error": {"code": "not_found", "message": path}}


def answer(city: City, method: str, path: str, fields: dict[str, str], body: bytes) -> tuple[int, bytes]:
    user_id = city.tokens.get(fields.get("authorization", "").removeprefix("Bearer "), "")
    key = (user_id, fields.get("idempotency-key", ""))
    if key[1] and key in city.answers:
        city.log["keys_repeated"] += 1
        return city.answers[key]
    city.log[
        f"{method} {path.split('?', maxsplit=1)[0]}"
        if path.count("/") < 3
        else f"{method} .../{path.rsplit('/', maxsplit=1)[-1]}"
    ] += 1
    try:
        status, found = route(city, method, path, orjson.loads(body) if body else {}, user_id)
    except No as no:
        status, found = no.args[0], {"error": {"code": no.args[1], "message": no.args[1]}}
    reply = status, orjson.dumps(found)
    if key[1]:
        city.answers[key] = reply
    return reply


def serve(city: City, sock: Any) -> None:
    """One connection: HTTP requests, until one of them asks for the socket."""
    stream = sock.makefile("rb")
    while line := stream.readline():
        method, path, _ = line.decode().split(" ")
        fields = {}
        while field := stream.readline().decode().strip():
            name, _, value = field.partition(":")
            fields[name.lower()] = value.strip()
        if path == "/ws":
            accept = b64encode(sha1(fields["sec-websocket-key"].encode() + frames.GUID, usedforsecurity=False).digest())
            head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            sock.sendall(f"{head}Sec-WebSocket-Accept: {accept.decode()}\r\n\r\n".encode())
            return Link(city, sock).serve()
        body = stream.read(int(fields.get("content-length", 0)))
        fault = 1.0 if path == "/fake/log" else city.rng.random()  # what the test asks is answered
        if fault < city.faults / 2:
            city.log["unavailable"] += 1
            sock.sendall(b"HTTP/1.1 503 X\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")
            continue
        status, reply = answer(city, method, path, fields, body)
        if fault < city.faults:
            city.log["answers_lost"] += 1
            return None
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(reply)}\r\n\r\n"
        sock.sendall(head.encode() + reply)
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--speed", type=float, default=SPEED_MPS)
    parser.add_argument("--faults", type=float, default=0.0)
    given = parser.parse_args()
    city = City(given.speed, given.faults)
    server = StreamServer(("127.0.0.1", given.port), lambda sock, _: serve(city, sock))
    server.start()
    gevent.spawn(city.match)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
