"""The routes are api.md's, and the documents that tell of them are sound."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from hansom.contracts.errors import REGISTRY, TooMany, Unavailable
from services.gateway.docs import asyncapi_answer, group_of, openapi, openapi_answer, routes_of
from services.gateway.http.answers import STATUS_BY_KIND, error_answer
from services.gateway.http.route import ANYONE, DRIVER, OPS, PARTY, RIDER, USER
from services.gateway.routes.papers import preferred
from services.gateway.service import GatewayService
from services.gateway.socket.asyncapi import EVENTS, METHODS, asyncapi

API = {
    ("POST", "/v1/riders"): (ANYONE, 201),
    ("POST", "/v1/drivers"): (ANYONE, 201),
    ("POST", "/v1/sessions"): (ANYONE, 201),
    ("POST", "/v1/sessions/refresh"): (ANYONE, 200),
    ("DELETE", "/v1/sessions/current"): (USER, 204),
    ("GET", "/v1/me"): (USER, 200),
    ("PATCH", "/v1/me"): (USER, 200),
    ("GET", "/v1/me/trips"): (USER, 200),
    ("GET", "/v1/places"): (RIDER, 200),
    ("GET", "/v1/drivers/nearby"): (RIDER, 200),
    ("POST", "/v1/quotes"): (RIDER, 201),
    ("POST", "/v1/trips"): (RIDER, 201),
    ("GET", "/v1/trips/{trip_id}"): (USER, 200),
    ("POST", "/v1/trips/{trip_id}/cancel"): (USER, 200),
    ("GET", "/v1/trips/{trip_id}/trace"): (USER, 200),
    ("GET", "/v1/trips/{trip_id}/receipt"): (USER, 200),
    ("POST", "/v1/trips/{trip_id}/rating"): (PARTY, 201),
    ("PUT", "/v1/driver/availability"): (DRIVER, 200),
    ("POST", "/v1/offers/{offer_id}/accept"): (DRIVER, 200),
    ("POST", "/v1/offers/{offer_id}/decline"): (DRIVER, 200),
    ("POST", "/v1/trips/{trip_id}/arrive"): (DRIVER, 200),
    ("POST", "/v1/trips/{trip_id}/start"): (DRIVER, 200),
    ("POST", "/v1/trips/{trip_id}/complete"): (DRIVER, 200),
    ("GET", "/v1/driver/earnings"): (DRIVER, 200),
    ("GET", "/v1/driver/payouts"): (DRIVER, 200),
    ("GET", "/v1/ops/overview"): (OPS, 200),
    ("GET", "/v1/ops/trips"): (OPS, 200),
    ("GET", "/v1/ops/drivers"): (OPS, 200),
    ("GET", "/v1/ops/demand"): (OPS, 200),
    ("GET", "/v1/ops/trips/{trip_id}/decisions"): (OPS, 200),
    ("POST", "/v1/ops/drivers/{driver_id}/approve"): (OPS, 200),
    ("POST", "/v1/ops/drivers/{driver_id}/suspend"): (OPS, 200),
    ("GET", "/health"): (ANYONE, 200),
    ("GET", "/ready"): (ANYONE, 200),
    ("GET", "/metrics"): (ANYONE, 200),
    ("GET", "/openapi.json"): (ANYONE, 200),
    ("GET", "/asyncapi.json"): (ANYONE, 200),
    ("GET", "/"): (ANYONE, 200),
    ("GET", "/docs"): (ANYONE, 200),
}
"""api.md's table, by hand: who may, and the status when all is well."""


def test_every_line_of_the_contract_has_its_route() -> None:
    routes = {(route.method, route.path): (route.who, route.status) for route in routes_of(GatewayService)}
    assert {key: routes.get(key) for key in API} == API


def test_what_creates_or_charges_takes_an_idempotency_key() -> None:
    keyed = {route.path for route in routes_of(GatewayService) if route.keyed}
    assert keyed == {
        "/v1/riders",
        "/v1/drivers",
        "/v1/sessions",
        "/v1/sessions/refresh",
        "/v1/quotes",
        "/v1/trips",
        "/v1/trips/{trip_id}/destination-quotes",
        "/v1/trips/{trip_id}/rating",
        "/v1/trips/{trip_id}/tip",
        "/v1/ops/trips/{trip_id}/refunds",
        "/v1/ops/promo-codes",
    }


