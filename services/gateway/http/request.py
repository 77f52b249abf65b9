"""What comes in: a request read from the WSGI environment, its body within a bound, its query, its request id."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

import orjson

from hansom.contracts.errors import Invalid, Unreadable
from hansom.contracts.gateway import BadRequest, TooLarge
from hansom.ids import new_id

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
_CHUNK_LINE_MAX = 256
_TRAILERS_MAX = 32
MAX_QUERY_FIELDS = 50


class Request:
    """One HTTP request. `close()` has the connection closed after the answer, whatever is left of the body."""

    __slots__ = ("environ", "max_bytes", "method", "path", "request_id")

    def __init__(self, environ: dict[str, Any], max_bytes: int) -> None:
        self.environ, self.max_bytes = environ, max_bytes
        self.method: str = environ["REQUEST_METHOD"]
        self.path: str = environ["PATH_INFO"]
        given = environ.get("HTTP_X_REQUEST_ID", "")
        self.request_id = given if _REQUEST_ID.fullmatch(given) else new_id()

    def header(self, name: str) -> str | None:
        """A header by its WSGI name without `HTTP_`, such as `IDEMPOTENCY_KEY`."""
        return self.environ.get(f"HTTP_{name}")

    def headers(self) -> dict[str, str]:
        """All headers by their names in lower case, without those that say who somebody is."""
        sent = {name[5:]: value for name, value in self.environ.items() if name.startswith("HTTP_")}
        told = {name: value for name, value in sent.items() if name not in ("AUTHORIZATION", "COOKIE")}
        return {name.replace("_", "-").lower(): value for name, value in told.items()}

    def close(self) -> None:
        protocol = self.environ.get("hansom.protocol")
        if protocol is not None:
            protocol.close_after_answer()

    def query(self) -> dict[str, str]:
        """The query's fields. Raises Invalid: bad UTF-8, too many, or a field given twice."""
        text = self.environ.get("QUERY_STRING", "")
        if not text:
            return {}
        try:
            pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_QUERY_FIELDS)
        except ValueError as exc:
            raise Invalid(details={"query": ["Not a readable query in UTF-8."]}) from exc
        fields: dict[str, str] = {}
        for name, value in pairs:
            if name in fields:
                raise Invalid(details={name: ["Given more than once."]})
            fields[name] = value
        return fields

    def refuse_large(self) -> None:
        """Raises TooLarge when the declared length says so, before a byte of the body is read."""
        if self._declared_length() > self.max_bytes:
            self.close()
            raise TooLarge(details={"max_bytes": self.max_bytes})

    def json(self) -> Any:
        """The body as JSON; an empty object without a body. Raises TooLarge, Unreadable, BadRequest."""
        body = self.body()
        if not body:
            return {}
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as exc:
            raise Unreadable(details={"body": [str(exc)[:200]]}) from exc

    def body(self) -> bytes:
        """The body's bytes. Raises TooLarge, BadRequest."""
        encoding = self.environ.get("HTTP_TRANSFER_ENCODING", "").strip().lower()
        if encoding:
            return self._read_chunked(encoding)
        length = self._declared_length()
        self.refuse_large()
        if not length:
            return b""
        try:
            data = self.environ["wsgi.input"].read(length)
        except OSError as exc:
            self.close()
            raise BadRequest("The body did not come.") from exc
        if len(data) < length:
            self.close()
            raise BadRequest("The body is shorter than it said.")
        return data

    def _declared_length(self) -> int:
        return int(self.environ.get("CONTENT_LENGTH") or 0)

    def _read_chunked(self, encoding: str) -> bytes:
        """RFC 9112, section 7.1, with bounds: eventlet's own reader takes a line of any length."""
        if encoding != "chunked":
            self.close()
            raise BadRequest("The only transfer encoding is `chunked`.")
        source = self.environ["wsgi.input"]
        if source.should_send_hundred_continue:
            source.send_hundred_continue_response()
            source.is_hundred_continue_response_sent = True
        try:
            data = self._chunks(source.rfile)
        except (ValueError, OSError) as exc:
            self.close()
            raise BadRequest("The chunks are not readable.") from exc
        # all has been read: the server has nothing to throw away before the next request
        source.chunked_input, source.content_length = False, 0
        return data

    def _chunks(self, rfile: Any) -> bytes:
        parts: list[bytes] = []
        total = 0
        while True:
            size_text = _line(rfile).split(b";", 1)[0].strip()
            if not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", size_text):
                raise ValueError("not a chunk size")
            size = int(size_text, 16)
            if size == 0:
                break
            total += size
            if total > self.max_bytes:
                self.close()
                raise TooLarge(details={"max_bytes": self.max_bytes})
            part = rfile.read(size)
            if len(part) < size or rfile.read(2) != b"\r\n":
                raise ValueError("a chunk ended early")
            parts.append(part)
        for _ in range(_TRAILERS_MAX):
            if not _line(rfile).strip():
                return b"".join(parts)
        raise ValueError("too many trailers")


def _line(rfile: Any) -> bytes:
    line = rfile.readline(_CHUNK_LINE_MAX)
    if not line.endswith(b"\n"):
        raise ValueError("a line without an end")
    return line
