"""Who is calling, whether his session still runs, and how often he may call.

A session that runs is remembered in Redis for SESSION_CACHE_TTL_S as `active`, one that was ended for as long as its
access tokens live as `revoked`. `active` is put only where nothing is, so it never covers a `revoked`. When Redis is
down or has been emptied, the users service is asked.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from dataclasses import dataclass
from sys import intern
from typing import Any

from limits import RateLimitItem
from limits import parse as parse_limit
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter
from nameko.extensions import SharedExtension
from redis.exceptions import NoScriptError, RedisError

from hansom.contracts.errors import Unauthenticated, Unavailable
from hansom.contracts.gateway import RateLimited
from hansom.contracts.users import SessionEnded
from hansom.redis import live_redis
from hansom.tokens import AccessToken, access_token_ttl, read_access_token
from services.gateway.peers import Peer

log = logging.getLogger(__name__)

ACTIVE, REVOKED = "active", "revoked"
KEY = "gateway:session:{}"
ENDED = "gateway:ended"
"""A list of revoked sessions that every gateway reads on: the sockets of thousands need not be asked for one by one."""
ENDED_KEPT = 10_000
TOKENS_SEEN_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated user. `expires_at`: Unix time at which the access token ends."""

    user_id: str
    role: str
    session_id: str
    expires_at: float


