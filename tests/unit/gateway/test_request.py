"""Requests from strangers: bodies within bounds, chunks, queries, request ids."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest

from hansom.contracts.errors import Invalid, Unreadable
from hansom.contracts.gateway import BadRequest, TooLarge
from services.gateway.http.request import Request


class Protocol:
    closed = False

    def close_after_answer(self) -> None:
        self.closed = True


def a_request(body: bytes = b"", *, length: int | None = None, chunked: bool = False, **environ: Any) -> Request:
    source: Any = io.BytesIO(body)
    if chunked:
        environ["HTTP_TRANSFER_ENCODING"] = "chunked"
        source = SimpleNamespace(rfile=source, should_send_hundred_continue=False)
    else:
        environ["CONTENT_LENGTH"] = str(len(body) if length is None else length)
    known = {"REQUEST_METHOD": "POST", "PATH_INFO": "/v1/quotes", "wsgi.input": source, "hansom.protocol": Protocol()}
    return Request({**known, **environ}, max_bytes=100)


def test_no_body_is_an_empty_object() -> None:
    assert a_request().json() == {}


@pytest.mark.parametrize("body", [b"{", b'{"a": NaN}', b'{"a": 1e999}', b'"\xff"', b'"\\ud800"', b"[" * 90])
def test_what_is_not_json_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        a_request(body).json()


def test_a_body_is_refused_by_its_length_before_it_is_read() -> None:
    request = a_request(b"", length=101)
    with pytest.raises(TooLarge):
        request.refuse_large()
    assert request.environ["hansom.protocol"].closed


def test_a_body_shorter_than_it_said_is_a_bad_request() -> None:
    with pytest.raises(BadRequest):
        a_request(b"{}", length=50).body()


def test_chunks_are_put_together() -> None:
    body = b'3\r\n{"a\r\n5;x=y\r\n": 1}\r\n0\r\nTrailer: x\r\n\r\n'
    assert a_request(body, chunked=True).json() == {"a": 1}


@pytest.mark.parametrize(
    "body", [b"zz\r\n", b"-5\r\n", b"", b"5\r\nabc", b"1" * 300, b"3\r\nabcd\r\n0\r\n\r\n", b"0\r\n" + b"a: b\r\n" * 50]
)
def test_chunks_that_are_none_are_a_bad_request(body: bytes) -> None:
    request = a_request(body, chunked=True)
    with pytest.raises(BadRequest):
        request.body()
    assert request.environ["hansom.protocol"].closed


def test_chunks_are_bounded_however_they_come() -> None:
    with pytest.raises(TooLarge):
        a_request(b"32\r\n" + b"x" * 50 + b"\r\n33\r\n" + b"x" * 51 + b"\r\n0\r\n\r\n", chunked=True).body()


def test_another_transfer_encoding_is_refused() -> None:
    with pytest.raises(BadRequest):
        a_request(b"", HTTP_TRANSFER_ENCODING="gzip, chunked").body()


def test_a_query_is_read_and_a_field_given_twice_is_named() -> None:
    assert a_request(QUERY_STRING="a=1&b=%C3%A4&c=").query() == {"a": "1", "b": "ä", "c": ""}
    with pytest.raises(Invalid) as raised:
        a_request(QUERY_STRING="a=1&a=2").query()
    assert raised.value.details == {"a": ["Given more than once."]}


@pytest.mark.parametrize("query", ["a=%ff", "&".join(f"a{n}=1" for n in range(60))])
def test_a_query_that_cannot_be_read_is_invalid(query: str) -> None:
    with pytest.raises(Invalid):
        a_request(QUERY_STRING=query).query()


def test_a_request_id_is_kept_when_it_is_harmless() -> None:
    assert a_request(HTTP_X_REQUEST_ID="abc-1.2:3").request_id == "abc-1.2:3"
    for bad in ("a\r\nb", "x" * 65, "é", ""):
        made = a_request(HTTP_X_REQUEST_ID=bad).request_id
        assert made != bad
        assert len(made) == 32
