"""What the provider hinted at, in Postgres."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.payments.storage.tables import webhooks


class WebhookRows:
    """The provider's news, of one transaction: (id of the message, kind, key of what is named)."""

    _session: Session

    def keep_news(self, provider: str, news: Sequence[tuple[str, str, str]], at: datetime) -> set[str]:
        """Keep what was not heard before; gives the messages' ids. One that comes twice is one."""
        if not news:
            return set()
        rows = [
            {"provider": provider, "event_id": id_, "kind": kind, "key": key, "received_at": at}
            for id_, kind, key in sorted(set(news))
        ]
        statement = insert(webhooks).on_conflict_do_nothing().returning(webhooks.c.event_id)
        return set(self._session.execute(statement, rows).scalars())

    def waiting_news(self, provider: str, before: datetime, limit: int) -> list[tuple[str, str, str]]:
        """What was heard before a moment and nobody followed up, oldest first."""
        is_waiting = (webhooks.c.handled_at.is_(None), webhooks.c.received_at < before)
        wanted = select(webhooks).where(webhooks.c.provider == provider, *is_waiting)
        ordered = wanted.order_by(webhooks.c.received_at, webhooks.c.event_id).limit(limit)
        return [(row.event_id, row.kind, row.key) for row in self._session.execute(ordered)]

    def mark_news_handled(self, provider: str, ids: Collection[str], at: datetime) -> None:
        if ids:
            mine = (webhooks.c.provider == provider, webhooks.c.event_id.in_(list(ids)))
            self._session.execute(update(webhooks).where(*mine).values(handled_at=at))


def forget_news(session: Session, before: datetime) -> int:
    """Forget what was followed up before a moment; gives how much. Heard again, it would be looked up again."""
    return session.execute(delete(webhooks).where(webhooks.c.handled_at < before)).rowcount  # type: ignore[attr-defined]
