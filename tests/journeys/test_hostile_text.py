"""Names, addresses and words as people, and those who mean harm, type them."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
import requests

from tests.support.apps import PASSWORD

NAMES = [
    "O'Brien'; DROP TABLE accounts; --",
    '"); db.users.drop(); ("',
    "עברית שלום",
    "محمد بن سلمان",
    "Ὀδυσσεύς",
    "张伟",
    "नरेन्द्र मोदी",
    "👩‍👩‍👧‍👦 Family",
    "Zoë Ångström",
    "${jndi:ldap://x}{{7*7}}%s%n",
    "<script>alert(1)</script>",
    "a" * 100,
]
NOT_NAMES = {
    "a NUL": "a\u0000b",
    "an escape": "a\u001b[31mb",
    "nothing": "",
    "blanks": " \t ",
    "only what is not seen": "\u200b\u2060\ufeff",
    "turned round": "Anna\u202egnol",
    "an isolate left open": "Anna\u2066",
    "too long": "a" * 101,
    "too long when composed": "\u0344" * 60,
    "a number": 5,
    "a list": ["Anna"],
}


def person(**changes: Any) -> dict[str, Any]:
    email = f"{uuid4().hex}@example.org"
    return {"email": email, "password": PASSWORD, "name": "Kaisa", "phone": "+358401234567", **changes}


def test_a_name_comes_back_as_it_was_given(people: Any) -> None:
    rider = people.rider()
    for name in NAMES:
        assert rider.call("PATCH", "/v1/me", {"name": name})["name"] == name
        assert rider.call("GET", "/v1/me")["name"] == name


def test_what_is_no_name_is_refused_by_its_field(people: Any, refused: Any) -> None:
    rider = people.rider()
    before = rider.call("GET", "/v1/me")
    for why, name in NOT_NAMES.items():
        error = refused(rider, "PATCH", "/v1/me", {"name": name})
        assert (error.status, list(error.error["details"])) == (422, ["name"]), (why, error)
    assert rider.call("GET", "/v1/me") == before


@pytest.mark.parametrize("field", ["email", "password", "name", "phone", "locale"])
def test_half_a_character_is_not_json(people: Any, field: str) -> None:
    for method, path in (("POST", "/v1/riders"), ("POST", "/v1/sessions"), ("PATCH", "/v1/me")):
        body = json.dumps(person(**{field: "\ud800"})).encode()
        headers = {"Authorization": f"Bearer {people.rider().token}"}
        answer = requests.request(method, people.url + path, data=body, headers=headers, timeout=10)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unreadable_body"), answer.text


@pytest.mark.parametrize(
    "email",
    [
        *(
            "x",
            "a@b",
            "@example.org",
            "a@",
            "a b@example.org",
            "a@exa\nmple.org",
            "a\u0000@example.org",
            "a@exa mple.org",
        ),
        *("<a>@example.org,b@example.org", "a@example.org\r\nBcc: b@example.org", "a" * 320 + "@example.org", 5, None),
        *({"$ne": ""}, ["a@example.org"]),
    ],
)
def test_what_is_no_address_is_refused(people: Any, refused: Any, email: Any) -> None:
    rider = people.rider()
    error = refused(rider, "POST", "/v1/riders", person(email=email))
    assert (error.status, list(error.error["details"])) == (422, ["email"])
    assert refused(rider, "PATCH", "/v1/me", {"email": email}).status == 422


def test_an_address_is_one_however_it_is_written(people: Any, refused: Any) -> None:
    rider = people.rider()
    for email in (rider.email.upper(), rider.email.replace("@example", "@EXAMPLE"), f" {rider.email} "):
        error = refused(rider, "POST", "/v1/riders", person(email=email))
        assert error.code in ("email_taken", "invalid"), email
        assert refused(rider, "POST", "/v1/drivers", {**person(email=email), "vehicle": {}}).status == 422


def test_words_to_a_trip_and_a_rating_are_kept_as_they_are(people: Any, refused: Any) -> None:
    rider = people.rider()
    trip = rider.ask(category="van")
    for reason in ("a\u0000b", "a" * 501, 5, {}):
        assert refused(rider, "POST", f"/v1/trips/{trip['id']}/cancel", {"reason": reason}).status == 422
    assert rider.trip(trip["id"])["state"] == "requested"
    cancelled = rider.call("POST", f"/v1/trips/{trip['id']}/cancel", {"reason": "'; -- שלום\n💡"})
    assert cancelled["state"] == "cancelled"


KEYS = ["", "x" * 201, "x" * 4000, "a b", "kl\u00e4", "\u043a\u043b\u044e\u0447".encode(), "\x01", "\x7f"]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_that_is_none_is_refused_and_nothing_is_made(people: Any, key: Any) -> None:
    rider = people.rider()
    raw = key if isinstance(key, bytes) else key.encode("latin-1")
    headers: dict[str, Any] = {"Authorization": f"Bearer {rider.token}", "Idempotency-Key": raw}
    body = {"quote_id": rider.quote()["id"], "category": "van"}
    answer = requests.post(f"{people.url}/v1/trips", json=body, headers=headers, timeout=10)
    assert (answer.status_code, list(answer.json()["error"]["details"])) == (422, ["Idempotency-Key"]), answer.text
    assert rider.call("GET", "/v1/me/trips")["items"] == []


CURSORS = ["x", "AAAA", "bnVsbA", "W10", "eyJhIjoxfQ==", "%00", "..%2f", "A" * 500, "A" * 5000, "%F0%9F%9A%95"]


def test_a_cursor_that_nobody_gave_is_refused(people: Any, ops: Any) -> None:
    lists = [
        (people.rider(), "/v1/me/trips"),
        (people.driver(category="comfort"), "/v1/driver/earnings"),
        (people.driver(category="comfort"), "/v1/driver/payouts"),
        (ops, "/v1/ops/trips"),
        (ops, "/v1/ops/drivers"),
    ]
    for app, path in lists:
        for cursor in CURSORS:
            headers = {"Authorization": f"Bearer {app.token}"}
            answer = requests.get(f"{people.url}{path}?cursor={cursor}", headers=headers, timeout=10)
            assert answer.status_code == 422, (path, cursor, answer.text)
            assert list(answer.json()["error"]["details"]) == ["cursor"], (path, cursor)
        for limit in ("0", "-1", "101", "1e1", "+5", "5.0", "%D9%A5", "9" * 30, "nan", "1&limit=2"):
            headers = {"Authorization": f"Bearer {app.token}"}
            answer = requests.get(f"{people.url}{path}?limit={limit}", headers=headers, timeout=10)
            assert answer.status_code == 422, (path, limit, answer.text)
