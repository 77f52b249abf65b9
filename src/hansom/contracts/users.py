"""What the users service takes, gives, tells and refuses.

Requests are dataclasses; replies and the data of events are plain JSON, described by typed dicts. Times are RFC 3339
strings.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypedDict

from hansom.contracts.errors import Conflict, NotFound, Unauthenticated, Unavailable, error

MAX_PROFILES = 500
MAX_SESSIONS = 1000
"""Ids of one `get_profiles`."""


LANGUAGES = ("en", "fi", "es")
"""Languages that people can choose to be written to in: ISO 639-1, as in `services/payments/documents/catalogues`."""


LANGUAGE_TAG = rf"\A({'|'.join(LANGUAGES)})([-_][A-Za-z0-9]{{2,8}}){{0,2}}\Z"
"""One of them, alone or with a region such as es-MX."""


class Role(StrEnum):
    """What an account is for."""

    RIDER = "rider"
    DRIVER = "driver"
    OPS = "ops"


# -- errors ----------------------------------------------------------------------------------------------------------
@error
class EmailTaken(Conflict):
    code = "email_taken"
    message = "There is an account with this e-mail address already."


@error
class BadCredentials(Unauthenticated):
    code = "bad_credentials"
    message = "The e-mail address or the password is wrong."


@error
class BadRefreshToken(Unauthenticated):
    code = "bad_refresh_token"
    message = "The refresh token is not one of ours."


@error
class SessionEnded(Unauthenticated):
    """`details`: `session_id`. Whoever remembers sessions must forget this one."""

    code = "session_ended"
    message = "The session has ended: log in again."


@error
class UnknownUser(NotFound):
    code = "unknown_user"
    message = "There is no such user."


@error
class Crowded(Unavailable):
    """More registrations and log-ins wait for their password to be hashed than can be served in time."""

    code = "crowded"
    message = "Too many people are logging in: try again in a moment."


# -- requests --------------------------------------------------------------------------------------------------------
Idempotency = dict[str, str] | None


@dataclass(frozen=True, slots=True)
class RegisterAccount:
    """`role` is rider or driver; a driver brings his `vehicle`, which the drivers service has checked."""

    role: Role
    email: str
    password: str
    name: str
    phone: str
    vehicle: dict[str, str] | None = None
    locale: str | None = None
    idempotency: Idempotency = None


@dataclass(frozen=True, slots=True)
class CreateOpsAccount:
    email: str
    password: str
    name: str


@dataclass(frozen=True, slots=True)
class LogIn:
    email: str
    password: str
    idempotency: Idempotency = None


@dataclass(frozen=True, slots=True)
class RefreshSession:
    refresh_token: str
    idempotency: Idempotency = None


@dataclass(frozen=True, slots=True)
class UpdateProfile:
    """`changes`: any of name, phone, email, locale, language (None: none chosen any more)."""

    user_id: str
    changes: dict[str, str | None]


# -- replies ---------------------------------------------------------------------------------------------------------
class Profile(TypedDict):
    """What a user sees of himself. `rating` is the mean of `rating_count` ratings, 1..5, or null without any.

    `language` is one of `LANGUAGES`, or null while he has chosen none.
    """

    id: str
    role: str
    email: str
    name: str
    phone: str | None
    locale: str
    language: str | None
    rating: float | None
    rating_count: int
    created_at: str


class SessionReply(TypedDict):
    """`expires_in`: seconds that the access token lives."""

    user: dict[str, Any]
    access_token: str
    refresh_token: str
    expires_in: int


class SessionState(TypedDict):
    """`user_id` and `role` are null when there is no such session."""

    active: bool
    user_id: str | None
    role: str | None


# -- events: key is the user's id ------------------------------------------------------------------------------------
class AccountRegisteredData(TypedDict):
    """`vehicle` {make, model, colour, plate, category} of a driver, null otherwise."""

    user_id: str
    role: str
    name: str
    vehicle: dict[str, str] | None


class ProfileChangedData(TypedDict):
    """`version` rises with each change of the account: a smaller one than known is old news."""

    user_id: str
    role: str
    name: str
    version: int
