"""A small gateway of one process and no stores, for tests of the bots: api.md's outside with nothing behind it.

`python -m tests.support.fake_gateway [--port N]` prints `listening on http://127.0.0.1:N`; the city is `fake_city`'s.
Its `GET /fake/log` answers what it saw, so that a test can ask what the bots did: `{log, fastest_mps, trips}`.
"""

# ruff: noqa: E402
from gevent import monkey

monkey.patch_all()

import argparse
from base64 import b64encode
from hashlib import sha1
from typing import Any

import gevent
import orjson
from gevent.server import StreamServer

from hansom.bots import frames
from tests.support.fake_city import SPEED_MPS, City, No


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