def test_the_openapi_document_describes_every_route_and_all_its_references_lead_somewhere() -> None:
    document = openapi(GatewayService)
    assert document["openapi"] == "3.1.0"
    for route in routes_of(GatewayService):
        if route.documented:
            operation = document["paths"][route.path][route.method.lower()]
            assert str(route.status) in operation["responses"]
    for reference in _references(document):
        assert _resolve(document, reference) is not None, reference


def test_the_asyncapi_document_has_every_method_and_event() -> None:
    document = asyncapi()
    assert set(document["channels"]["socket"]["messages"]) == {*METHODS, *EVENTS, "result"}
    for reference in _references(document):
        assert _resolve(document, reference) is not None, reference


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in _references(value)]
    if isinstance(node, list):
        return [found for value in node for found in _references(value)]
    return []


def _resolve(document: Any, reference: str) -> Any:
    for part in reference.removeprefix("#/").split("/"):
        document = document.get(part) if isinstance(document, dict) else None
    return document


def test_every_kind_of_error_has_a_status() -> None:
    import hansom.contracts.payments
    import hansom.contracts.pricing
    import hansom.contracts.ratings  # noqa: F401

    assert {cls.kind for cls in REGISTRY.values()} <= STATUS_BY_KIND.keys()


def test_errors_that_pass_say_when_to_come_again() -> None:
    assert ("Retry-After", "60") in error_answer(TooMany(details={"retry_after_s": 59.2}), "r").headers
    assert ("Retry-After", "1") in error_answer(Unavailable(), "r").headers


@pytest.mark.parametrize(
    ("accept", "document"),
    [
        ("", None),
        ("*/*", None),
        ("application/json", None),
        ("text/html", "html"),
        ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "html"),
        ("application/json, text/html;q=0.5", None),
        ("text/html;q=0.2, application/pdf;q=0.8", "pdf"),
        ("application/pdf;q=zero", None),
    ],
)
def test_the_receipt_comes_in_the_form_that_is_wanted_most(accept: str, document: str | None) -> None:
    assert preferred(accept) == document


def test_every_operation_is_in_one_group_says_who_may_and_what_its_method_says_of_it() -> None:
    document = openapi(GatewayService)
    operations = document["paths"]
    assert {tag["name"] for tag in document["tags"]} == {
        tag for methods in operations.values() for operation in methods.values() for tag in operation["tags"]
    }
    assert operations["/v1/trips"]["post"]["tags"] == ["Asking for a ride"]
    assert operations["/v1/trips/{trip_id}/arrive"]["post"]["tags"] == ["Driving"]
    way = operations["/v1/trips/{trip_id}/route"]["get"]
    assert way["x-roles"] == ["driver", "ops", "rider"]
    assert "409 `no_way`" in way["description"] and way["description"].endswith("For: driver, ops, rider.")
    assert "x-roles" not in operations["/v1/riders"]["post"]
    with pytest.raises(LookupError):
        group_of("/v2/riders")


def test_patterns_are_written_as_every_reader_of_json_schema_knows_them() -> None:
    patterns = {node["pattern"] for node in _nodes(openapi(GatewayService)) if isinstance(node.get("pattern"), str)}
    assert "^[0-9]{1,12}$" in patterns
    assert not [each for each in patterns if r"\A" in each or r"\Z" in each]


def _nodes(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, list):
        return [found for value in node for found in _nodes(value)]
    return [node, *(found for value in node.values() for found in _nodes(value))] if isinstance(node, dict) else []


def test_the_documents_come_packed_for_who_takes_them_so() -> None:
    for plain, packed in (
        (openapi_answer(GatewayService, packed=False), openapi_answer(GatewayService, packed=True)),
        (asyncapi_answer(packed=False), asyncapi_answer(packed=True)),
    ):
        assert ("Content-Encoding", "gzip") in packed.headers and ("Content-Encoding", "gzip") not in plain.headers
        assert gzip.decompress(packed.body) == plain.body
        assert ("Vary", "Accept-Encoding") in plain.headers
    assert len(openapi_answer(GatewayService, packed=True).body) < 30_000
