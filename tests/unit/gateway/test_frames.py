"""WebSocket frames: what a client may send, in any pieces, and what ends the connection."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansom.bots import frames as client
from services.gateway.socket.frames import (
    BAD_TEXT,
    BINARY,
    CONTINUATION,
    PING,
    PROTOCOL_ERROR,
    TEXT,
    TOO_BIG,
    FrameReader,
    Violation,
    close_frame,
    encode,
    unmask,
)
from tests.support.raw_socket import masked

MAX = 65536


@given(payload=st.binary(max_size=300), mask=st.binary(min_size=4, max_size=4))
def test_unmasking_is_the_xor_of_rfc_6455(payload: bytes, mask: bytes) -> None:
    assert unmask(payload, mask) == bytes(byte ^ mask[number % 4] for number, byte in enumerate(payload))


@given(messages=st.lists(st.binary(max_size=400), max_size=5), cuts=st.lists(st.integers(1, 50), min_size=1))
def test_messages_come_whole_in_whatever_pieces_the_bytes_come(messages: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(masked(TEXT, message) for message in messages)
    reader, found, position, turn = FrameReader(MAX), [], 0, 0
    while position < len(stream):
        step = cuts[turn % len(cuts)]
        found += reader.feed(stream[position : position + step])
        position, turn = position + step, turn + 1
    assert found == [(TEXT, message) for message in messages]
    assert not reader.midway


@pytest.mark.parametrize("length", [0, 125, 126, 65535, 65536])
def test_what_the_server_writes_a_client_reads(length: int) -> None:
    payload = b"x" * length
    assert client.Reader().feed(encode(TEXT, payload)) == [(TEXT, payload)]


def test_a_message_in_fragments_with_a_ping_between_them() -> None:
    reader = FrameReader(MAX)
    assert reader.feed(masked(TEXT, b"one ", final=False)) == []
    assert reader.midway
    assert reader.feed(masked(PING, b"still there?")) == [(PING, b"still there?")]
    assert reader.feed(masked(CONTINUATION, b"message")) == [(TEXT, b"one message")]
    assert not reader.midway


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (masked(TEXT, b"x" * (MAX + 1)), TOO_BIG),
        (b"\x81\xff" + struct.pack("!Q", 1 << 40), TOO_BIG),
        (masked(TEXT, b"", rsv=4), PROTOCOL_ERROR),
        (masked(3, b""), PROTOCOL_ERROR),
        (masked(CONTINUATION, b"of nothing"), PROTOCOL_ERROR),
        (masked(TEXT, b"a", final=False) + masked(TEXT, b"b"), PROTOCOL_ERROR),
        (masked(PING, b"x" * 126), PROTOCOL_ERROR),
        (masked(PING, b"", final=False), PROTOCOL_ERROR),
        (encode(TEXT, b"not masked"), PROTOCOL_ERROR),
    ],
)
def test_what_breaks_the_protocol_ends_the_connection_with_its_code(data: bytes, code: int) -> None:
    with pytest.raises(Violation) as raised:
        FrameReader(MAX).feed(data)
    assert raised.value.code == code


def test_a_message_that_grows_without_end_by_fragments_is_stopped() -> None:
    reader = FrameReader(1000)
    reader.feed(masked(BINARY, b"x" * 600, final=False))
    with pytest.raises(Violation) as raised:
        reader.feed(masked(CONTINUATION, b"x" * 600, final=False))
    assert raised.value.code == TOO_BIG


def test_a_close_frame_carries_its_code_and_a_short_reason() -> None:
    frame = close_frame(BAD_TEXT, "x" * 500)
    assert frame[1] <= 125
    assert struct.unpack("!H", frame[2:4])[0] == BAD_TEXT
