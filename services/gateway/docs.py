"""The contract, told by the code: OpenAPI from the routes, AsyncAPI from the socket's methods.

The pages to read and try them are built from `pages/src/docs` and `pages/src/asyncapi`.
"""

from __future__ import annotations

import gzip
import inspect
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import orjson
from apispec import APISpec
from marshmallow import Schema
from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR

from services.gateway import replies
from services.gateway.http.answers import Answer
from services.gateway.http.route import Route
from services.gateway.socket.asyncapi import asyncapi
from services.gateway.spec import marshmallow_plugin

TITLE, VERSION = "Hansom", "1.0.0"

ABOUT = """Ask for a ride, drive one, look after them. What is pushed to apps is described at `/asyncapi.json`.

- Sign up or log in, then send `Authorization: Bearer <access_token>`. It runs out after `expires_in` seconds: swap the
  refresh token for a new pair, once.
- A POST that creates or charges takes an `Idempotency-Key`: sent again with the same body, it has one effect and the
  same answer; with another body it is refused (409 `idempotency_key_reused`).
- Lists are `{items, next_cursor}`: send the cursor as `cursor` for more; null is the end.
- Errors are `{error: {code, message, details, request_id}}`. `code` is for programs and never changes; of a 422
  `details` names each wrong field. 429 and 503 say in `Retry-After` when to come again.
- Money is `{"amount_minor": 1250, "currency": "EUR"}`: whole minor units. Times are RFC 3339 in UTC; other units stand
  in names: `distance_m`, `duration_s`.
- New fields and operations may come at any time: ignore what you do not know. None is renamed or taken away."""

GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Accounts": ("Sign up, sign in, and one's own profile.", ("/v1/riders", "/v1/drivers", "/v1/sessions", "/v1/me")),
    "Asking for a ride": (
        "Places, cars near, a price that holds, and the request.",
        ("/v1/places", "/v1/drivers/nearby", "/v1/quotes", "/v1/trips"),
    ),
    "Trips": ("What both parties see and do of a trip.", ("/v1/trips/", "/v1/me/trips")),
    "Driving": (
        "Availability, papers, offers, and the verbs of a ride.",
        (
            "/v1/driver/",
            "/v1/offers/",
            "/v1/trips/{trip_id}/arrive",
            "/v1/trips/{trip_id}/start",
            "/v1/trips/{trip_id}/complete",
            "/v1/trips/{trip_id}/no-show",
        ),
    ),
    "Paying": (
        "Receipts, tips, what is owed, and what the payment provider tells.",
        (
            "/v1/me/debts",
            "/v1/me/payment-confirmations",
            "/v1/trips/{trip_id}/receipt",
            "/v1/trips/{trip_id}/tip",
            "/v1/webhooks",
        ),
    ),
    "Earnings": (
        "What a driver has earned, and when it is paid.",
        ("/v1/driver/earnings", "/v1/driver/payout"),
    ),
    "Cities": ("Where rides are served, and their maps.", ("/v1/cities",)),
    "Operations: the city": ("Live figures, demand, surge and promised times.", ("/v1/ops/",)),
    "Operations: trips": ("Find trips, and see why each went as it did.", ("/v1/ops/trips", "/v1/ops/trace-readings")),
    "Operations: drivers": ("Who may drive, with which papers.", ("/v1/ops/drivers", "/v1/ops/implausible")),
    "Operations: money": (
        "Refunds, promo codes, audits and the ledger.",
        ("/v1/ops/trips/{trip_id}/refunds", "/v1/ops/promo-codes", "/v1/ops/audit", "/v1/ops/ledger"),
    ),
    "Operations: the system": ("Services, stores, and parked messages.", ("/v1/ops/health", "/v1/ops/parked")),
    "The gateway": ("Is it up, and how is it doing.", ("/health", "/ready", "/metrics")),
}
"""How the page groups operations: what each group is about, and how its paths begin. The longest beginning counts."""


def routes_of(service: type) -> list[Route]:
    """The routes of a service class, by path and method."""
    return [route for route, _ in _routes_with_methods(service)]


def _routes_with_methods(service: type) -> list[tuple[Route, Callable[..., Any]]]:
    return sorted(_find_routes(service), key=lambda found: (found[0].path, found[0].method))


def _find_routes(service: type) -> Iterator[tuple[Route, Callable[..., Any]]]:
    for name in dir(service):
        method = getattr(service, name)
        for entrypoint in getattr(method, ENTRYPOINT_EXTENSIONS_ATTR, ()):
            if isinstance(entrypoint, Route):
                yield entrypoint, method


