"""The entrypoint of an HTTP route: who may, what is checked, and what the service's method gets and gives."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Any

import orjson
from eventlet.event import Event as Signal
from marshmallow import Schema
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import Entrypoint

from hansom import logs
from hansom.contracts.errors import HansomError, Invalid
from hansom.contracts.gateway import Busy, WrongRole
from hansom.validation import load
from services.gateway.access import Caller, Doorkeeper
from services.gateway.http.answers import Answer, json_answer
from services.gateway.http.request import Request
from services.gateway.http.server import FrontDoor
from services.gateway.session_cookies import checked_name

ANYONE: frozenset[str] = frozenset()
RIDER, DRIVER, OPS = frozenset({"rider"}), frozenset({"driver"}), frozenset({"ops"})
PARTY = RIDER | DRIVER
"""A trip's rider or driver; which trips are whose, the trips service knows."""
USER = PARTY | OPS

_KEY = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Call:
    """What a client asks for, checked: `data` holds the path's ids, the query's and the body's fields."""

    data: dict[str, Any]
    caller: Caller | None
    request_id: str
    idempotency: dict[str, str] | None = None
    accept: str = ""
    accept_language: str = ""
    takes_gzip: bool = False
    session_cookie: str | None = None
    cookies: str = ""
    raw: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    actor: dict[str, str] = field(default_factory=dict)

    @property
    def user_id(self) -> str:
        assert self.caller is not None
        return self.caller.user_id

    def with_key(self, **payload: Any) -> dict[str, Any]:
        """An RPC's payload that can be repeated without a second effect."""
        return payload if self.idempotency is None else {**payload, "idempotency": self.idempotency}


def call_of(data: dict[str, Any], caller: Caller | None, request_id: str, **more: Any) -> Call:
    actor = {"user_id": caller.user_id, "role": caller.role} if caller is not None else {}
    return Call(data, caller, request_id, actor=actor, **more)


class Route(Entrypoint):
    """`@route("POST", "/v1/quotes", who=RIDER, body=QuoteRequest(), gives=Quote(), status=201)`.

    `keyed` routes take an Idempotency-Key. A `raw` one takes the body's bytes as they came, and the headers: a payment
    provider's message, with a rate limit of its own. For OpenAPI, `gives` describes the answer, `also` names content
    types that it may have besides JSON, `refuses` statuses that do not follow from the rest. Answers are not checked
    again.
    """

    door = FrontDoor()
    doorkeeper = Doorkeeper()

    def __init__(
        self,
        method: str,
        path: str,
        *,
        who: frozenset[str] = ANYONE,
        body: Schema | None = None,
        query: Schema | None = None,
        gives: Schema | None = None,
        also: tuple[str, ...] = (),
        refuses: frozenset[int] = frozenset(),
        status: int = 200,
        keyed: bool = False,
        raw: bool = False,
        summary: str = "",
        documented: bool = True,
        limited: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(expected_exceptions=HansomError, **kwargs)
        self.method, self.path, self.who, self.status = method, path, who, status
        self.body, self.query, self.gives, self.also, self.refuses = body, query, gives, also, refuses
        self.keyed, self.summary, self.documented, self.limited = keyed, summary, documented, limited
        self.raw = raw

    def setup(self) -> None:
        self.secret = str(self.container.config["JWT_SECRET"]).encode()
        self.door.router.add(self.method, self.path, self)
        self.door.register_provider(self)

    def stop(self) -> None:
        self.door.stop_accepting()
        self.door.wait_idle()
        self.door.unregister_provider(self)

    def answer(self, request: Request, ids: dict[str, str]) -> Answer:
        """Checks who calls and what he sent, then runs the service's method in a worker. Raises HansomError."""
        logs.bind(request_id=request.request_id)
        caller = self._caller(request)
        data: dict[str, Any] = dict(ids)
        if self.query is not None:
            data.update(load(self.query, request.query()))
        if self.raw:
            call = call_of(data, caller, request.request_id, raw=request.body(), headers=request.headers())
            return self._encode(self._run(call))
        sent: Any = None
        if self.method not in ("GET", "DELETE"):
            sent = self._read_body(request)
            if self.body is not None:
                data.update(sent)
        key = self._idempotency(request, caller, sent) if self.keyed else None
        encodings = request.header("ACCEPT_ENCODING") or ""
        call = call_of(
            data,
            caller,
            request.request_id,
            idempotency=key,
            accept=request.header("ACCEPT") or "",
            accept_language=request.header("ACCEPT_LANGUAGE") or "",
            takes_gzip="gzip" in encodings and "gzip;q=0" not in encodings.replace(" ", ""),
            session_cookie=checked_name(request.header("X_SESSION_COOKIE")),
            cookies=request.header("COOKIE") or "",
        )
        return self._encode(self._run(call))

    def _caller(self, request: Request) -> Caller | None:
        if not self.who:
            if self.raw:
                self.doorkeeper.limit_webhooks(request.environ)
            elif self.limited:
                self.doorkeeper.limit_address(request.environ)
            return None
        caller = self.doorkeeper.admit(request.header("AUTHORIZATION"), request.environ)
        logs.bind(user_id=caller.user_id)
        if caller.role not in self.who:
            raise WrongRole(details={"roles": sorted(self.who)})
        return caller

    def _read_body(self, request: Request) -> dict[str, Any]:
        sent = request.json()
        if not isinstance(sent, Mapping):
            raise Invalid(details={"body": ["Must be a JSON object."]})
        if self.body is None:
            if sent:
                raise Invalid(details={str(name): ["Unknown field."] for name in sent})
            return {}
        return load(self.body, sent)

    def _idempotency(self, request: Request, caller: Caller | None, sent: Any) -> dict[str, str] | None:
        key = request.header("IDEMPOTENCY_KEY")
        if key is None:
            return None
        if not _KEY.fullmatch(key):
            raise Invalid(details={"Idempotency-Key": ["Must be 1 to 200 visible ASCII characters."]})
        body = orjson.dumps(sent, option=orjson.OPT_SORT_KEYS)
        fingerprint = hmac.new(self.secret, b"idempotency:" + body, sha256).hexdigest()
        who = caller.user_id if caller is not None else "anyone"
        return {"scope": f"{who} {self.method} {request.path}", "key": key, "fingerprint": fingerprint}

    def _run(self, call: Call) -> Any:
        if self.container._worker_pool.free() <= 0:
            raise Busy()
        done = Signal()
        try:
            self.container.spawn_worker(
                self,
                (call,),
                {},
                context_data={"request_id": call.request_id},
                handle_result=partial(self._handle_result, done),
            )
        except ContainerBeingKilled as exc:
            raise Busy() from exc
        return done.wait()

    @staticmethod
    def _handle_result(done: Signal, worker_ctx: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        if exc_info is None:
            done.send(result)
        else:
            done.send_exception(exc_info[1])
        return result, exc_info

    def _encode(self, result: Any) -> Answer:
        if isinstance(result, Answer):
            return result
        return json_answer(result, self.status) if result is not None else Answer(204)


route = Route.decorator