class Doorkeeper(SharedExtension):
    """Authentication, sessions and rate limits of one gateway process."""

    users = Peer("users")

    def setup(self) -> None:
        config = self.container.config
        self.config = config
        self.redis = live_redis(config)
        self.cache_ttl_s = int(config["SESSION_CACHE_TTL_S"])
        self.token_ttl_s = int(access_token_ttl(config).total_seconds())
        self.forwarded = str(config.get("TRUST_FORWARDED_FOR", "false")).lower() == "true"
        self._storage = RedisStorage(
            config["REDIS_URIS"]["live"],
            connection_pool=self.redis.connection_pool,
            key_prefix="gateway:limit",
        )
        self._limiter = FixedWindowRateLimiter(self._storage)
        self._seen: dict[str, Caller] = {}
        self._by_address = parse_limit(str(config["RATE_LIMIT_ANONYMOUS"]))
        self._webhooks = parse_limit(str(config["RATE_LIMIT_WEBHOOKS"]))
        self._by_user = parse_limit(str(config["RATE_LIMIT_USER"]))

    # -- who ---------------------------------------------------------------------------------------------------------
    def admit(self, authorization: str | None, environ: dict[str, Any]) -> Caller:
        """The caller, within his rate limit. Raises Unauthenticated, SessionEnded, RateLimited, Unavailable."""
        try:
            caller = self._read(_bearer(authorization))
            known, calls = self._look_up(caller)
            self._require_active(caller.session_id, known)
        except Unauthenticated:
            self.limit_address(environ)
            raise
        if calls > self._by_user.amount:
            self._refuse(self._by_user, caller.user_id)
        return caller

    def read(self, token: str) -> Caller:
        """What a token says, of a session that may have ended; for a socket, which shows it once.

        Raises Unauthenticated.
        """
        read: AccessToken = read_access_token(self.config, token)
        return Caller(read.user_id, intern(read.role), read.session_id, read.expires_at.timestamp())

    def _read(self, token: str) -> Caller:
        """What a token says. Those seen are remembered: checking the signature costs more than all else here."""
        caller = self._seen.get(token)
        if caller is None:
            caller = self.read(token)
            if len(self._seen) >= TOKENS_SEEN_MAX:
                self._seen.clear()
            self._seen[token] = caller
        elif time.time() >= caller.expires_at:
            del self._seen[token]
            raise Unauthenticated()
        return caller

    def _look_up(self, caller: Caller) -> tuple[str | None, int]:
        """What is remembered of his session and how often he has called, in one round trip. Redis down: (None, 0)."""
        key = self._storage.prefixed_key(self._by_user.key_for(caller.user_id))
        count = self._storage.lua_incr_expire
        try:
            with self.redis.pipeline(transaction=False) as pipe:
                pipe.get(KEY.format(caller.session_id))
                pipe.evalsha(count.sha, 1, key, self._by_user.get_expiry(), 1)
                known, calls = pipe.execute(raise_on_error=False)
            if isinstance(calls, NoScriptError):
                calls = count([key], [self._by_user.get_expiry(), 1])
            for answer in (known, calls):
                if isinstance(answer, RedisError):
                    raise answer
            return known, int(calls)
        except RedisError as exc:
            # a limit protects; it must not be what stops everybody
            log.warning("sessions are asked of the users service, without limits: Redis is down: %s", exc)
            return None, 0

    # -- sessions ----------------------------------------------------------------------------------------------------
    def _require_active(self, session_id: str, known: str | None) -> None:
        if known == ACTIVE:
            return
        if known == REVOKED or not self._ask([session_id]):
            raise SessionEnded(details={"session_id": session_id})

    def running(self, session_ids: Collection[str]) -> set[str]:
        """Which of the sessions still run, of a thousand at most. Raises Unavailable."""
        listed = sorted(session_ids)
        try:
            states = self.redis.mget([KEY.format(each) for each in listed]) if listed else []
        except RedisError as exc:
            log.warning("sessions are asked of the users service: Redis is down: %s", exc)
            states = [None] * len(listed)
        known = dict(zip(listed, states, strict=True))
        active = {each for each, state in known.items() if state == ACTIVE}
        unknown = [each for each, state in known.items() if state not in (ACTIVE, REVOKED)]
        return active | (self._ask(unknown) if unknown else set())

    def _ask(self, session_ids: list[str]) -> set[str]:
        """Which of them run, from the users service; it is remembered. Raises Unavailable."""
        active = set(self.users.client().verify_sessions({"session_ids": session_ids})["active"])
        try:
            with self.redis.pipeline(transaction=False) as pipe:
                for session_id in session_ids:
                    if session_id in active:
                        pipe.set(KEY.format(session_id), ACTIVE, ex=self.cache_ttl_s, nx=True)
                    else:
                        pipe.set(KEY.format(session_id), REVOKED, ex=self.token_ttl_s)
                pipe.execute()
        except RedisError as exc:
            log.warning("sessions could not be remembered: Redis is down: %s", exc)
        return active

    def revoke(self, session_id: str) -> None:
        """Have every gateway refuse the session from now on. Raises Unavailable when Redis cannot be told."""
        try:
            with self.redis.pipeline(transaction=True) as pipe:
                pipe.set(KEY.format(session_id), REVOKED, ex=self.token_ttl_s)
                pipe.xadd(ENDED, {"session_id": session_id}, maxlen=ENDED_KEPT, approximate=True)
                pipe.execute()
        except RedisError as exc:
            raise Unavailable() from exc

    def ended(self, after: str | None) -> tuple[list[str], str]:
        """Sessions that any gateway has revoked after a place in their list, and the place of the last of them.

        `after` None: none of them, and the place where the list ends now. Raises RedisError.
        """
        redis: Any = self.redis  # its types know no list of entries
        if after is None:
            last = redis.xrevrange(ENDED, count=1)
            return [], last[0][0] if last else "0-0"
        entries = redis.xrange(ENDED, min=f"({after}", count=ENDED_KEPT)
        return [fields["session_id"] for _, fields in entries], entries[-1][0] if entries else after

    # -- rate limits -------------------------------------------------------------------------------------------------
    def limit_address(self, environ: dict[str, Any]) -> None:
        """Count a call of somebody unknown against his address. Raises RateLimited."""
        self._limit(self._by_address, self._address(environ))

    def limit_webhooks(self, environ: dict[str, Any]) -> None:
        """Count a message that only its signature vouches for against its address. Raises RateLimited."""
        self._limit(self._webhooks, f"webhooks {self._address(environ)}")

    def _address(self, environ: dict[str, Any]) -> str:
        address = environ.get("REMOTE_ADDR", "")
        if self.forwarded:
            # the last entry is the one our own proxy wrote
            address = environ.get("HTTP_X_FORWARDED_FOR", address).rsplit(",", 1)[-1].strip()[:64]
        return str(address)

    def _limit(self, limit: RateLimitItem, who: str) -> None:
        try:
            allowed = self._limiter.hit(limit, who)
        except RedisError as exc:
            log.warning("rate limits are off: Redis is down: %s", exc)
            return
        if not allowed:
            self._refuse(limit, who)

    def _refuse(self, limit: RateLimitItem, who: str) -> None:
        try:
            wait_s = self._limiter.get_window_stats(limit, who).reset_time - time.time()
        except RedisError:
            wait_s = 1.0
        raise RateLimited(details={"retry_after_s": max(1, round(wait_s))})


def _bearer(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated()
    return token.strip()


class Access:
    """What a worker may do with sessions."""

    def __init__(self, doorkeeper: Doorkeeper) -> None:
        self.revoke = doorkeeper.revoke
