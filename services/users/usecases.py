"""What can be done with accounts and sessions: one function a verb.

A reply that grants a session is stored (by its idempotency key) as a *grant*: the session and its generation, never a
token. Tokens are derived from the grant when it is sent, so asking again gives the very same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from hansom.contracts.users import (
    BadCredentials,
    CreateOpsAccount,
    EmailTaken,
    Idempotency,
    LogIn,
    Profile,
    RegisterAccount,
    Role,
    SessionEnded,
    SessionState,
    UnknownUser,
    UpdateProfile,
)
from hansom.tokens import RefreshToken
from hansom.wire import iso
from services.users.domain import sessions
from services.users.domain.accounts import DEFAULT_LOCALE, Account, changed
from services.users.domain.sessions import EndReason, Session

MOST_WORDS = 5
"""Of a search: nobody's name needs more to be found."""

Grant = dict[str, Any]
"""`{"user": profile, "session_id", "generation", "issued_at": seconds since 1970}`."""


class Rows(Protocol):
    """Accounts and sessions of one transaction: see `storage.accounts.AccountRows`."""

    def email_taken(self, email: str) -> bool: ...
    def by_email(self, email: str) -> Account | None: ...
    def find(self, ids: Collection[str]) -> list[Account]: ...
    def search(self, words: Sequence[str], email: str, limit: int) -> list[str]: ...
    def lock(self, account_id: str) -> Account | None: ...
    def add(self, account: Account) -> None: ...
    def save(self, account: Account) -> None: ...
    def replace_hash(self, account_id: str, old: str, new: str) -> None: ...
    def set_ratings(self, ratings: Mapping[str, tuple[float, int]]) -> None: ...
    def add_session(self, session: Session) -> None: ...
    def lock_session(self, session_id: str) -> Session | None: ...
    def save_session(self, session: Session) -> None: ...
    def session_with_role(self, session_id: str) -> tuple[Session, Role] | None: ...
    def find_sessions(self, session_ids: Collection[str]) -> list[Session]: ...
    def forget_sessions(self, over_before: datetime) -> int: ...


@dataclass(frozen=True, slots=True)
class Unit:
    """One transaction: its rows, the events told when it commits, replies by idempotency key, its time, new ids."""

    rows: Rows
    tell: Callable[[str, str, dict[str, Any]], Any]
    once: Callable[[Idempotency, Callable[[], dict[str, Any]]], dict[str, Any]]
    replay: Callable[[Idempotency], dict[str, Any] | None]
    now: datetime
    new_id: Callable[[], str]
    session_ttl: timedelta


Units = Callable[[], AbstractContextManager[Unit]]
"""Opens a transaction: `with units() as unit:`, committed at the end of the block."""


class Passwords(Protocol):
    """See `services.users.passwords.PasswordHasher`."""

    def hash(self, password: str) -> str: ...
    def matches(self, stored: str | None, password: str) -> bool: ...
    def outdated(self, stored: str) -> bool: ...


def find_accounts(units: Units, q: str, limit: int) -> list[str]:
    """Ids, newest first, of those whose name has words that begin like those of `q`, or whose address begins so."""
    words = re.findall(r"[^\W_]+", q)[:MOST_WORDS]
    with units() as unit:
        return unit.rows.search(words, q.strip().lower(), limit)


def profile_of(account: Account) -> Profile:
    """An account as its owner sees it."""
    return {
        "id": account.id,
        "role": account.role.value,
        "email": account.email,
        "name": account.name,
        "phone": account.phone,
        "locale": account.locale,
        "language": account.language,
        "rating": account.rating,
        "rating_count": account.rating_count,
        "created_at": iso(account.created_at) or "",
    }


def _grant(account: Account, session: Session) -> Grant:
    return {
        "user": profile_of(account),
        "session_id": session.id,
        "generation": session.generation,
        "issued_at": int(session.refreshed_at.timestamp()),
    }


