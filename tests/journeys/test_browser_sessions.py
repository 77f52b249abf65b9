"""A page in a browser: its refresh token is in a cookie that no script can read."""

from __future__ import annotations

from typing import Any

import requests

from hansom.ids import new_id
from hansom.stack.testing import RunningStack

RIDER = {"X-Session-Cookie": "rider"}


def sign_up(browser: requests.Session, url: str) -> Any:
    body = {"email": f"{new_id()}@example.org", "password": "correct horse", "name": "Aino", "phone": "+358401234567"}
    return browser.post(f"{url}/v1/riders", json=body, headers=RIDER, timeout=10)


def test_a_browser_stays_signed_in_by_a_cookie_alone(running_stack: RunningStack) -> None:
    browser, url = requests.Session(), running_stack.url
    signed_up = sign_up(browser, url)
    assert signed_up.status_code == 201 and signed_up.json()["refresh_token"] is None
    cookie = signed_up.headers["Set-Cookie"]
    assert cookie.startswith("hansom_rider=") and "HttpOnly" in cookie and "SameSite=Strict" in cookie
    assert "Path=/v1/sessions" in cookie

    again = browser.post(f"{url}/v1/sessions/refresh", headers=RIDER, timeout=10)
    assert again.status_code == 200 and again.json()["refresh_token"] is None
    token = again.json()["access_token"]
    me = browser.get(f"{url}/v1/me", headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert me.json()["id"] == signed_up.json()["user"]["id"]

    out = browser.delete(
        f"{url}/v1/sessions/current", headers={"Authorization": f"Bearer {token}", **RIDER}, timeout=10
    )
    assert out.status_code == 204 and not browser.cookies
    assert browser.post(f"{url}/v1/sessions/refresh", headers=RIDER, timeout=10).status_code == 401


def test_the_cookie_is_of_no_use_without_the_header_or_under_another_name(running_stack: RunningStack) -> None:
    browser, url = requests.Session(), running_stack.url
    sign_up(browser, url)
    bare = browser.post(f"{url}/v1/sessions/refresh", timeout=10)
    assert bare.status_code == 422 and "refresh_token" in bare.json()["error"]["details"]
    other = browser.post(f"{url}/v1/sessions/refresh", headers={"X-Session-Cookie": "driver"}, timeout=10)
    assert other.status_code == 401
    wrong = browser.post(f"{url}/v1/sessions/refresh", headers={"X-Session-Cookie": "x; y"}, timeout=10)
    assert wrong.status_code == 422 and "X-Session-Cookie" in wrong.json()["error"]["details"]
    assert browser.post(f"{url}/v1/sessions/refresh", headers=RIDER, timeout=10).status_code == 200
