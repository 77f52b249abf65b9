"""Whatever comes over the wire, the service stays ready and other people's sockets go on."""

from __future__ import annotations

import json
import random
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import eventlet
import pytest
import requests

from hansom.stack.testing import RunningStack
from tests.support.apps import PICKUP, App
from tests.support.raw_socket import Client, Ended, a_position, masked, raw_http
from tests.support.waiting import eventually

FUZZ_ROUNDS = 60


@pytest.fixture
def address(running_stack: RunningStack) -> str:
    return running_stack.url.removeprefix("http://")


@pytest.fixture
def bystanders(people: Any, address: str) -> Iterator[None]:
    """A rider and a driver whose sockets must still be the same ones when the test has done its worst."""
    rider, driver = people.rider(), people.driver(category="comfort")
    sockets = rider.socket, driver.socket
    yield
    requests.get(f"{people.url}/ready", timeout=10).raise_for_status()
    rider.send("watch_nearby", PICKUP, "still-here")
    driver.send("report_position", a_position(seq=1_000_000), "still-here")
    for app in (rider, driver):
        assert app.wait(lambda app=app: app.results.get("still-here"), "an answer")["success"]
    assert sockets == (rider.socket, driver.socket), "nobody was thrown out"


def connected(address: str) -> socket.socket:
    host, port = address.split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def pour(connection: socket.socket, data: bytes) -> None:
    """Send, and mind nothing: the other side may have hung up by now."""
    with suppress(OSError):
        connection.sendall(data)


