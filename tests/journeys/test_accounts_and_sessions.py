"""Who one is: registering, logging in and out, tokens that rotate, a profile that is never stale."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import requests

from tests.support.apps import PASSWORD, RiderApp
from tests.support.waiting import eventually


def test_a_session_from_registration_to_log_out(people: Any, refused: Any) -> None:
    rider = people.rider()
    assert refused(rider, "POST", "/v1/riders", _body(rider.email)).code == "email_taken"
    session = rider.call("POST", "/v1/sessions", {"email": rider.email, "password": PASSWORD})
    assert session["user"]["id"] == rider.id
    assert session["user"]["role"] == "rider"
    assert session["expires_in"] > 0
    wrong = refused(rider, "POST", "/v1/sessions", {"email": rider.email, "password": "not the password"})
    assert (wrong.status, wrong.code) == (401, "bad_credentials")
    assert rider.call("DELETE", "/v1/sessions/current") == {}
    assert refused(rider, "GET", "/v1/me").status == 401
    rider.token = session["access_token"]
    assert rider.call("GET", "/v1/me")["email"] == rider.email, "the other session goes on"


def test_a_used_refresh_token_ends_the_whole_session(people: Any, refused: Any) -> None:
    rider = people.rider()
    first = rider.refresh_token
    pair = rider.call("POST", "/v1/sessions/refresh", {"refresh_token": first})
    rider.token = pair["access_token"]
    assert rider.call("GET", "/v1/me")["id"] == rider.id
    reused = refused(rider, "POST", "/v1/sessions/refresh", {"refresh_token": first})
    assert (reused.status, reused.code) == (401, "session_ended")
    assert refused(rider, "GET", "/v1/me").status == 401
    assert refused(rider, "POST", "/v1/sessions/refresh", {"refresh_token": pair["refresh_token"]}).status == 401
    rider.wait(lambda: rider.socket is None, "the socket to be closed")


def test_the_same_key_registers_once_and_another_body_is_refused(people: Any, refused: Any) -> None:
    rider, key = people.rider(), uuid4().hex
    stranger = RiderApp(rider.url)
    body = _body(stranger.email)
    first, again = (stranger.call("POST", "/v1/riders", body, key=key) for _ in range(2))
    assert first == again
    other = refused(stranger, "POST", "/v1/riders", {**body, "name": "Another"}, key=key)
    assert (other.status, other.code) == (409, "idempotency_key_reused")


def test_a_profile_is_never_stale_after_a_change(people: Any) -> None:
    rider = people.rider()
    for number in range(10):
        name = f"Kaisa {number}"
        assert rider.call("PATCH", "/v1/me", {"name": name})["name"] == name
        assert rider.call("GET", "/v1/me")["name"] == name


def test_roles_keep_to_their_own(people: Any, refused: Any) -> None:
    rider, driver = people.rider(), people.driver()
    for app, method, path, body in (
        (rider, "PUT", "/v1/driver/availability", {"online": True}),
        (rider, "GET", "/v1/driver/earnings", None),
        (rider, "GET", "/v1/ops/overview", None),
        (driver, "GET", "/v1/ops/drivers", None),
        (driver, "POST", f"/v1/ops/drivers/{driver.id}/approve", None),
        (driver, "GET", "/v1/places?q=sto", None),
    ):
        assert refused(app, method, path, body).status == 403, path
    assert requests.get(f"{rider.url}/v1/me", timeout=5).status_code == 401


def test_a_drivers_profile_shows_his_work(people: Any) -> None:
    driver = people.driver()
    eventually(lambda: driver.call("GET", "/v1/me")["online"] is True)
    me = driver.call("GET", "/v1/me")
    assert me["vehicle"]["make"] == "Toyota"
    assert me["approval"] == "approved"


def _body(email: str) -> dict[str, str]:
    return {"email": email, "password": PASSWORD, "name": "Kaisa", "phone": "+358401234567"}
