"""Refresh tokens in cookies, for apps that run in a browser: no script can read them, so none can carry them away.

A browser asks for it with `X-Session-Cookie: rider` (or driver, or ops: one person may have a page of each open). The
refresh token then goes out in a cookie instead of the body and comes back in it. No other site can do the same: the
cookie is `SameSite=Strict`, and a header of one's own is not sent across sites without leave, which is never given.
"""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import Any

from hansom.contracts.errors import Invalid
from hansom.contracts.users import BadRefreshToken
from services.gateway.http.answers import Answer, json_answer

NAMES = ("rider", "driver", "ops")
PATH = "/v1/sessions"


class SessionCookies:
    """How the cookies of this gateway look. `secure`: only over TLS."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._lives_s = int(config["REFRESH_TOKEN_TTL_S"])
        self._secure = config["ENVIRONMENT"] != "local"

    def answer(self, session: dict[str, Any], name: str, status: int) -> Answer:
        """A session's reply with its refresh token in the cookie."""
        told = {key: value for key, value in session.items() if key != "refresh_token"}
        answer = json_answer({**told, "refresh_token": None}, status)
        answer.headers.append(self._header(name, session["refresh_token"], self._lives_s))
        return answer

    def forget(self, name: str) -> tuple[str, str]:
        """The header that takes the cookie away."""
        return self._header(name, "", 0)

    def _header(self, name: str, value: str, lives_s: int) -> tuple[str, str]:
        secure = "; Secure" if self._secure else ""
        return (
            "Set-Cookie",
            f"hansom_{name}={value}; Path={PATH}; Max-Age={lives_s}; HttpOnly; SameSite=Strict{secure}",
        )


def checked_name(name: str | None) -> str | None:
    """What `X-Session-Cookie` asks for. Raises Invalid."""
    if name is not None and name not in NAMES:
        raise Invalid(details={"X-Session-Cookie": [f"Must be one of {', '.join(NAMES)}."]})
    return name


def kept_token(cookies: str, name: str) -> str:
    """The refresh token in a request's cookies. Raises BadRefreshToken when there is none."""
    try:
        kept = SimpleCookie(cookies).get(f"hansom_{name}")
    except CookieError:
        kept = None
    if kept is None or not kept.value:
        raise BadRefreshToken()
    return kept.value
