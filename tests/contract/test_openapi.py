"""What `/openapi.json` promises is what api.md names, and what the running stack does, whatever it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from hansom.stack.testing import RunningStack, hansom
from tests.support.apps import PASSWORD, App, new_driver, new_rider

API_MD = {
    ("POST", "/v1/riders"),
    ("POST", "/v1/drivers"),
    ("POST", "/v1/sessions"),
    ("POST", "/v1/sessions/refresh"),
    ("DELETE", "/v1/sessions/current"),
    ("GET", "/v1/me"),
    ("PATCH", "/v1/me"),
    ("GET", "/v1/me/trips"),
    ("GET", "/v1/places"),
    ("GET", "/v1/drivers/nearby"),
    ("POST", "/v1/quotes"),
    ("POST", "/v1/trips"),
    ("GET", "/v1/trips/{id}"),
    ("POST", "/v1/trips/{id}/cancel"),
    ("GET", "/v1/trips/{id}/trace"),
    ("GET", "/v1/trips/{id}/receipt"),
    ("POST", "/v1/trips/{id}/rating"),
    ("PUT", "/v1/driver/availability"),
    ("POST", "/v1/offers/{id}/accept"),
    ("POST", "/v1/offers/{id}/decline"),
    ("POST", "/v1/trips/{id}/arrive"),
    ("POST", "/v1/trips/{id}/start"),
    ("POST", "/v1/trips/{id}/complete"),
    ("GET", "/v1/driver/earnings"),
    ("GET", "/v1/driver/payouts"),
    ("GET", "/v1/ops/overview"),
    ("GET", "/v1/ops/trips"),
    ("GET", "/v1/ops/drivers"),
    ("GET", "/v1/ops/demand"),
    ("GET", "/v1/ops/trips/{id}/decisions"),
    ("POST", "/v1/ops/drivers/{id}/approve"),
    ("POST", "/v1/ops/drivers/{id}/suspend"),
    ("GET", "/health"),
    ("GET", "/ready"),
    ("GET", "/metrics"),
}
"""api.md's table, which is never shortened: other people's clients are written against it."""

BODIES = {
    ("POST", "/v1/riders"): {"email", "password", "name", "phone"},
    ("POST", "/v1/drivers"): {"email", "password", "name", "phone", "vehicle"},
    ("POST", "/v1/sessions"): {"email", "password"},
    ("POST", "/v1/sessions/refresh"): {"refresh_token"},
    ("POST", "/v1/quotes"): {"pickup", "dropoff"},
    ("POST", "/v1/trips"): {"quote_id", "category", "payment_method"},
    ("POST", "/v1/trips/{id}/cancel"): {"reason"},
    ("POST", "/v1/trips/{id}/rating"): {"stars", "comment"},
    ("POST", "/v1/trips/{id}/start"): {"pin"},
    ("PUT", "/v1/driver/availability"): {"online"},
}
ANSWERS = {
    ("POST", "/v1/riders"): {"user", "access_token", "refresh_token", "expires_in"},
    ("GET", "/v1/me"): {"id", "role", "email", "name", "phone", "rating"},
    ("GET", "/v1/me/trips"): {"items", "next_cursor"},
    ("POST", "/v1/quotes"): {"id", "distance_m", "duration_s", "route", "options", "expires_at"},
    ("GET", "/v1/trips/{id}"): {
        *("id", "state", "category", "rider_id", "driver_id", "pickup", "dropoff", "quote_id", "fare", "pin", "driver"),
        *("distance_m", "duration_s", "requested_at", "assigned_at", "arrived_at", "started_at", "completed_at"),
        *("cancelled_at", "cancelled_by", "version"),
    },
    ("GET", "/v1/trips/{id}/trace"): {"distance_m", "matched_route", "points"},
    ("GET", "/v1/trips/{id}/receipt"): {"lines", "total", "paid_with"},
    ("POST", "/v1/offers/{id}/accept"): {"offer", "trip"},
}
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 12
"""Requests to an operation, of each role and each kind (that fits the contract, that does not)."""


@pytest.fixture(scope="module")
def document(running_stack: RunningStack) -> dict[str, Any]:
    answer = requests.get(f"{running_stack.url}/openapi.json", timeout=10)
    assert answer.headers["Content-Type"].startswith("application/json")
    return answer.json()


def test_it_names_every_path_of_api_md(document: dict[str, Any]) -> None:
    named = {(method, path) for method, path, _ in _operations(document)}
    assert not API_MD - named


@pytest.mark.parametrize(("operation", "names"), BODIES.items())
def test_bodies_keep_the_names_of_their_fields(
    document: dict[str, Any], operation: tuple[str, str], names: set[str]
) -> None:
    described = _find(document, operation)["requestBody"]["content"]["application/json"]["schema"]
    assert names <= set(_resolve(document, described)["properties"])


@pytest.mark.parametrize(("operation", "names"), ANSWERS.items())
def test_answers_keep_the_names_of_their_fields(
    document: dict[str, Any], operation: tuple[str, str], names: set[str]
) -> None:
    responses = _find(document, operation)["responses"]
    success = next(each for status, each in responses.items() if status.startswith("2"))
    schema = _resolve(document, success["content"]["application/json"]["schema"])
    assert names <= set(schema["properties"])
    assert names <= set(schema["required"])


@pytest.mark.parametrize("role", ["nobody", "rider", "driver", "ops"])
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_as_the_contract_says(
    crowd: Crowd, document: dict[str, Any], role: str, mode: GenerationMode
) -> None:
    schema = schemathesis.openapi.from_dict(document)
    for operation in (found.ok() for found in schema.get_all_operations()):
        if mode is GenerationMode.POSITIVE or _takes_something(operation):
            _try_out(crowd, operation, role, mode)
    assert requests.get(f"{crowd.url}/ready", timeout=10).status_code == 200


def _try_out(crowd: Crowd, operation: Any, role: str, mode: GenerationMode) -> None:
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), real=st.booleans())
    def send(case: Any, real: bool) -> None:
        if real:  # most made-up ids end at the door; those of a ride that was go further in
            case.path_parameters = {**case.path_parameters, **crowd.ids(case.path_parameters)}
        answer = case.call(base_url=crowd.url, headers=crowd.headers(role), timeout=30)
        crowd.notice(role, case, answer)
        assert answer.status_code < 500, (answer.status_code, answer.text, case.as_curl_command())
        if answer.status_code not in (405, 426):
            case.validate_response(answer, checks=CHECKS)
        if answer.status_code >= 400:
            _is_an_error(answer)

    send()


def _takes_something(operation: Any) -> bool:
    """There is something about a request that can be wrong."""
    return any([operation.body, operation.query, operation.path_parameters, operation.headers])


def _is_an_error(answer: Any) -> None:
    body = answer.json()
    assert set(body) == {"error"}
    error = body["error"]
    assert set(error) == {"code", "message", "details", "request_id"}
    assert error["code"] == error["code"].lower().replace(" ", "_")
    assert error["request_id"] == answer.headers["x-request-id"][0]
    if answer.status_code == 422:
        assert error["details"], body
        assert all(isinstance(why, list) and why for why in error["details"].values()), body


# -- who asks --------------------------------------------------------------------------------------------------------
@dataclass
class Crowd:
    """Users of every role, and a ride that was."""

    url: str
    ride: dict[str, str]
    apps: dict[str, App] = field(default_factory=dict)

    def ids(self, parameters: dict[str, Any]) -> dict[str, str]:
        return {name: self.ride[name] for name in parameters if name in self.ride}

    def headers(self, role: str) -> dict[str, str]:
        return {} if role == "nobody" else {"Authorization": f"Bearer {self.apps[role].token}"}

    def notice(self, role: str, case: Any, answer: Any) -> None:
        """Whoever has just logged himself out logs in again, by the address that he may have changed."""
        if role == "nobody":
            return
        app = self.apps[role]
        if (case.method.upper(), case.path, answer.status_code) == ("PATCH", "/v1/me", 200):
            app.email = answer.json()["email"]
        if (case.path, answer.status_code) == ("/v1/sessions/current", 204):
            app.token = app.call("POST", "/v1/sessions", {"email": app.email, "password": PASSWORD})["access_token"]


@pytest.fixture(scope="module")
def crowd(running_stack: RunningStack) -> Iterator[Crowd]:
    rider, driver, ops = new_rider(running_stack.url), new_driver(running_stack.url), App(running_stack.url, "ops")
    hansom(running_stack.home, "ops-user", ops.email, "--password", PASSWORD)
    ops.token = ops.call("POST", "/v1/sessions", {"email": ops.email, "password": PASSWORD})["access_token"]
    trip = rider.ask()
    offer = driver.event("offer_made", trip_id=trip["id"])
    driver.call("POST", f"/v1/offers/{offer['offer_id']}/accept", {})
    driver.do(trip["id"], "arrive")
    driver.do(trip["id"], "start", {"pin": trip["pin"]})
    driver.do(trip["id"], "complete")
    rider.event("payment_captured", trip_id=trip["id"])
    driver.call("PUT", "/v1/driver/availability", {"online": False})
    ride = {"trip_id": trip["id"], "offer_id": offer["offer_id"], "driver_id": driver.id}
    yield Crowd(running_stack.url, ride, {"rider": rider, "driver": driver, "ops": ops})
    driver.close()
    rider.close()


# -- the document ----------------------------------------------------------------------------------------------------
def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path with `{id}` for each parameter, and description."""
    for path, methods in document["paths"].items():
        plain = "/".join("{id}" if part.startswith("{") else part for part in path.split("/"))
        for method, described in methods.items():
            yield method.upper(), plain, described


def _find(document: dict[str, Any], operation: tuple[str, str]) -> dict[str, Any]:
    return next(described for method, path, described in _operations(document) if (method, path) == operation)


def _resolve(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    return document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
