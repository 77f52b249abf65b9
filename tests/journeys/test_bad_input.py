"""Whatever a client sends, the answer is api.md's, no 500 among them, and everything goes on."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
import requests

from tests.support.apps import DROPOFF, PICKUP

SCRAPS: list[Any] = [
    None, True, 0, -1, 1.5, 1e300, 2**63, "", "x", "\u0000", "💡" * 50, "a" * 5000, [], [[]], {}, {"lat": 1}, "NaN",
    "' OR 1=1 --", {"lat": 91, "lng": 181}, {"lat": "60", "lng": "24"}, {"$ne": None}, "../../etc/passwd",
    "2026-13-01T00:00:00Z",
]  # fmt: skip


def scramble(rng: random.Random, body: Any) -> Any:
    """A body with something wrong in it."""
    turn = rng.random()
    if not isinstance(body, dict) or turn < 0.15:
        return rng.choice(SCRAPS)
    name = rng.choice([*body, "extra"])
    changed = {**body, name: scramble(rng, body.get(name)) if rng.random() < 0.5 else rng.choice(SCRAPS)}
    if turn < 0.3:
        changed.pop(rng.choice(list(changed)))
    return changed


VEHICLE = {"make": "Toyota", "model": "Prius", "colour": "white", "plate": "ABC-123", "category": "standard"}
PERSON = {"email": "x@example.org", "password": "correct horse", "name": "Kaisa", "phone": "+358401234567"}
BODIES: list[tuple[str, str, Any]] = [
    ("POST", "/v1/riders", PERSON),
    ("POST", "/v1/drivers", {**PERSON, "vehicle": VEHICLE}),
    ("POST", "/v1/sessions", {"email": "x@example.org", "password": "x"}),
    ("POST", "/v1/sessions/refresh", {"refresh_token": "a.1.b"}),
    ("PATCH", "/v1/me", {"name": "Kaisa", "phone": "+358401234567", "locale": "fi"}),
    ("POST", "/v1/quotes", {"pickup": PICKUP, "dropoff": DROPOFF}),
    ("POST", "/v1/trips", {"quote_id": "q", "category": "standard", "payment_method": "card_ok"}),
    ("POST", "/v1/trips/t/cancel", {"reason": "x"}),
    ("POST", "/v1/trips/t/rating", {"stars": 5, "comment": "x"}),
    ("POST", "/v1/trips/t/start", {"pin": "1234"}),
    ("PUT", "/v1/driver/availability", {"online": True}),
    ("POST", "/v1/offers/o/accept", {}),
]
QUERIES = [
    "/v1/places?q={}",
    "/v1/drivers/nearby?lat={}&lng={}",
    "/v1/me/trips?limit={}&cursor={}",
    "/v1/driver/earnings?from={}&to={}",
    "/v1/driver/payouts?cursor={}",
    "/v1/trips/{}",
    "/v1/trips/{}/receipt",
    "/v1/trips/{}/trace",
]
WORDS = [
    "",
    "x",
    "nan",
    "inf",
    "1e999",
    "-1",
    "0",
    "101",
    "%00",
    "%ff",
    "%F0%9F%92%A1",
    "a" * 3000,
    "'",
    "{}",
    "..",
    "[]",
    "=",
]


@pytest.mark.parametrize("seed", range(4))
def test_no_body_that_is_wrong_is_our_fault(people: Any, seed: int) -> None:
    rng, rider, driver = random.Random(seed), people.rider(), people.driver(category="comfort")
    for _ in range(40):
        method, path, body = rng.choice(BODIES)
        app = rng.choice([rider, driver])
        sent = json.dumps(scramble(rng, body)).encode()
        if rng.random() < 0.1:
            sent = sent[: len(sent) // 2] + b"\xff"
        answer = _send(app, method, path, sent)
        assert answer.status_code < 500, (method, path, sent, answer.text)
        if answer.status_code >= 400:
            assert {"code", "message", "details", "request_id"} == set(answer.json()["error"]), answer.text
        if answer.status_code == 422:
            assert answer.json()["error"]["details"], answer.text


def test_no_query_that_is_wrong_is_our_fault(people: Any) -> None:
    rider, driver = people.rider(), people.driver(category="comfort")
    for template in QUERIES:
        for word in WORDS:
            for app in (rider, driver):
                answer = _send(app, "GET", template.replace("{}", word))
                assert answer.status_code < 500, (template, word, answer.text)
                if answer.status_code >= 400:
                    assert answer.json()["error"]["code"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"pickup": {"lat": 0.0, "lng": 0.0}}, "pickup"),
        ({"dropoff": {"lat": 61.5, "lng": 24.94}}, "dropoff"),
        ({"pickup": {"lat": 91, "lng": 24.94}}, "pickup.lat"),
        ({"dropoff": {"lat": 60.17}}, "dropoff.lng"),
        ({"dropof": PICKUP}, "dropof"),
    ],
)
def test_a_quote_for_nowhere_names_the_field(people: Any, refused: Any, changes: dict[str, Any], field: str) -> None:
    error = refused(people.rider(), "POST", "/v1/quotes", {"pickup": PICKUP, "dropoff": DROPOFF, **changes})
    assert (error.status, field in error.error["details"]) == (422, True), error


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none_do_not_get_in(people: Any, number: str) -> None:
    rider = people.rider()
    body = f'{{"pickup": {{"lat": {number}, "lng": 24.94}}, "dropoff": {{"lat": 60.17, "lng": 24.94}}}}'
    assert _send(rider, "POST", "/v1/quotes", body.encode()).status_code in (400, 422)
    assert rider.quote()["id"]


def _send(app: Any, method: str, path: str, body: bytes | None = None) -> requests.Response:
    headers = {"Authorization": f"Bearer {app.token}", "Content-Type": "application/json"}
    return requests.request(method, app.url + path, data=body, headers=headers, timeout=30)
