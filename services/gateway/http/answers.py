"""What goes out: JSON, documents and api.md's one form of an error."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson

from hansom.contracts.errors import HansomError

STATUS_BY_KIND = {
    "unreadable": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    "too_large": 413,
    "invalid": 422,
    "upgrade_required": 426,
    "too_many": 429,
    "internal": 500,
    "unavailable": 503,
}
"""Kind of an error → HTTP status: the one place that knows."""

STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}

JSON = "application/json"
RETRY_AFTER_S = 1


@dataclass(slots=True)
class Answer:
    """An HTTP answer. `body` is bytes; an empty one has no content type."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: list[tuple[str, str]] = field(default_factory=list)


def json_answer(value: Any, status: int = 200) -> Answer:
    return Answer(status, orjson.dumps(value))


def error_body(error: HansomError) -> dict[str, Any]:
    """`{code, message, details}` of api.md."""
    return {"code": error.code, "message": error.text, "details": error.details}


def status_of(error: HansomError) -> int:
    return STATUS_BY_KIND.get(error.kind, 500)


def error_answer(error: HansomError, request_id: str) -> Answer:
    """The answer that tells of an error, with the headers that its status asks for."""
    status = status_of(error)
    body = {"error": {**error_body(error), "request_id": request_id}}
    return Answer(status, orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS, default=str), headers=_headers(error))


def _headers(error: HansomError) -> list[tuple[str, str]]:
    if error.kind in ("too_many", "unavailable"):
        return [("Retry-After", str(_retry_after_s(error.details)))]
    if error.kind == "unauthenticated":
        return [("WWW-Authenticate", 'Bearer realm="hansom"')]
    if error.kind == "method_not_allowed":
        return [("Allow", ", ".join(error.details.get("allow", ())))]
    if error.kind == "upgrade_required":
        return [("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]
    return []


def _retry_after_s(details: dict[str, Any]) -> int:
    wait_s = details.get("retry_after_s")
    return max(1, math.ceil(wait_s)) if isinstance(wait_s, int | float) else RETRY_AFTER_S
