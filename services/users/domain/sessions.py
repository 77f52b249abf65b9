"""Sessions: refreshed many times, each refresh token once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

FIRST_GENERATION = 1


class EndReason(StrEnum):
    """Why a session is over."""

    LOGGED_OUT = "logged_out"
    TOKEN_REUSED = "token_reused"


@dataclass(frozen=True, slots=True)
class Session:
    """One log-in. `generation` is the one of the only refresh token that is good."""

    id: str
    account_id: str
    generation: int
    created_at: datetime
    refreshed_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    end_reason: EndReason | None = None

    def runs(self, now: datetime) -> bool:
        return self.ended_at is None and now < self.expires_at


def begin(session_id: str, account_id: str, now: datetime, ttl: timedelta) -> Session:
    """A session that ends by itself when it is not refreshed for `ttl`."""
    return Session(session_id, account_id, FIRST_GENERATION, now, now, now + ttl)


def refresh(session: Session, generation: int, now: datetime, ttl: timedelta) -> Session:
    """What becomes of a session when a refresh token of `generation` is shown.

    The good token: the next generation. One that was used before: somebody has a copy, and nobody can tell who is the
    owner, so the session ends for both (RFC 9700, 4.14.2). A session that is over stays as it is.
    """
    if not session.runs(now):
        return session
    if generation != session.generation:
        return end(session, EndReason.TOKEN_REUSED, now)
    return replace(session, generation=generation + 1, refreshed_at=now, expires_at=now + ttl)


def end(session: Session, reason: EndReason, now: datetime) -> Session:
    """The session, over. The first reason stays."""
    if session.ended_at is not None:
        return session
    return replace(session, ended_at=now, end_reason=reason)
