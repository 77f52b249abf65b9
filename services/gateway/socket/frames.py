"""WebSocket frames (RFC 6455) as a server reads and writes them, without a socket: bytes in, messages out."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from hashlib import sha1
from struct import Struct

from hansom.contracts.gateway import BadRequest, UpgradeRequired
from services.gateway.http.request import Request

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
_KNOWN = frozenset({CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG})
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_U16, _U64 = Struct("!H"), Struct("!Q")

NORMAL, GOING_AWAY, PROTOCOL_ERROR, UNSUPPORTED, BAD_TEXT, POLICY, TOO_BIG = 1000, 1001, 1002, 1003, 1007, 1008, 1009
INTERNAL, RESTART, TRY_LATER = 1011, 1012, 1013


class Violation(Exception):
    """What the peer sent breaks the protocol; the connection ends with `code`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code, self.reason = code, reason


def handshake(request: Request) -> bytes:
    """The answer that switches the protocol (RFC 6455, 4.2). Raises UpgradeRequired, BadRequest."""
    connection = (request.header("CONNECTION") or "").lower()
    if "upgrade" not in connection or (request.header("UPGRADE") or "").lower() != "websocket":
        raise UpgradeRequired()
    if request.header("SEC_WEBSOCKET_VERSION") != "13":
        raise UpgradeRequired()
    key = (request.header("SEC_WEBSOCKET_KEY") or "").strip()
    try:
        known = len(b64decode(key, validate=True)) == 16
    except (NotBase64, ValueError):
        known = False
    if not known:
        raise BadRequest("The Sec-WebSocket-Key is not one.")
    accept = b64encode(sha1(key.encode("ascii") + _GUID, usedforsecurity=False).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\nX-Request-Id: " + request.request_id.encode("ascii") + b"\r\n\r\n"
    )


def encode(opcode: int, payload: bytes) -> bytes:
    """One whole frame, unmasked as a server's are."""
    length = len(payload)
    if length < 126:
        return bytes((0x80 | opcode, length)) + payload
    if length < 65536:
        return bytes((0x80 | opcode, 126)) + _U16.pack(length) + payload
    return bytes((0x80 | opcode, 127)) + _U64.pack(length) + payload


def close_frame(code: int, reason: str = "") -> bytes:
    return encode(CLOSE, _U16.pack(code) + reason.encode()[:120])


def unmask(payload: bytes, mask: bytes) -> bytes:
    """XOR with the repeated mask, as one large number: a loop over bytes is forty times slower."""
    length = len(payload)
    key = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")).to_bytes(length, "little")


class FrameReader:
    """Turns bytes into messages. A message, whole or in fragments, has at most `max_bytes`."""

    __slots__ = ("_buffer", "_fragments", "_fragments_bytes", "_fragments_opcode", "_max_bytes")

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._buffer = b""
        self._fragments: list[bytes] = []
        self._fragments_opcode = 0
        self._fragments_bytes = 0

    @property
    def midway(self) -> bool:
        """A frame or a message has begun and not ended."""
        return bool(self._buffer or self._fragments_opcode)

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The (opcode, payload) that are complete now. Raises Violation."""
        self._buffer = self._buffer + data if self._buffer else data
        messages = []
        position = 0
        while (frame := self._next(position)) is not None:
            opcode, final, payload, position = frame
            message = self._assemble(opcode, final, payload)
            if message is not None:
                messages.append(message)
        self._buffer = self._buffer[position:]
        return messages

    def _next(self, position: int) -> tuple[int, bool, bytes, int] | None:
        buffer = self._buffer
        if len(buffer) - position < 2:
            return None
        first, second = buffer[position], buffer[position + 1]
        opcode, final, length = first & 0x0F, bool(first & 0x80), second & 0x7F
        self._check_head(first, second, opcode, final, length)
        start = position + 2
        if length == 126:
            start += 2
            if len(buffer) < start:
                return None
            length = _U16.unpack_from(buffer, position + 2)[0]
        elif length == 127:
            start += 8
            if len(buffer) < start:
                return None
            length = _U64.unpack_from(buffer, position + 2)[0]
        if length > self._max_bytes:
            raise Violation(TOO_BIG, f"a frame has at most {self._max_bytes} bytes")
        end = start + 4 + length
        if len(buffer) < end:
            return None
        return opcode, final, unmask(buffer[start + 4 : end], buffer[start : start + 4]), end

    @staticmethod
    def _check_head(first: int, second: int, opcode: int, final: bool, length: int) -> None:
        if first & 0x70:
            raise Violation(PROTOCOL_ERROR, "no extension was agreed on")
        if opcode not in _KNOWN:
            raise Violation(PROTOCOL_ERROR, "unknown opcode")
        if not second & 0x80:
            raise Violation(PROTOCOL_ERROR, "a client masks its frames")
        if opcode & 8 and (not final or length > 125):
            raise Violation(PROTOCOL_ERROR, "a control frame is short and whole")

    def _assemble(self, opcode: int, final: bool, payload: bytes) -> tuple[int, bytes] | None:
        if opcode & 8:
            return opcode, payload
        if (opcode == CONTINUATION) != bool(self._fragments_opcode):
            raise Violation(PROTOCOL_ERROR, "fragments are out of order")
        if opcode != CONTINUATION:
            if final:
                return opcode, payload
            self._fragments_opcode = opcode
        self._fragments.append(payload)
        self._fragments_bytes += len(payload)
        if self._fragments_bytes > self._max_bytes or len(self._fragments) > 1000:
            raise Violation(TOO_BIG, f"a message has at most {self._max_bytes} bytes")
        if not final:
            return None
        message = self._fragments_opcode, b"".join(self._fragments)
        self._fragments, self._fragments_opcode, self._fragments_bytes = [], 0, 0
        return message
