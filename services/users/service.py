"""The users service: accounts, passwords, sessions, roles, profiles. Read this first."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from nameko.dependency_providers import Config

from hansom import logs
from hansom.cache import Cached
from hansom.clock import Clock
from hansom.consumer import consume
from hansom.contracts.errors import Unauthenticated
from hansom.contracts.users import BadRefreshToken
from hansom.events import Event, Outbox
from hansom.idempotency import keyed, once, replay
from hansom.ids import Ids
from hansom.inbox import forget_old
from hansom.rpc import CallId, rpc
from hansom.store import Store
from hansom.timers import leader_timer
from hansom.tokens import access_token_ttl, make_access_token, make_refresh_token, read_refresh_token
from hansom.validation import load
from services.users import schemas, usecases
from services.users.passwords import Passwords
from services.users.storage.accounts import AccountRows
from services.users.storage.tables import Base, idempotency
from services.users.usecases import Unit

log = logging.getLogger(__name__)

TIDY_INTERVAL_S = 600
KEEP_SESSIONS = timedelta(days=7)


class UsersService:
    """Who is who. Passwords and sessions are known here only."""

    name = "users"

    config = Config()
    clock = Clock()
    call_id = CallId()
    ids = Ids()
    store = Store(Base)
    outbox = Outbox(Base)
    cache = Cached("users:profile", ttl_setting="PROFILE_CACHE_TTL_S")
    passwords = Passwords()

    # -- RPC: accounts and sessions ----------------------------------------------------------------------------------
    @rpc
    def register_account(self, payload: dict[str, Any]) -> dict[str, Any]:
        command = load(schemas.RegisterAccountSchema(), payload)
        return self._session_reply(usecases.register_account(self._unit, self.passwords, command))

    @rpc
    def create_ops_account(self, payload: dict[str, Any]) -> dict[str, Any]:
        command = load(schemas.CreateOpsAccountSchema(), payload)
        return {"user": usecases.create_ops_account(self._unit, self.passwords, command)}

    @rpc
    def log_in(self, payload: dict[str, Any]) -> dict[str, Any]:
        command = load(schemas.LogInSchema(), payload)
        return self._session_reply(usecases.log_in(self._unit, self.passwords, command))

    @rpc
    def refresh_session(self, payload: dict[str, Any]) -> dict[str, Any]:
        command = load(schemas.RefreshSessionSchema(), payload)
        try:
            token = read_refresh_token(self.config, command.refresh_token)
        except Unauthenticated as exc:
            raise BadRefreshToken() from exc
        return self._session_reply(usecases.refresh_session(self._unit, token, command.idempotency))

    @rpc
    def end_session(self, payload: dict[str, Any]) -> dict[str, Any]:
        usecases.end_session(self._unit, load(schemas.SessionIdSchema(), payload)["session_id"])
        return {}

    @rpc
    def verify_session(self, payload: dict[str, Any]) -> dict[str, Any]:
        session_id = load(schemas.SessionIdSchema(), payload)["session_id"]
        return dict(usecases.verify_session(self._unit, session_id))

    @rpc
    def verify_sessions(self, payload: dict[str, Any]) -> dict[str, Any]:
        session_ids = load(schemas.SessionIdsSchema(), payload)["session_ids"]
        return {"active": usecases.verify_sessions(self._unit, session_ids)}

    # -- RPC: profiles -----------------------------------------------------------------------------------------------
    @rpc
    def get_profile(self, payload: dict[str, Any]) -> dict[str, Any]:
        return usecases.get_profile(self._unit, self.cache, load(schemas.UserIdSchema(), payload)["user_id"])

    @rpc
    def get_profiles(self, payload: dict[str, Any]) -> dict[str, Any]:
        user_ids = load(schemas.UserIdsSchema(), payload)["user_ids"]
        return {"items": usecases.get_profiles(self._unit, self.cache, user_ids)}

    @rpc
    def find_accounts(self, payload: dict[str, Any]) -> dict[str, Any]:
        asked = load(schemas.FindAccountsSchema(), payload)
        return {"user_ids": usecases.find_accounts(self._unit, asked["q"], asked["limit"])}

    @rpc
    def update_profile(self, payload: dict[str, Any]) -> dict[str, Any]:
        command = load(schemas.UpdateProfileSchema(), payload)
        logs.bind(user_id=command.user_id)
        return dict(usecases.update_profile(self._unit, self.cache, command))

    # -- events ------------------------------------------------------------------------------------------------------
    @consume(linger_ms=200)
    def on_events(self, events: list[Event]) -> None:
        self.on_ratings_rating_given([event for event in events if event.name == "ratings.rating_given"])

    def on_ratings_rating_given(self, events: list[Event]) -> None:
        usecases.note_ratings(self._unit, self.cache, [event.data for event in events])

    # -- timers ------------------------------------------------------------------------------------------------------
    @leader_timer(TIDY_INTERVAL_S)
    def tidy_up(self) -> None:
        sessions = usecases.forget_sessions(self._unit, KEEP_SESSIONS)
        with self.store.begin() as session:
            keys = forget_old(session, idempotency, timedelta(hours=int(self.config["IDEMPOTENCY_KEEP_HOURS"])))
        log.info("tidied up", extra={"sessions": sessions, "idempotency_keys": keys})

    # -- what they share ---------------------------------------------------------------------------------------------
    @contextmanager
    def _unit(self) -> Iterator[Unit]:
        with self.store.begin() as session:
            yield Unit(
                rows=AccountRows(session),
                tell=lambda type_, key, data: self.outbox.add(session, type_, key=key, data=data),
                once=lambda key, do: once(session, idempotency, keyed(key, self.call_id), do),
                replay=lambda key: replay(session, idempotency, keyed(key, self.call_id)),
                now=self.clock.now(),
                new_id=self.ids.new,
                session_ttl=timedelta(seconds=int(self.config["REFRESH_TOKEN_TTL_S"])),
            )

    def _session_reply(self, grant: usecases.Grant) -> dict[str, Any]:
        """The tokens of a grant, derived anew: the same grant, the same tokens."""
        user, session_id, generation = grant["user"], grant["session_id"], grant["generation"]
        logs.bind(user_id=user["id"])
        access_token = make_access_token(
            self.config,
            user_id=user["id"],
            role=user["role"],
            session_id=session_id,
            token_id=f"{session_id}.{generation}",
            issued_at=usecases.issued_at(grant),
        )
        return {
            "user": user,
            "access_token": access_token,
            "refresh_token": make_refresh_token(self.config, session_id, generation),
            "expires_in": int(access_token_ttl(self.config).total_seconds()),
        }
