"""The contract, told by the code: OpenAPI from the routes, AsyncAPI from the socket's methods, and a page to try it."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
from apispec import APISpec
from marshmallow import Schema
from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR
from swagger_ui_bundle import swagger_ui_path

from services.gateway import replies
from services.gateway.http.answers import Answer, json_answer
from services.gateway.http.route import Route
from services.gateway.socket.asyncapi import asyncapi
from services.gateway.spec import marshmallow_plugin

TITLE, VERSION = "Hansom", "1.0.0"
_STATIC_TYPES = {"css": "text/css", "js": "text/javascript", "png": "image/png"}
_STATIC = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png", "favicon-16x16.png")

_PAGE = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Hansom's API</title>
<link rel="icon" href="/docs/favicon-32x32.png"><link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="stylesheet" href="/docs/page.css"></head>
<body><nav aria-label="The contract"><b>Hansom's API</b> <a href="/asyncapi">The socket: AsyncAPI</a>
<a href="/openapi.json">OpenAPI as JSON</a></nav>
<main id="page"></main><script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script>
</body></html>
"""
_START = b"""window.onload = () => SwaggerUIBundle({url: "/docs/openapi.json", dom_id: "#page", deepLinking: true});
"""
_LOOK = b"""body { margin: 0; background: #fff; color: #1d1f24; overflow-wrap: anywhere; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; align-items: center; padding: .6rem 1rem;
  border-bottom: 1px solid #d9d5cd; font: 16px/1.45 system-ui, sans-serif; }
nav a { display: inline-flex; align-items: center; min-height: 28px; color: #0b6e4f; }
.swagger-ui .scheme-container { background: none; }
/* Swagger UI knows light only: its colours are turned round, its hues stay */
@media (prefers-color-scheme: dark) {
  body { background: #1a1d23; color: #eceef2; }
  nav { border-color: #3b414d; }
  nav a { color: #4cc79b; }
  .swagger-ui { filter: invert(.9) hue-rotate(180deg); }
  .swagger-ui .highlight-code, .swagger-ui .microlight { filter: invert(1) hue-rotate(180deg); }
}
"""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_WRITTEN = {"start.js": (_START, "text/javascript; charset=utf-8"), "page.css": (_LOOK, "text/css; charset=utf-8")}


def routes_of(service: type) -> list[Route]:
    """The routes of a service class, by path and method."""
    found = []
    for name in dir(service):
        for entrypoint in getattr(getattr(service, name), ENTRYPOINT_EXTENSIONS_ATTR, ()):
            if isinstance(entrypoint, Route):
                found.append(entrypoint)
    return sorted(found, key=lambda each: (each.path, each.method))


@cache
def openapi(service: type, version: str = "3.1.0") -> dict[str, Any]:
    """The OpenAPI document of a service's routes."""
    spec = APISpec(
        TITLE,
        VERSION,
        version,
        plugins=[marshmallow_plugin()],
        info={"description": "Ask for a ride, drive one, look after them. The socket is described at /asyncapi.json."},
    )
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    spec.components.schema("Error", schema=replies.Error)
    for route in routes_of(service):
        if route.documented:
            spec.path(route.path, operations={route.method.lower(): _operation(route)})
    return spec.to_dict()


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
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
        operation["description"] = f"For: {', '.join(sorted(route.who))}."
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
    return [{"in": "header", "name": "Idempotency-Key", "required": False, "schema": schema}]


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


@cache
def _openapi_bytes(service: type, version: str) -> bytes:
    return orjson.dumps(openapi(service, version))


def openapi_answer(service: type, version: str = "3.1.0") -> Answer:
    """The page's Swagger UI reads 3.0 only; everybody else gets 3.1."""
    return Answer(200, _openapi_bytes(service, version))


def asyncapi_answer() -> Answer:
    return json_answer(asyncapi())


def page() -> Answer:
    """The page of the HTTP contract; that of the socket is one of the built pages."""
    headers = [("Content-Security-Policy", _POLICY), ("X-Content-Type-Options", "nosniff")]
    return Answer(200, _PAGE, "text/html; charset=utf-8", headers)


@cache
def static_file(name: str) -> Answer | None:
    """A file of the documentation page, or None."""
    if name in _WRITTEN:
        return Answer(200, *_WRITTEN[name])
    if name not in _STATIC:
        return None
    body = (swagger_ui_path / name).read_bytes()
    kind = _STATIC_TYPES[name.rsplit(".", 1)[1]]
    return Answer(200, body, kind, [("Cache-Control", "public, max-age=86400")])
