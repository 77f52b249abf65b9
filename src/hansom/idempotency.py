"""The same key with the same body answers the same reply and has one effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Table, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hansom.contracts.errors import IdempotencyKeyReused

Request = dict[str, str] | None
"""`{"scope", "key", "fingerprint"}`: who uses the key for what, the key, and a keyed hash of the body."""


def keyed(request: Request, call_id: str | None) -> Request:
    """The caller's own key, or else one for this very call.

    The broker delivers a call again when its worker died after the commit and before the reply. Without a key the
    second worker would find the first one's work in its way: an address taken, a refresh token used.
    """
    if request or call_id is None:
        return request
    return {"scope": "call", "key": call_id, "fingerprint": ""}


def replay(session: Session, table: Table, request: Request) -> dict[str, Any] | None:
    """The reply given to this key before, or None. Raises IdempotencyKeyReused when the body was another."""
    if not request:
        return None
    row = session.execute(
        select(table.c.fingerprint, table.c.reply).where(
            table.c.scope == request["scope"], table.c.key == request["key"]
        )
    ).first()
    if row is None:
        return None
    if row.fingerprint != request["fingerprint"]:
        raise IdempotencyKeyReused()
    return row.reply


def once(session: Session, table: Table, request: Request, do: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """`do()` in this transaction, or the reply that the key got before.

    A twin under way is waited for: its row, not yet committed, holds the second insert back.
    Raises IdempotencyKeyReused.
    """
    if not request:
        return do()
    mine = session.execute(
        insert(table)
        .values(scope=request["scope"], key=request["key"], fingerprint=request["fingerprint"])
        .on_conflict_do_nothing()
        .returning(table.c.key)
    ).first()
    if mine is None:
        before = replay(session, table, request)
        assert before is not None, "a row that conflicts is committed"
        return before
    reply = do()
    session.execute(
        update(table).where(table.c.scope == request["scope"], table.c.key == request["key"]).values(reply=reply)
    )
    return reply