def issued_at(grant: Grant) -> datetime:
    """When the tokens of a grant begin to be good."""
    return datetime.fromtimestamp(grant["issued_at"], UTC)


def register_account(units: Units, passwords: Passwords, command: RegisterAccount) -> Grant:
    """A new rider or driver, logged in. Raises EmailTaken, IdempotencyKeyReused, Crowded.

    The hash is made outside the transaction, which would otherwise hold its locks and a connection meanwhile.
    """
    with units() as unit:
        # in this order: a twin that commits between the two questions is then found by the second
        taken = unit.rows.email_taken(command.email)
        before = unit.replay(command.idempotency)
    if before is not None:
        return before
    if taken:
        raise EmailTaken()
    password_hash = passwords.hash(command.password)
    with units() as unit:
        return unit.once(command.idempotency, lambda: _register(unit, command, password_hash))


def _register(unit: Unit, command: RegisterAccount, password_hash: str) -> Grant:
    account = Account(
        id=unit.new_id(),
        role=command.role,
        email=command.email,
        name=command.name,
        phone=command.phone,
        locale=command.locale or DEFAULT_LOCALE,
        password_hash=password_hash,
        created_at=unit.now,
    )
    unit.rows.add(account)
    session = sessions.begin(unit.new_id(), account.id, unit.now, unit.session_ttl)
    unit.rows.add_session(session)
    data = {"user_id": account.id, "role": account.role.value, "name": account.name, "vehicle": command.vehicle}
    unit.tell("account_registered", account.id, data)
    return _grant(account, session)


def create_ops_account(units: Units, passwords: Passwords, command: CreateOpsAccount) -> dict[str, Any]:
    """An account for the people who run the place. Raises EmailTaken, Crowded."""
    password_hash = passwords.hash(command.password)
    with units() as unit:
        return unit.once(None, lambda: dict(_create_ops(unit, command, password_hash)))


def _create_ops(unit: Unit, command: CreateOpsAccount, password_hash: str) -> Profile:
    account = Account(
        id=unit.new_id(),
        role=Role.OPS,
        email=command.email,
        name=command.name,
        phone=None,
        locale=DEFAULT_LOCALE,
        password_hash=password_hash,
        created_at=unit.now,
    )
    unit.rows.add(account)
    data = {"user_id": account.id, "role": account.role.value, "name": account.name, "vehicle": None}
    unit.tell("account_registered", account.id, data)
    return profile_of(account)


def log_in(units: Units, passwords: Passwords, command: LogIn) -> Grant:
    """A new session. Raises BadCredentials, IdempotencyKeyReused, Crowded.

    An unknown address costs one hash as well, so the time taken does not tell whether it has an account.
    """
    with units() as unit:
        before = unit.replay(command.idempotency)
        account = unit.rows.by_email(command.email)
    if before is not None:
        return before
    if not passwords.matches(account.password_hash if account else None, command.password) or account is None:
        raise BadCredentials()
    stronger = passwords.hash(command.password) if passwords.outdated(account.password_hash) else None
    with units() as unit:
        if stronger:
            unit.rows.replace_hash(account.id, account.password_hash, stronger)
        return unit.once(command.idempotency, lambda: _open_session(unit, account))


def _open_session(unit: Unit, account: Account) -> Grant:
    session = sessions.begin(unit.new_id(), account.id, unit.now, unit.session_ttl)
    unit.rows.add_session(session)
    return _grant(account, session)


def refresh_session(units: Units, token: RefreshToken, idempotency: Idempotency) -> Grant:
    """The session's next generation. Raises SessionEnded, IdempotencyKeyReused.

    Of two calls with one token the first to lock the session wins. The second has shown a used token: it gets
    SessionEnded, and the session is over for the winner too. A client that lost its answer asks again with its
    Idempotency-Key, and gets the same pair.
    """
    with units() as unit:
        grant = unit.once(idempotency, lambda: _refresh(unit, token))
    if "generation" not in grant:  # raised here: inside, it would take the end of the session back
        raise SessionEnded(details={"session_id": token.session_id})
    return grant