@pytest.mark.usefixtures("bystanders")
@pytest.mark.parametrize("seed", range(3))
def test_random_bytes_instead_of_http(address: str, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(FUZZ_ROUNDS):
        with connected(address) as connection:
            pour(connection, rng.randbytes(rng.choice([1, 10, 500, 20_000])))
            if rng.random() < 0.5:
                pour(connection, b"\r\n\r\n")
                with suppress(OSError):
                    assert connection.recv(4096)[:12] in (b"", b"HTTP/1.1 400", b"HTTP/1.1 414", b"HTTP/1.1 431")


@pytest.mark.usefixtures("bystanders")
@pytest.mark.parametrize("seed", range(3))
def test_random_frames_before_and_after_authenticate(people: Any, address: str, seed: int) -> None:
    rng, tokens = random.Random(seed), ["", people.rider().token, people.driver(category="comfort").token]
    for _ in range(FUZZ_ROUNDS):
        client = Client(address, rng.choice(tokens))
        with suppress(OSError):
            for _ in range(rng.randint(1, 8)):
                client.raw(_a_frame(rng))
        if rng.random() < 0.5:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # ends in a reset
        client.close()


def _a_frame(rng: random.Random) -> bytes:
    """A frame with something wrong in it, mostly."""
    value = rng.choice([None, {}, [], "x", 1, -0.0, 2**70, "\u0000", True, {"lat": 1e308, "lng": "NaN"}])
    methods = [
        "authenticate",
        "report_position",
        "report_positions",
        "accept_offer",
        "watch_nearby",
        "resume",
        "\u0000",
    ]
    message = json.dumps({"method": rng.choice(methods), "data": value, "correlation_id": value}).encode()
    whole = masked(1, message)
    kinds: list[Callable[[], bytes]] = [
        lambda: whole,
        lambda: rng.randbytes(rng.randint(1, 300)),
        lambda: whole[: rng.randrange(len(whole))],
        lambda: masked(rng.randrange(16), rng.randbytes(rng.randint(0, 200)), final=rng.random() < 0.7),
        lambda: masked(1, message[:9], final=False) + masked(0, message[9:]),
        lambda: masked(1, b'{"method": "resume", "data": ' + b"[" * 5000),
        lambda: masked(1, message.replace(b"method", b"m\xc3\x28d")),
        lambda: masked(9, b"ping") + masked(10, b"pong"),
    ]
    return rng.choice(kinds)()


@pytest.mark.usefixtures("bystanders")
def test_a_message_in_pieces_is_read_and_one_too_long_in_pieces_is_not(people: Any, address: str) -> None:
    client = Client(address, people.rider().token)
    message = json.dumps({"method": "resume", "data": {"after": 0}, "correlation_id": "pieces"}).encode()
    client.raw(masked(1, message[:5], final=False) + masked(9, b"between"))
    for number in range(5, len(message) - 1):
        client.raw(masked(0, message[number : number + 1], final=False))
    client.raw(masked(0, message[-1:]))
    answer = next(frame for frame in iter(client.next, None) if frame.get("correlation_id") == "pieces")
    assert answer["success"]
    client.raw(masked(1, b"x" * 30_000, final=False) + masked(0, b"x" * 30_000, final=False) * 2)
    assert client.close_code() == 1009


@pytest.mark.usefixtures("bystanders")
def test_bytes_that_come_one_by_one_are_a_frame_in_the_end(people: Any, address: str) -> None:
    client = Client(address, people.rider().token)
    for byte in masked(1, b'{"method": "resume", "data": {"after": 0}, "correlation_id": 1}'):
        client.raw(bytes([byte]))
    assert next(frame for frame in iter(client.next, None) if frame.get("correlation_id") == 1)["success"]


POSITIONS: list[tuple[str, Any, str]] = [
    ("report_position", {"lat": 91}, "lat"),
    ("report_position", {"lng": "24.94"}, "lng"),
    ("report_position", {"lat": True}, "lat"),
    ("report_position", {"seq": -1}, "seq"),
    ("report_position", {"seq": 2**63}, "seq"),
    ("report_position", {"seq": 1.5}, "seq"),
    ("report_position", {"at": "2020-01-01T00:00:00Z"}, "at"),
    ("report_position", {"at": "2126-01-01T00:00:00Z"}, "at"),
    ("report_position", {"at": "0001-01-01T00:00:00+23:59"}, "at"),
    ("report_position", {"at": "yesterday"}, "at"),
    ("report_position", {"bearing_deg": 361}, "bearing_deg"),
    ("report_position", {"speed_mps": -1}, "speed_mps"),
    ("report_position", {"trip_id": "x"}, "trip_id"),
    ("report_positions", {"positions": []}, "positions"),
    ("report_positions", {"positions": [a_position()] * 101}, "positions"),
    ("report_positions", {"positions": [a_position(), None]}, "positions.1.lat"),
    ("report_positions", {"positions": {"0": a_position()}}, "positions"),
    ("report_positions", {}, "positions"),
]


@pytest.mark.usefixtures("bystanders")
def test_a_position_that_is_none_is_refused_by_its_field(people: Any, address: str) -> None:
    client = Client(address, people.driver(category="comfort").token)
    for method, changes, field in POSITIONS:
        answer = client.call(method, a_position(**changes) if method == "report_position" else changes)
        assert not answer["success"], (method, changes)
        assert answer["error"]["code"] == "invalid", (method, changes, answer)
        assert field in answer["error"]["details"], (method, changes, answer)
    for number in (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"9" * 400):
        client.text(b'{"method": "report_position", "data": {"lat": ' + number + b'}, "correlation_id": 1}')
        assert client.next()["error"]["code"] == "unreadable_frame"
    assert client.call("report_positions", {"positions": [a_position(seq) for seq in range(100)]})["success"]


@pytest.mark.usefixtures("bystanders")
def test_a_rider_watches_no_place_that_is_none(people: Any, address: str) -> None:
    client = Client(address, people.rider().token)
    for place in ({"lat": 91, "lng": 0}, {"lat": 60.17}, {"lat": "60", "lng": "24"}, {"lat": None, "lng": None}):
        assert client.call("watch_nearby", place)["error"]["code"] == "invalid"
    client.text(b'{"method": "watch_nearby", "data": {"lat": NaN, "lng": NaN}, "correlation_id": 1}')
    assert client.next()["error"]["code"] == "unreadable_frame"
    for place in ({"lat": -0.0, "lng": -0.0}, {"lat": 90, "lng": 180}, PICKUP):
        assert client.call("watch_nearby", place)["success"]


@pytest.mark.usefixtures("bystanders")
def test_ten_megabytes_are_refused_however_they_come(people: Any, address: str) -> None:
    token = people.rider().token
    large = b"x" * (10 << 20)

    def in_chunks() -> Iterator[bytes]:
        for start in range(0, len(large), 65536):
            yield large[start : start + 65536]

    for path in ("/v1/riders", "/v1/quotes", "/v1/me/trips", "/nowhere"):
        for body in (large, in_chunks()):
            headers = {"Authorization": f"Bearer {token}"}
            answer = requests.post(f"{people.url}{path}", data=body, headers=headers, timeout=30)
            assert answer.status_code in (404, 405, 413), (path, answer.text)
            assert answer.json()["error"]["code"]
    client = Client(address, token)
    client.raw(b"\x81\xff" + struct.pack("!Q", len(large)) + b"mask" + large)
    assert client.close_code() == 1009


@pytest.mark.usefixtures("bystanders")
def test_requests_sent_one_behind_the_other_are_answered_in_order(address: str) -> None:
    asked = b"".join(
        b"GET /health HTTP/1.1\r\nHost: x\r\nX-Request-Id: r%d\r\n%s\r\n"
        % (number, b"Connection: close\r\n" if number == 49 else b"")
        for number in range(50)
    )
    answer = raw_http(address, asked)
    told = [line.split(b": ")[1] for line in answer.split(b"\r\n") if line.lower().startswith(b"x-request-id")]
    assert told == [b"r%d" % number for number in range(50)]


@pytest.mark.usefixtures("bystanders")
def test_a_body_smuggled_behind_another_is_no_request(address: str) -> None:
    inner = b"DELETE /v1/sessions/current HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    head = b"POST /v1/riders HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert raw_http(address, head + b"0\r\n\r\n" + inner).count(b"HTTP/1.1 ") == 1


@pytest.mark.usefixtures("bystanders")
def test_many_who_send_a_header_slowly_keep_nobody_waiting(people: Any, address: str) -> None:
    slow = [connected(address) for _ in range(300)]
    for connection in slow:
        connection.sendall(b"GET /v1/me HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    half = [Client(address) for _ in range(50)]
    for client in half:
        client.raw(b"\x81\xfe\x10")
    began = time.monotonic()
    for _ in range(20):
        for connection in slow[::10]:
            pour(connection, b"a")
        assert requests.get(f"{people.url}/health", timeout=5).status_code == 200
        eventlet.sleep(0.02)
    assert time.monotonic() - began < 15
    for each in [*slow, *half]:
        each.close()


@pytest.mark.usefixtures("bystanders")
def test_one_who_floods_keeps_nobody_waiting(people: Any, address: str) -> None:
    flood = Client(address, people.rider().token)
    sent = masked(1, b'{"method": "accept_offer", "data": {}, "correlation_id": 1}') * 200

    def keep_flooding() -> None:
        with suppress(OSError):
            while True:
                flood.socket.sendall(sent)

    flooding = eventlet.spawn(keep_flooding)
    rider: App = people.rider()
    for number in range(20):
        rider.send("resume", {"after": 0}, f"n{number}")
        rider.wait(lambda number=number: rider.results.get(f"n{number}"), "an answer beside the flood")
    flooding.kill()
    flood.close()


@pytest.mark.usefixtures("bystanders")
def test_connections_that_break_off_leave_nothing_behind(people: Any, address: str) -> None:
    before = _sockets(people.url)
    clients = [Client(address) for _ in range(40)]
    assert _sockets(people.url) >= before + 40
    for client in clients:
        client.raw(b"\x81")
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    eventually(lambda: _sockets(people.url) <= before, within_s=10, why="the gateway still counts them")


def _sockets(url: str) -> int:
    lines = requests.get(f"{url}/metrics", timeout=10).text.splitlines()
    return int(sum(float(line.split()[-1]) for line in lines if line.startswith("sockets_open{")))


def test_a_socket_that_breaks_off_while_it_calls_harms_nobody(people: Any, address: str) -> None:
    token = people.driver(category="comfort").token
    for _ in range(20):
        client = Client(address, token)
        client.raw(masked(1, b'{"method": "accept_offer", "data": {"offer_id": "x"}, "correlation_id": 1}') * 20)
        client.close()
    last = Client(address, token)
    with suppress(Ended):
        assert last.call("decline_offer", {"offer_id": "x"})["error"]["code"] == "unknown_offer"
