import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansom.bots import frames


def in_pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@given(st.lists(st.binary(max_size=70_000), max_size=4), st.integers(1, 5000), st.booleans())
def test_what_is_encoded_is_read_back_however_the_bytes_arrive(payloads: list[bytes], size: int, masked: bool) -> None:
    wire = b"".join(frames.encode(frames.BINARY, payload, masked=masked) for payload in payloads)
    reader = frames.Reader(masked=masked)
    read = [message for piece in in_pieces(wire, size) for message in reader.feed(piece)]
    assert read == [(frames.BINARY, payload) for payload in payloads]


def test_a_client_frame_is_masked() -> None:
    wire = frames.encode(frames.TEXT, b"hello")
    assert wire[1] & 0x80
    assert b"hello" not in wire or wire[2:6] == b"\0\0\0\0"


def test_fragments_are_joined_and_a_ping_between_them_comes_through() -> None:
    wire = b"\x01\x03abc" + b"\x89\x01!" + b"\x80\x03def"
    assert frames.Reader().feed(wire) == [(frames.PING, b"!"), (frames.TEXT, b"abcdef")]


@pytest.mark.parametrize(
    "wire",
    [
        b"\x81\x81\0\0\0\0a",  # masked, from a server
        b"\xc1\x01a",  # a reserved bit
        b"\x80\x01a",  # continues nothing
        b"\x01\x01a\x81\x01b",  # a new message inside another
        b"\x81\x7f" + (1 << 40).to_bytes(8, "big"),  # a terabyte
    ],
)
def test_what_the_protocol_forbids_is_refused(wire: bytes) -> None:
    with pytest.raises(frames.ProtocolError):
        frames.Reader().feed(wire)


def test_the_handshake_takes_only_the_answer_to_its_own_key() -> None:
    request, accept = frames.upgrade_request("127.0.0.1:8000", "/ws")
    assert request.startswith(b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n")
    frames.check_upgrade(b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: " + accept, accept)
    with pytest.raises(frames.ProtocolError, match="another key"):
        frames.check_upgrade(b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x", accept)
    with pytest.raises(frames.ProtocolError, match="no upgrade"):
        frames.check_upgrade(b"HTTP/1.1 503 Service Unavailable", accept)
