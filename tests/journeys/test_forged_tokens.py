"""A token that we did not make, or that is over, opens nothing; and nobody becomes what he is not."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
import requests

from hansom.tokens import make_access_token, make_refresh_token, read_access_token
from tests.support.apps import App
from tests.support.raw_socket import Client


def claims_of(app: App, **changes: Any) -> dict[str, Any]:
    """What the app's own token says, with changes."""
    return {**jwt.decode(app.token, options={"verify_signature": False}), **changes}


def unsigned(claims: dict[str, Any], alg: str = "none") -> str:
    parts = [json.dumps({"alg": alg, "typ": "JWT"}), json.dumps(claims)]
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts) + "."


def forgeries(config: dict[str, Any], app: App) -> dict[str, str]:
    """Tokens by what is wrong with them."""
    secret, claims = str(config["JWT_SECRET"]), claims_of(app)
    head, body, signature = app.token.split(".")
    now = datetime.now(UTC)
    other_body = unsigned(claims_of(app, role="ops")).split(".")[1]
    session = {"user_id": app.id, "role": app.role, "session_id": claims["sid"], "token_id": "x"}
    return {
        "expired": make_access_token(config, **session, issued_at=now - timedelta(hours=1)),
        "of a session that never was": make_access_token(config, **{**session, "session_id": "x"}, issued_at=now),
        "unsigned": unsigned(claims),
        "unsigned, in capitals": unsigned(claims, "NONE"),
        "signed with the secret itself": jwt.encode(claims, secret, algorithm="HS256"),
        "signed with another secret": jwt.encode(claims, "x" * 64, algorithm="HS256"),
        "of another algorithm": jwt.encode(claims, secret * 2, algorithm="HS512"),
        "of another issuer": jwt.encode({**claims, "iss": "other"}, secret, algorithm="HS256"),
        "with other claims": f"{head}.{other_body}.{signature}",
        "cut short": app.token[:-2],
        "without a signature": f"{head}.{body}.",
        "two in one": f"{app.token}.{app.token}",
        "a refresh token": app.refresh_token,
        "a made-up refresh token": make_refresh_token(config, claims["sid"], 0),
        "long": "a" * 5000,
        "no token": "null",
    }


@pytest.mark.parametrize("kind", ["rider", "driver"])
def test_a_forged_token_opens_nothing(people: Any, config: dict[str, Any], kind: str) -> None:
    app = people.rider() if kind == "rider" else people.driver(category="comfort")
    address = people.url.removeprefix("http://")
    for name, token in forgeries(config, app).items():
        answer = requests.get(f"{people.url}/v1/me", headers={"Authorization": f"Bearer {token}"}, timeout=10)
        assert answer.status_code == 401, (name, answer.text)
        assert answer.json()["error"]["code"] in ("unauthenticated", "session_ended"), name
        refused = Client(address).call("authenticate", {"token": token})
        assert not refused["success"], name
    for scheme in ("", "Basic eDp4", "Bearer", "Bearer ", f"bearer{app.token}", f"Token {app.token}"):
        answer = requests.get(f"{people.url}/v1/me", headers={"Authorization": scheme}, timeout=10)
        assert answer.status_code == 401, scheme
    assert app.call("GET", "/v1/me")["id"] == app.id


def test_a_token_that_ends_closes_what_it_opened(people: Any, config: dict[str, Any]) -> None:
    rider = people.rider()
    ttl_s = int(config["ACCESS_TOKEN_TTL_S"])
    session = {"user_id": rider.id, "role": "rider", "session_id": claims_of(rider)["sid"], "token_id": "x"}
    short = make_access_token(config, **session, issued_at=datetime.now(UTC) - timedelta(seconds=ttl_s - 2))
    assert read_access_token(config, short).user_id == rider.id
    client = Client(people.url.removeprefix("http://"), short)
    assert client.close_code() == 1008
    answer = requests.get(f"{people.url}/v1/me", headers={"Authorization": f"Bearer {short}"}, timeout=10)
    assert answer.status_code == 401


ROLES: list[tuple[str, str, str]] = [
    ("rider", "PUT", "/v1/driver/availability"),
    ("rider", "GET", "/v1/driver/earnings"),
    ("rider", "GET", "/v1/driver/payouts"),
    ("rider", "POST", "/v1/offers/x/accept"),
    ("rider", "POST", "/v1/trips/x/arrive"),
    ("rider", "POST", "/v1/trips/x/start"),
    ("rider", "POST", "/v1/trips/x/complete"),
    ("driver", "POST", "/v1/quotes"),
    ("driver", "POST", "/v1/trips"),
    ("driver", "GET", "/v1/places?q=a"),
    ("driver", "GET", "/v1/drivers/nearby?lat=60.17&lng=24.94"),
    *((role, "GET", f"/v1/ops/{page}") for role in ("rider", "driver") for page in ("overview", "trips", "drivers")),
    *((role, "GET", "/v1/ops/demand") for role in ("rider", "driver")),
    *((role, "GET", "/v1/ops/trips/x/decisions") for role in ("rider", "driver")),
    *((role, "POST", f"/v1/ops/drivers/x/{verb}") for role in ("rider", "driver") for verb in ("approve", "suspend")),
]


def test_nobody_does_what_is_anothers_to_do(people: Any, refused: Any) -> None:
    apps = {"rider": people.rider(), "driver": people.driver(category="comfort")}
    for role, method, path in ROLES:
        error = refused(apps[role], method, path)
        assert (error.status, error.code) == (403, "wrong_role"), (role, method, path, error)


@pytest.mark.parametrize("extra", [{"role": "ops"}, {"id": "x"}, {"approval": "approved"}, {"rating": 5}])
def test_nobody_makes_himself_more_than_he_is(people: Any, refused: Any, extra: dict[str, Any]) -> None:
    rider = people.rider()
    person = {
        "email": f"more-{rider.id}@example.org",
        "password": "correct horse",
        "name": "K",
        "phone": "+358401234567",
    }
    for method, path, body in (("PATCH", "/v1/me", {}), ("POST", "/v1/riders", person)):
        error = refused(rider, method, path, {**body, **extra})
        assert (error.status, list(error.error["details"])) == (422, list(extra))
    assert rider.call("GET", "/v1/me")["role"] == "rider"
