"""An event that comes twice has one effect."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Table, delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hansom.events import Event


def fresh(session: Session, inbox: Table, events: Sequence[Event]) -> list[Event]:
    """The events not handled before, in order, marked as handled in this very transaction."""
    if not events:
        return []
    rows = [{"event_id": event_id} for event_id in sorted({event.event_id for event in events})]
    statement = insert(inbox).values(rows).on_conflict_do_nothing().returning(inbox.c.event_id)
    new = set(session.execute(statement).scalars())
    first = []
    for event in events:
        if event.event_id in new:
            new.discard(event.event_id)
            first.append(event)
    return first


def forget_old(session: Session, table: Table, keep: timedelta) -> int:
    """Delete inbox or idempotency rows older than `keep`; gives how many."""
    column = table.c.received_at if "received_at" in table.c else table.c.created_at
    return session.execute(delete(table).where(column < func.now() - keep)).rowcount  # type: ignore[attr-defined]
