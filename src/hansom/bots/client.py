"""HTTP as a careful app speaks it: kept connections, retries that cannot do a thing twice, tokens renewed in time.

For gevent: the standard library has to be patched before this is imported.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, RemoteDisconnected
from random import Random
from time import monotonic
from typing import Any
from urllib.parse import urlencode, urlsplit

import gevent
import orjson
from gevent.event import Event
from gevent.lock import BoundedSemaphore

from hansom.bots.measures import Measures

TIMEOUT_S = 20.0
PATIENCE_S = 120.0
"""How long one wish is repeated while a part of the server is down; longer than any part takes to come back."""
RENEW_BEFORE_S = 60.0
TRY_AGAIN = frozenset({429, 500, 502, 503, 504})


class Refused(Exception):
    """The server said no. `code` is api.md's stable word, `details` what it added."""

    def __init__(self, status: int, code: str, details: Any = None, retry_after_s: float = 0.0) -> None:
        super().__init__(status, code, details)
        self.status, self.code, self.details, self.retry_after_s = status, code, details, retry_after_s


class Unreachable(Exception):
    """No answer: connection refused, lost, or too slow."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One request that may take several tries, all with one `Idempotency-Key`: a POST always has one.

    `where` is the path with its ids and query, `path` the template that it is measured under; `signed` brings a token.
    """

    method: str
    where: str
    path: str
    body: dict[str, Any] | None = None
    key: str = ""
    signed: bool = True

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; `body` is its JSON, or None when there is none."""

    status: int
    body: Any
    retry_after_s: float


def backoff_s(rng: Random, least_s: float = 0.25, most_s: float = 8.0) -> Iterator[float]:
    """Pauses that double up to a bound, each with full jitter, so that a crowd does not come back at once."""
    top_s = least_s
    while True:
        yield rng.uniform(least_s / 2, top_s)
        top_s = min(top_s * 2, most_s)


class Http:
    """A pool of kept connections to one server."""

    def __init__(self, url: str, measures: Measures, *, connections: int = 64, patience_s: float = PATIENCE_S) -> None:
        """`patience_s`: how long an account repeats one request that finds the server, or a part of it, down."""
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        self._measures = measures
        self.patience_s = patience_s
        self._free: list[HTTPConnection] = []
        self._turns = BoundedSemaphore(connections)

    def send(self, wish: Wish, headers: dict[str, str]) -> Answer:
        """One request and its answer, measured under the wish's name. Raises Unreachable."""
        payload = None if wish.body is None else orjson.dumps(wish.body)
        with self._turns:
            started = monotonic()
            try:
                answer = self._exchange(wish, payload, headers)
            except (OSError, HTTPException, orjson.JSONDecodeError) as failure:
                raise Unreachable(f"{wish.name}: {failure!r}") from failure
            now = monotonic()
            self._measures.request(wish.name, now - started, now)
            return answer

    def _exchange(self, wish: Wish, payload: bytes | None, headers: dict[str, str]) -> Answer:
        """Uses a kept connection; one that the server closed while idle is replaced in silence."""
        while self._free:
            try:
                return self._over(self._free.pop(), wish, payload, headers)
            except (RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                continue
        return self._over(HTTPConnection(self.host, self.port, timeout=TIMEOUT_S), wish, payload, headers)

    def _over(self, link: HTTPConnection, wish: Wish, payload: bytes | None, headers: dict[str, str]) -> Answer:
        kept = False
        try:
            link.request(wish.method, wish.where, payload, headers)
            response = link.getresponse()
            text = response.read()
            kept = not response.will_close
            retry_after = response.getheader("Retry-After") or ""
            is_json = "json" in (response.getheader("Content-Type") or "")
            body = orjson.loads(text) if text and is_json else None
            return Answer(response.status, body, float(retry_after) if retry_after.isdigit() else 0.0)
        finally:
            if kept:
                self._free.append(link)
            else:
                link.close()


class Account:
    """One person's session: who he is, his tokens, and his phone's network (`network` is set while it works)."""

    def __init__(self, http: Http, measures: Measures, rng: Random) -> None:
        self._http, self._measures, self._rng = http, measures, rng
        self._email = self._password = self._access = self._refresh = ""
        self._renew_at = 0.0
        self._renewing = BoundedSemaphore(1)
        self.user: dict[str, Any] = {}
        self.network = Event()
        self.network.set()

    @property
    def id(self) -> str:
        return str(self.user["id"])

    def register(self, path: str, body: dict[str, Any]) -> None:
        """Makes the account at `path` (`/v1/riders`, `/v1/drivers`). Raises Refused, Unreachable."""
        self._email, self._password = body["email"], body["password"]
        self._take(self._insist(Wish("POST", path, path, body, uuid.uuid4().hex, signed=False)))

    def post(self, path: str, body: dict[str, Any] | None = None, *, key: str = "", **ids: str) -> Any:
        """POST with an Idempotency-Key, the same through all retries; `ids` fill `{name}`s of the path."""
        return self._insist(Wish("POST", path.format(**ids), path, body or {}, key or uuid.uuid4().hex))

    def put(self, path: str, body: dict[str, Any]) -> Any:
        return self._insist(Wish("PUT", path, path, body))

    def get(self, path: str, query: dict[str, Any] | None = None, **ids: str) -> Any:
        return self._insist(Wish("GET", path.format(**ids) + ("?" + urlencode(query) if query else ""), path))

    def token(self) -> str:
        """An access token that holds for a while yet, renewed where it would not."""
        if monotonic() >= self._renew_at:
            self.renew(self._access)
        return self._access

    def expired(self) -> None:
        """The server no longer takes the access token: the next use renews it."""
        self._renew_at = 0.0

    def renew(self, stale: str) -> None:
        """Swaps the refresh token, one greenlet at a time (a used one ends the session); logs in again if it ended."""
        with self._renewing:
            if self._access != stale:
                return
            path = "/v1/sessions/refresh"
            try:
                answer = self._insist(
                    Wish("POST", path, path, {"refresh_token": self._refresh}, uuid.uuid4().hex, signed=False)
                )
            except Refused:
                path, body = "/v1/sessions", {"email": self._email, "password": self._password}
                answer = self._insist(Wish("POST", path, path, body, uuid.uuid4().hex, signed=False))
            self._take(answer)

    def _take(self, answer: dict[str, Any]) -> None:
        self.user = answer.get("user") or self.user
        self._access, self._refresh = answer["access_token"], answer["refresh_token"]
        life_s = float(answer["expires_in"])
        self._renew_at = monotonic() + life_s - min(RENEW_BEFORE_S, life_s / 2)

    def _insist(self, wish: Wish) -> Any:
        """Sends until there is an answer that another try would not change; a refused token is renewed once.

        Gives the answer's body. Raises Refused, Unreachable.
        """
        give_up_at = monotonic() + self._http.patience_s
        renewed = not wish.signed
        for pause_s in backoff_s(self._rng):
            self.network.wait()
            access = self.token() if wish.signed else ""
            try:
                return self._once(wish, access)
            except Refused as refused:
                if refused.status == 401 and not renewed:
                    renewed = True
                    self.renew(access)
                    continue
                if refused.status not in TRY_AGAIN or refused.code == "pin_locked":
                    raise
                wait_s = max(pause_s, refused.retry_after_s)
                if monotonic() + wait_s > give_up_at:
                    raise
            except Unreachable:
                wait_s = pause_s
                if monotonic() + wait_s > give_up_at:
                    raise
            gevent.sleep(wait_s)
        raise AssertionError("backoff has no end")

    def _once(self, wish: Wish, access: str) -> Any:
        headers = {"Content-Type": "application/json"}
        if access:
            headers["Authorization"] = f"Bearer {access}"
        if wish.key:
            headers["Idempotency-Key"] = wish.key
        try:
            answer = self._http.send(wish, headers)
        except Unreachable:
            self._measures.errors["unreachable"] += 1
            raise
        if answer.status < 300:
            return answer.body
        refused = refusal(answer)
        self._measures.errors[refused.code] += 1
        raise refused


def refusal(answer: Answer) -> Refused:
    """The error an answer carries; without api.md's error body its code is `http_<status>`."""
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    if not isinstance(error, dict):
        error = {}
    code = str(error.get("code", f"http_{answer.status}"))
    return Refused(answer.status, code, error.get("details"), answer.retry_after_s)