def _refresh(unit: Unit, token: RefreshToken) -> Grant:
    before = unit.rows.lock_session(token.session_id)
    if before is None:
        return {"ended": token.session_id}
    after = sessions.refresh(before, token.generation, unit.now, unit.session_ttl)
    if after is not before:
        unit.rows.save_session(after)
    if not after.runs(unit.now):
        return {"ended": token.session_id}
    return _grant(unit.rows.find([after.account_id])[0], after)


def end_session(units: Units, session_id: str) -> None:
    """Log out. Ending a session that is over, or was never there, changes nothing."""
    with units() as unit:
        before = unit.rows.lock_session(session_id)
        if before is not None and before.ended_at is None:
            unit.rows.save_session(sessions.end(before, EndReason.LOGGED_OUT, unit.now))


def verify_session(units: Units, session_id: str) -> SessionState:
    """Whether a session runs, and whose it is."""
    with units() as unit:
        found = unit.rows.session_with_role(session_id)
    if found is None:
        return {"active": False, "user_id": None, "role": None}
    session, role = found
    return {"active": session.runs(unit.now), "user_id": session.account_id, "role": role.value}


def verify_sessions(units: Units, session_ids: Collection[str]) -> list[str]:
    """Which of the sessions run, in no order."""
    with units() as unit:
        return [session.id for session in unit.rows.find_sessions(session_ids) if session.runs(unit.now)]


class Cache(Protocol):
    """See `hansom.cache.ReadCache`."""

    def read(
        self, ids: list[str], load: Callable[[list[str]], dict[str, dict[str, Any]]]
    ) -> dict[str, dict[str, Any]]: ...
    def changing(self, ids: Collection[str]) -> AbstractContextManager[None]: ...


def get_profiles(units: Units, cache: Cache, user_ids: list[str]) -> dict[str, dict[str, Any]]:
    """Id → profile; an id without an account is left out."""

    def load(missing: list[str]) -> dict[str, dict[str, Any]]:
        with units() as unit:
            return {account.id: dict(profile_of(account)) for account in unit.rows.find(missing)}

    return cache.read(user_ids, load)


def get_profile(units: Units, cache: Cache, user_id: str) -> dict[str, Any]:
    """One profile. Raises UnknownUser."""
    found = get_profiles(units, cache, [user_id])
    if user_id not in found:
        raise UnknownUser()
    return found[user_id]


def update_profile(units: Units, cache: Cache, command: UpdateProfile) -> Profile:
    """The profile with the changes made; told to others when there are any. Raises UnknownUser, EmailTaken."""
    with cache.changing([command.user_id]), units() as unit:
        before = unit.rows.lock(command.user_id)
        if before is None:
            raise UnknownUser()
        after = changed(before, command.changes)
        if after is not before:
            unit.rows.save(after)
            data = {"user_id": after.id, "role": after.role.value, "name": after.name, "version": after.version}
            unit.tell("profile_changed", after.id, data)
    return profile_of(after)


def note_ratings(units: Units, cache: Cache, given: Collection[dict[str, Any]]) -> None:
    """Write the newest mean of each user rated. `given`: data of `rating_given` events, in any order, repeats too."""
    newest: dict[str, tuple[float, int]] = {}
    for data in given:
        mean, count = float(data["average"]), int(data["count"])
        if count > newest.get(data["rated_user_id"], (0.0, 0))[1]:
            newest[data["rated_user_id"]] = (mean, count)
    if not newest:
        return
    with cache.changing(newest), units() as unit:
        unit.rows.set_ratings(newest)


def forget_sessions(units: Units, keep: timedelta) -> int:
    """Delete the sessions that have been over for `keep`; gives how many."""
    with units() as unit:
        return unit.rows.forget_sessions(unit.now - keep)
