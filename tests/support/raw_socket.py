"""Clients of a gateway in their simplest form, which can also send what no library would."""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

Json = dict[str, Any]


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


def masked(opcode: int, payload: bytes, *, final: bool = True, rsv: int = 0, mask: bytes = b"mask") -> bytes:
    """A frame as a client sends it, and with `rsv`, the reserved bits, as none does."""
    head, length = bytes([(0x80 if final else 0) | rsv << 4 | opcode]), len(payload)
    if length < 126:
        head += bytes([0x80 | length])
    elif length < 65536:
        head += b"\xfe" + struct.pack("!H", length)
    else:
        head += b"\xff" + struct.pack("!Q", length)
    return head + mask + bytes(byte ^ mask[number % 4] for number, byte in enumerate(payload))


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
