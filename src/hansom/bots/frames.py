"""WebSocket frames (RFC 6455) as a client sends and reads them, without a socket: bytes in, messages out.

Hundreds of cars a process made this worth having: a text frame costs a few microseconds here, where general client
libraries read each frame's head and body by separate system calls.
"""

from __future__ import annotations

import os
from base64 import b64encode
from hashlib import sha1

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
CONTINUATION = 0x0
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
MESSAGE_MAX_BYTES = 4 * 1024 * 1024


class ProtocolError(Exception):
    """The peer sent what RFC 6455 forbids, or more than we take."""


def encode(opcode: int, payload: bytes, masked: bool = True) -> bytes:
    """One whole frame, masked as a client's has to be."""
    length = len(payload)
    if length < 126:
        head = bytes((0x80 | opcode, 0x80 | length))
    elif length < 65536:
        head = bytes((0x80 | opcode, 0x80 | 126)) + length.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 0x80 | 127)) + length.to_bytes(8, "big")
    if not masked:
        return bytes((head[0], head[1] & 0x7F)) + head[2:] + payload
    key = os.urandom(4)
    return head + key + mask(key, payload)


def mask(key: bytes, payload: bytes) -> bytes:
    """Payload xor the repeated 4-byte key (its own inverse), as one big-integer operation."""
    length = len(payload)
    repeated = (key * (length // 4 + 1))[:length]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(repeated, "little")).to_bytes(length, "little")


class Reader:
    """Collects bytes and gives whole messages; fragments are joined, control frames come through in between."""

    def __init__(self, masked: bool = False) -> None:
        """`masked` is how a server reads its clients; a client refuses masked frames."""
        self._masked = masked
        self._buffer = bytearray()
        self._parts: list[bytes] = []
        self._opcode = 0

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The messages that `data` completes, as (opcode, payload). Raises ProtocolError."""
        self._buffer += data
        messages = []
        while (frame := self._frame()) is not None:
            message = self._joined(*frame)
            if message is not None:
                messages.append(message)
        return messages

    def _frame(self) -> tuple[bool, int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        if buffer[0] & 0x70 or bool(buffer[1] & 0x80) != self._masked:
            raise ProtocolError("reserved bits, or a mask where none belongs")
        length, start = buffer[1] & 0x7F, 2
        if length >= 126:
            start = 4 if length == 126 else 10
            if len(buffer) < start:
                return None
            length = int.from_bytes(buffer[2:start], "big")
        if length > MESSAGE_MAX_BYTES:
            raise ProtocolError(f"a frame of {length} bytes")
        key_bytes = 4 if self._masked else 0
        end = start + key_bytes + length
        if len(buffer) < end:
            return None
        final, opcode = bool(buffer[0] & 0x80), buffer[0] & 0x0F
        payload = bytes(buffer[start + key_bytes : end])
        if self._masked:
            payload = mask(bytes(buffer[start : start + key_bytes]), payload)
        del buffer[:end]
        return final, opcode, payload

    def _joined(self, final: bool, opcode: int, payload: bytes) -> tuple[int, bytes] | None:
        if opcode >= CLOSE:
            return opcode, payload
        if opcode == CONTINUATION:
            if not self._parts:
                raise ProtocolError("a continuation of nothing")
        elif self._parts:
            raise ProtocolError("a new message inside another")
        elif final:
            return opcode, payload
        else:
            self._opcode = opcode
        self._parts.append(payload)
        if sum(map(len, self._parts)) > MESSAGE_MAX_BYTES:
            raise ProtocolError("a message too long")
        if not final:
            return None
        whole, self._parts = b"".join(self._parts), []
        return self._opcode, whole


def upgrade_request(host: str, path: str) -> tuple[bytes, bytes]:
    """The opening handshake's request, and the `Sec-WebSocket-Accept` that a right answer has."""
    key = b64encode(os.urandom(16))
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key.decode()}",
        "Sec-WebSocket-Version: 13",
    ]
    accept = b64encode(sha1(key + GUID, usedforsecurity=False).digest())
    return ("\r\n".join(lines) + "\r\n\r\n").encode(), accept


def check_upgrade(head: bytes, accept: bytes) -> None:
    """Raises ProtocolError unless `head` (the answer up to its blank line) switches to a WebSocket."""
    status, _, rest = head.partition(b"\r\n")
    if status.split(b" ")[1:2] != [b"101"]:
        raise ProtocolError(f"no upgrade: {status.decode('latin-1')}")
    fields = {
        name.strip().lower(): value.strip() for name, _, value in (x.partition(b":") for x in rest.split(b"\r\n"))
    }
    if fields.get(b"sec-websocket-accept") != accept:
        raise ProtocolError("the handshake was answered with another key")
