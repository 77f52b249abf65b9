"""The two tokens of a session. Both are derived from it and the secret; neither is stored.

The access token is a JWT (RFC 7519, HS256) that the gateway checks by itself. The refresh token names the session and
its generation and is signed, so the session's row needs to hold a number only, and a reply that is asked for again can
be derived again. Each kind of token is signed with a key of its own, derived from JWT_SECRET.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any

import jwt

from hansom.contracts.errors import Unauthenticated

ISSUER = "hansom"
ALGORITHM = "HS256"
TOKEN_MAX_CHARS = 2048

ROLES = frozenset({"rider", "driver", "ops"})
_CLAIMS = ("sub", "role", "sid", "iat", "exp", "jti", "iss")
_OPTIONS = {"require": list(_CLAIMS), "verify_iat": False, "verify_exp": False}


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What an access token says: who calls, as what, in which session, and until when."""

    user_id: str
    role: str
    session_id: str
    issued_at: datetime
    expires_at: datetime
    token_id: str


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """What a refresh token says: the session, and how many times it had been refreshed when the token was given."""

    session_id: str
    generation: int


@lru_cache(maxsize=16)
def _key(secret: str, purpose: str) -> bytes:
    if not secret:
        raise ValueError("JWT_SECRET is empty")
    return hmac.digest(secret.encode(), f"hansom {purpose} v1".encode(), sha256)


def make_access_token(
    config: Mapping[str, Any], *, user_id: str, role: str, session_id: str, token_id: str, issued_at: datetime
) -> str:
    """A JWT valid for ACCESS_TOKEN_TTL_S from `issued_at` (aware; whole seconds count). Same input, same token."""
    issued_s = int(issued_at.timestamp())
    claims = {
        "iss": ISSUER,
        "sub": user_id,
        "role": role,
        "sid": session_id,
        "iat": issued_s,
        "exp": issued_s + int(config["ACCESS_TOKEN_TTL_S"]),
        "jti": token_id,
    }
    return jwt.encode(claims, _key(config["JWT_SECRET"], "access token"), algorithm=ALGORITHM)


def read_access_token(config: Mapping[str, Any], token: str, now: datetime | None = None) -> AccessToken:
    """What a token says, when it is ours and not over at `now` (aware; the time of day when not given).

    Says nothing of whether its session still runs. Raises Unauthenticated.
    """
    if not isinstance(token, str) or not 0 < len(token) <= TOKEN_MAX_CHARS:
        raise Unauthenticated()
    try:
        claims = jwt.decode(
            token,
            _key(config["JWT_SECRET"], "access token"),
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            options=_OPTIONS,  # type: ignore[arg-type]
        )
        read = AccessToken(
            user_id=claims["sub"],
            role=claims["role"],
            session_id=claims["sid"],
            issued_at=datetime.fromtimestamp(int(claims["iat"]), UTC),
            expires_at=datetime.fromtimestamp(int(claims["exp"]), UTC),
            token_id=claims["jti"],
        )
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as exc:
        raise Unauthenticated() from exc
    if read.role not in ROLES or (now or datetime.now(UTC)) >= read.expires_at:
        raise Unauthenticated()
    return read


def _signature(secret: str, session_id: str, generation: int) -> str:
    digest = hmac.digest(_key(secret, "refresh token"), f"{session_id}.{generation}".encode(), sha256)
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def make_refresh_token(config: Mapping[str, Any], session_id: str, generation: int) -> str:
    """`<session_id>.<generation>.<HMAC-SHA-256, base64url>`. The same input, the same token."""
    return f"{session_id}.{generation}.{_signature(config['JWT_SECRET'], session_id, generation)}"


def read_refresh_token(config: Mapping[str, Any], token: str) -> RefreshToken:
    """What a token says, when it is ours. Says nothing of whether it was used. Raises Unauthenticated."""
    parts = token.split(".") if isinstance(token, str) and len(token) <= TOKEN_MAX_CHARS else []
    if len(parts) != 3 or not (parts[1].isascii() and parts[1].isdigit() and len(parts[1]) <= 9):
        raise Unauthenticated("The refresh token is not one of ours.")
    session_id, generation = parts[0], int(parts[1])
    expected = make_refresh_token(config, session_id, generation)
    if not hmac.compare_digest(expected.encode(), token.encode(errors="surrogatepass")):
        raise Unauthenticated("The refresh token is not one of ours.")
    return RefreshToken(session_id, generation)


def access_token_ttl(config: Mapping[str, Any]) -> timedelta:
    """How long an access token lives: whoever remembers that a session has ended must remember it as long."""
    return timedelta(seconds=int(config["ACCESS_TOKEN_TTL_S"]))
