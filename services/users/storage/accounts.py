"""Accounts and sessions in Postgres, inside one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Double,
    Integer,
    Row,
    Text,
    bindparam,
    column,
    delete,
    exists,
    func,
    or_,
    select,
    text,
    update,
    values,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as Transaction

from hansom.contracts.users import EmailTaken, Role
from services.users.domain.accounts import Account
from services.users.domain.sessions import EndReason, Session
from services.users.storage.tables import accounts, sessions

_ACCOUNT = ("id", "role", "email", "name", "phone", "locale", "language", "password_hash", "rating", "rating_count")
_ACCOUNT_COLUMNS = [accounts.c[name] for name in (*_ACCOUNT, "version", "created_at")]


def _account(row: Row[Any]) -> Account:
    return Account(**{**row._mapping, "role": Role(row.role)})


def _session(row: Row[Any]) -> Session:
    reason = EndReason(row.end_reason) if row.end_reason else None
    return Session(**{**row._mapping, "end_reason": reason})


def _values(record: Account | Session) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}


class AccountRows:
    """The accounts and sessions that one transaction reads and changes."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    # -- accounts ----------------------------------------------------------------------------------------------------
    def email_taken(self, email: str) -> bool:
        """Whether an account, committed, has this address (in its normal form)."""
        return bool(self._transaction.execute(select(exists().where(accounts.c.email == email))).scalar())

    def by_email(self, email: str) -> Account | None:
        row = self._transaction.execute(select(*_ACCOUNT_COLUMNS).where(accounts.c.email == email)).first()
        return _account(row) if row else None

    def find(self, ids: Collection[str]) -> list[Account]:
        """The accounts there are among these ids, as last committed."""
        array = bindparam(None, list(ids), type_=postgresql.ARRAY(Text))
        return [
            _account(row)
            for row in self._transaction.execute(select(*_ACCOUNT_COLUMNS).where(accounts.c.id == func.any(array)))
        ]

    def search(self, words: Sequence[str], email: str, limit: int) -> list[str]:
        """Ids, newest first, of accounts whose names have words that begin so, all of them, or whose address does."""
        by_email = accounts.c.email.startswith(email, autoescape=True)
        # words are letters and digits: nothing in them means something to a query
        query = func.to_tsquery(text("'simple'"), " & ".join(f"'{word}':*" for word in words))
        by_name = func.to_tsvector(text("'simple'::regconfig"), accounts.c.name).bool_op("@@")(query)
        wanted = select(accounts.c.id).where(or_(by_email, by_name) if words else by_email)
        return list(self._transaction.execute(wanted.order_by(accounts.c.id.desc()).limit(limit)).scalars())

    def lock(self, account_id: str) -> Account | None:
        """The account, held until the end of the transaction."""
        statement = select(*_ACCOUNT_COLUMNS).where(accounts.c.id == account_id).with_for_update()
        row = self._transaction.execute(statement).first()
        return _account(row) if row else None

    def add(self, account: Account) -> None:
        """Insert an account. Raises EmailTaken; of two at the same time the second waits and is refused."""
        statement = (
            postgresql.insert(accounts)
            .values(_values(account))
            .on_conflict_do_nothing(constraint="uq_accounts_email")
            .returning(accounts.c.id)
        )
        if self._transaction.execute(statement).first() is None:
            raise EmailTaken()

    def save(self, account: Account) -> None:
        """Write an account that this transaction has locked. Raises EmailTaken."""
        statement = update(accounts).where(accounts.c.id == account.id)
        try:
            self._transaction.execute(statement.values(**_values(account), updated_at=func.now()))
        except IntegrityError as exc:
            if getattr(exc.orig, "diag", None) and exc.orig.diag.constraint_name == "uq_accounts_email":  # type: ignore[union-attr]
                raise EmailTaken() from exc
            raise

    def replace_hash(self, account_id: str, old: str, new: str) -> None:
        """Store a stronger hash of the same password, unless the password was changed meanwhile."""
        self._transaction.execute(
            update(accounts)
            .where(accounts.c.id == account_id, accounts.c.password_hash == old)
            .values(password_hash=new, updated_at=func.now())
        )

    def set_ratings(self, ratings: Mapping[str, tuple[float, int]]) -> None:
        """User id → (mean, count). A count not above the one known is old news and changes nothing."""
        rows = [(user_id, mean, count) for user_id, (mean, count) in sorted(ratings.items())]
        told = values(column("id", Text), column("mean", Double), column("count", Integer), name="told").data(rows)
        self._transaction.execute(
            update(accounts)
            .where(accounts.c.id == told.c.id, accounts.c.rating_count < told.c.count)
            .values(rating=told.c.mean, rating_count=told.c.count, updated_at=func.now())
        )

    # -- sessions ----------------------------------------------------------------------------------------------------
    def add_session(self, session: Session) -> None:
        self._transaction.execute(postgresql.insert(sessions).values(_values(session)))

    def lock_session(self, session_id: str) -> Session | None:
        """The session, held until the end of the transaction."""
        row = self._transaction.execute(select(sessions).where(sessions.c.id == session_id).with_for_update()).first()
        return _session(row) if row else None

    def save_session(self, session: Session) -> None:
        """Write a session that this transaction has locked."""
        self._transaction.execute(update(sessions).where(sessions.c.id == session.id).values(_values(session)))

    def session_with_role(self, session_id: str) -> tuple[Session, Role] | None:
        """The session as last committed, and its account's role."""
        statement = select(sessions, accounts.c.role).join_from(sessions, accounts).where(sessions.c.id == session_id)
        row = self._transaction.execute(statement).first()
        if row is None:
            return None
        fields = dict(row._mapping)
        role = Role(fields.pop("role"))
        reason = EndReason(fields["end_reason"]) if fields["end_reason"] else None
        return Session(**{**fields, "end_reason": reason}), role

    def find_sessions(self, session_ids: Collection[str]) -> list[Session]:
        """The sessions as last committed, in no order; an id without one is left out."""
        return [
            _session(row) for row in self._transaction.execute(select(sessions).where(sessions.c.id.in_(session_ids)))
        ]

    def forget_sessions(self, over_before: datetime) -> int:
        """Delete sessions that were over before this moment; gives how many."""
        over = or_(sessions.c.expires_at < over_before, sessions.c.ended_at < over_before)
        return self._transaction.execute(delete(sessions).where(over)).rowcount  # type: ignore[attr-defined]