def group_of(path: str) -> str:
    """The group that a path belongs to. Raises LookupError: to none."""
    beginnings = {start: group for group, (_, starts) in GROUPS.items() for start in starts if path.startswith(start)}
    if not beginnings:
        raise LookupError(f"no group of GROUPS has {path}")
    return beginnings[max(beginnings, key=len)]


@cache
def openapi(service: type) -> dict[str, Any]:
    """The OpenAPI document of a service's routes."""
    spec = APISpec(
        TITLE,
        VERSION,
        "3.1.0",
        plugins=[marshmallow_plugin()],
        info={"description": ABOUT},
        tags=[{"name": name, "description": about} for name, (about, _) in GROUPS.items()],
    )
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    spec.components.schema("Error", schema=replies.Error)
    for route, method in _routes_with_methods(service):
        if route.documented:
            spec.path(route.path, operations={route.method.lower(): _operation(route, inspect.getdoc(method) or "")})
    return spec.to_dict()


def _operation(route: Route, about: str) -> dict[str, Any]:
    """A route's operation; `about` is what its method says of itself, and `x-roles` who may, for programs."""
    operation: dict[str, Any] = {
        "tags": [group_of(route.path)],
        "summary": route.summary,
        "operationId": f"{route.method.lower()}_{route.path.strip('/').replace('/', '_').translate(_PLAIN)}",
        "parameters": [*_path_parameters(route.path), *_header_parameters(route)],
        "responses": {str(route.status): _answer(route), **_errors(route)},
    }
    if route.query is not None:
        operation["parameters"].append({"in": "query", "schema": type(route.query)})
    if route.body is not None:
        required = any(each.required for each in route.body.fields.values())
        operation["requestBody"] = {"required": required, "content": _json(type(route.body))}
    if route.raw:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
    if route.who:
        operation["security"] = [{"token": []}]
        operation["x-roles"] = sorted(route.who)
    said = [about, f"For: {', '.join(sorted(route.who))}." if route.who else ""]
    if any(said):
        operation["description"] = "\n\n".join(filter(None, said))
    return operation


_PLAIN = str.maketrans({"{": None, "}": None, ".": "_"})


def _path_parameters(path: str) -> list[dict[str, Any]]:
    names = [segment[1:-1] for segment in path.split("/") if segment.startswith("{")]
    pattern = {"type": "string", "pattern": "^[A-Za-z0-9_.~-]{1,64}$"}
    return [{"in": "path", "name": name, "required": True, "schema": pattern} for name in names]


def _header_parameters(route: Route) -> list[dict[str, Any]]:
    if not route.keyed:
        return []
    schema = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[\\x21-\\x7e]+$"}
    told = "One effect, however often it is sent with this key and body."
    return [{"in": "header", "name": "Idempotency-Key", "required": False, "schema": schema, "description": told}]


def _json(schema: type[Schema]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _answer(route: Route) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": route.summary or "As asked."}
    content = _json(type(route.gives)) if route.gives is not None else {}
    content |= {kind: {} for kind in route.also}
    if content:
        answer["content"] = content
    return answer


_REFUSALS = {
    400: "Unreadable JSON.",
    401: "No token, or a bad one.",
    403: "Not yours.",
    404: "Unknown.",
    409: "The state forbids it.",
    413: "Too large.",
    422: "A field is wrong: `details` names each.",
    429: "Too many: see Retry-After.",
    503: "A part is down: see Retry-After.",
}


def _errors(route: Route) -> dict[str, Any]:
    """What a route may answer besides what was asked for."""
    statuses = {429, 503, *route.refuses}
    if route.who:
        statuses |= {401, 403}
    if "{" in route.path:
        statuses.add(404)
    if route.method not in ("GET", "DELETE"):
        statuses |= {400, 409, 413}
    if route.body is not None or route.query is not None or route.method == "POST":
        statuses.add(422)
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {str(status): {"description": _REFUSALS[status], "content": content} for status in sorted(statuses)}


def openapi_answer(service: type, *, packed: bool) -> Answer:
    """The OpenAPI document, gzipped if `packed`: a tenth of it."""
    return _document(_openapi_bytes(service, packed), packed)


def asyncapi_answer(*, packed: bool) -> Answer:
    return _document(_asyncapi_bytes(packed), packed)


@cache
def _openapi_bytes(service: type, packed: bool) -> bytes:
    return _bytes(openapi(service), packed)


@cache
def _asyncapi_bytes(packed: bool) -> bytes:
    return _bytes(asyncapi(), packed)


def _bytes(document: dict[str, Any], packed: bool) -> bytes:
    plain = orjson.dumps(document)
    return gzip.compress(plain, mtime=0) if packed else plain


def _document(body: bytes, packed: bool) -> Answer:
    headers = [("Vary", "Accept-Encoding")]
    return Answer(200, body, headers=[*headers, ("Content-Encoding", "gzip")] if packed else headers)
