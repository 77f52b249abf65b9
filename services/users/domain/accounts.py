"""Accounts, and the one way to write what identifies people."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from hansom.contracts.users import Role

EMAIL_MAX_CHARS = 254
"""RFC 5321's path of 256 octets without its angle brackets."""

PASSWORD_CHARS = (8, 128)
NAME_CHARS = (1, 100)
DEFAULT_LOCALE = "en"

_PHONE_PUNCTUATION = re.compile(r"[\s().\-/]")
_PHONE = re.compile(r"\+?[0-9]{5,15}")


@dataclass(frozen=True, slots=True)
class Account:
    """Someone with a role. `version` rises with every change of what others are told of him.

    `language`: the one he chose to be written to in, None while he chose none.
    """

    id: str
    role: Role
    email: str
    name: str
    phone: str | None
    locale: str
    password_hash: str
    created_at: datetime
    rating: float | None = None
    rating_count: int = 0
    version: int = 1
    language: str | None = None


def normal_email(typed: str) -> str:
    """The form in which an address is kept and compared: NFC, trimmed, lower case throughout.

    RFC 5321 lets a host tell `Ann@` from `ann@`; none that people use does, and two such accounts would be one person.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", typed).strip().lower())


def normal_phone(typed: str) -> str:
    """An E.164-like number: digits with a leading `+` where one was typed (or `00`). Raises ValueError."""
    bare = _PHONE_PUNCTUATION.sub("", typed)
    if bare.startswith("00"):
        bare = "+" + bare[2:]
    if not _PHONE.fullmatch(bare):
        raise ValueError("not a phone number")
    return bare


def changed(account: Account, changes: Mapping[str, str | None]) -> Account:
    """The account with the changes made; the very same object when they change nothing."""
    if all(getattr(account, field) == value for field, value in changes.items()):
        return account
    return replace(account, **changes, version=account.version + 1)  # type: ignore[arg-type]
