"""Who is calling, whether his session still runs, and how often he may call.

A session that runs is remembered in Redis for SESSION_CACHE_TTL_S as `active`, one that was ended for as long as its
access tokens live as `revoked`. `active` is put only where nothing is, so it never covers a `revoked`. When Redis is
down or has been emptied, the users service is asked.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

from limits import RateLimitItem
from limits import parse as parse_limit
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter
from nameko.extensions import SharedExtension
from redis.exceptions import RedisError

from hansom.contracts.errors import Unauthenticated, Unavailable
from hansom.contracts.gateway import RateLimited
from hansom.contracts.users import SessionEnded
from hansom.redis import live_redis
from hansom.tokens import AccessToken, access_token_ttl, read_access_token
from services.gateway.peers import Peer

log = logging.getLogger(__name__)

ACTIVE, REVOKED = "active", "revoked"
KEY = "gateway:session:{}"


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
        storage = RedisStorage(
            config["REDIS_URIS"]["live"],
            connection_pool=self.redis.connection_pool,
            key_prefix="gateway:limit",
        )
        self._limiter = FixedWindowRateLimiter(storage)
        self._by_address = parse_limit(str(config["RATE_LIMIT_ANONYMOUS"]))
        self._by_user = parse_limit(str(config["RATE_LIMIT_USER"]))

    # -- who ---------------------------------------------------------------------------------------------------------
    def admit(self, authorization: str | None, environ: dict[str, Any]) -> Caller:
        """The caller, within his rate limit. Raises Unauthenticated, SessionEnded, RateLimited, Unavailable."""
        try:
            caller = self.identify(_bearer(authorization))
        except Unauthenticated:
            self.limit_address(environ)
            raise
        self._limit(self._by_user, caller.user_id)
        return caller

    def identify(self, token: str) -> Caller:
        """Who bears the access token of a running session. Raises Unauthenticated, SessionEnded, Unavailable."""
        read: AccessToken = read_access_token(self.config, token)
        self.check_session(read.session_id)
        return Caller(read.user_id, read.role, read.session_id, read.expires_at.timestamp())

    # -- sessions ----------------------------------------------------------------------------------------------------
    def check_session(self, session_id: str) -> None:
        """Raises SessionEnded, Unavailable."""
        try:
            known = self.redis.get(KEY.format(session_id))
        except RedisError as exc:
            log.warning("sessions are asked of the users service: Redis is down: %s", exc)
            known = None
        if known == ACTIVE:
            return
        if known == REVOKED or not self._ask(session_id):
            raise SessionEnded(details={"session_id": session_id})

    def _ask(self, session_id: str) -> bool:
        active = bool(self.users.client().verify_session({"session_id": session_id})["active"])
        try:
            if active:
                self.redis.set(KEY.format(session_id), ACTIVE, ex=self.cache_ttl_s, nx=True)
            else:
                self.redis.set(KEY.format(session_id), REVOKED, ex=self.token_ttl_s)
        except RedisError as exc:
            log.warning("a session could not be remembered: Redis is down: %s", exc)
        return active

    def revoke(self, session_id: str) -> None:
        """Have every gateway refuse the session from now on. Raises Unavailable when Redis cannot be told."""
        try:
            self.redis.set(KEY.format(session_id), REVOKED, ex=self.token_ttl_s)
        except RedisError as exc:
            raise Unavailable() from exc

    def states(self, session_ids: list[str]) -> list[str | None]:
        """What is remembered of each session. Raises RedisError."""
        if not session_ids:
            return []
        return [str(each) if each else None for each in self.redis.mget([KEY.format(each) for each in session_ids])]

    # -- rate limits -------------------------------------------------------------------------------------------------
    def limit_address(self, environ: dict[str, Any]) -> None:
        """Count a call of somebody unknown against his address. Raises RateLimited."""
        address = environ.get("REMOTE_ADDR", "")
        if self.forwarded:
            # the last entry is the one our own proxy wrote
            address = environ.get("HTTP_X_FORWARDED_FOR", address).rsplit(",", 1)[-1].strip()[:64]
        self._limit(self._by_address, address)

    def _limit(self, limit: RateLimitItem, who: str) -> None:
        try:
            if self._limiter.hit(limit, who):
                return
            ends_at = self._limiter.get_window_stats(limit, who).reset_time
        except RedisError as exc:
            # a limit protects; it must not be what stops everybody
            log.warning("rate limits are off: Redis is down: %s", exc)
            return
        raise RateLimited(details={"retry_after_s": max(1, round(ends_at - time.time()))})


def _bearer(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated()
    return token.strip()


class Access:
    """What a worker may do with sessions."""

    def __init__(self, doorkeeper: Doorkeeper) -> None:
        self.revoke = doorkeeper.revoke
