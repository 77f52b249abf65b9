"""Users' streams in Postgres: appending numbers and rows in one transaction, reading, and the days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.orm import Session

from services.notifications.domain.news import News
from services.notifications.storage.tables import counters, stream_events


@dataclass(frozen=True, slots=True)
class Numbered:
    """News with its place in its user's stream."""

    news: News
    seq: int


def append(session: Session, told: Sequence[News], now: datetime) -> list[Numbered]:
    """Number the news and keep them, in their order; the counters stay locked until the transaction ends.

    Two statements whatever the number. Counters are locked in the order of user ids, so that two appends never wait
    for each other in a circle.
    """
    if not told:
        return []
    amounts = Counter(news.user_id for news in told)
    rows = [{"user_id": user_id, "last_seq": amounts[user_id]} for user_id in sorted(amounts)]
    adding = insert(counters).values(rows)
    counting = adding.on_conflict_do_update(
        index_elements=[counters.c.user_id],
        set_={"last_seq": counters.c.last_seq + adding.excluded.last_seq},
    ).returning(counters.c.user_id, counters.c.last_seq)
    following = {user_id: last_seq - amounts[user_id] for user_id, last_seq in session.execute(counting)}
    numbered = []
    for news in told:
        following[news.user_id] += 1
        numbered.append(Numbered(news, following[news.user_id]))
    session.execute(insert(stream_events).values([_row(each, now) for each in numbered]))
    return numbered


def _row(each: Numbered, now: datetime) -> dict[str, Any]:
    news = each.news
    return {
        "user_id": news.user_id,
        "seq": each.seq,
        "day": now.astimezone(UTC).date(),
        "event": news.event,
        "trip_id": news.trip_id,
        "data": news.data,
        "at": now,
    }


def last_seqs(session: Session, user_ids: Sequence[str]) -> dict[str, int]:
    """The number of each user's last event; 0 for who never had one."""
    found = session.execute(
        select(counters.c.user_id, counters.c.last_seq).where(counters.c.user_id.in_(user_ids))
    ).all()
    return {**dict.fromkeys(user_ids, 0), **{row.user_id: row.last_seq for row in found}}


def read(session: Session, user_id: str, after: int, limit: int) -> list[Any]:
    """Rows (seq, event, data, at) of a user after a number, in order."""
    rows = stream_events.c
    return list(
        session.execute(
            select(rows.seq, rows.event, rows.data, rows.at)
            .where(rows.user_id == user_id, rows.seq > after)
            .order_by(rows.seq)
            .limit(limit)
        ).all()
    )


def oldest_seq(session: Session, user_id: str) -> int | None:
    """The first number of a user's that is still kept."""
    return session.execute(
        select(func.min(stream_events.c.seq)).where(stream_events.c.user_id == user_id)
    ).scalar_one_or_none()


# -- days ------------------------------------------------------------------------------------------------------------
def make_days(session: Session, first: date, count: int) -> None:
    """Have a partition for each of `count` days from `first`. A day that has begun in `days.other` stays there."""
    for number in range(count):
        day = first + timedelta(days=number)
        name, following = _name(day), day + timedelta(days=1)
        if session.execute(text("SELECT to_regclass(:name)"), {"name": f"days.{name}"}).scalar() is not None:
            continue
        begun = select(func.count()).select_from(text("days.other")).where(text("day = :day"))
        if session.execute(begun, {"day": day}).scalar():
            continue
        session.execute(
            text(f"CREATE TABLE days.{name} PARTITION OF stream_events FOR VALUES FROM ('{day}') TO ('{following}')")
        )


def drop_days(session: Session, before: date) -> list[str]:
    """Forget the days before a date; gives the names of the partitions that went."""
    names = session.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'days'")).scalars().all()
    old = [name for name in names if name.startswith("day_") and name < _name(before)]
    for name in old:
        session.execute(text(f"DROP TABLE days.{name}"))
    session.execute(text("DELETE FROM days.other WHERE day < :before"), {"before": before})
    return old


def _name(day: date) -> str:
    return f"day_{day:%Y%m%d}"


# -- audit -----------------------------------------------------------------------------------------------------------
def broken_numbers(session: Session) -> tuple[int, list[str]]:
    """How many streams were looked at, and those with a gap, a number twice, or an end that is not their counter's."""
    rows = stream_events.c
    kept = (
        select(
            rows.user_id,
            func.count().label("n"),
            func.count(rows.seq.distinct()).label("different"),
            func.min(rows.seq).label("first"),
            func.max(rows.seq).label("last"),
        )
        .group_by(rows.user_id)
        .subquery()
    )
    statement = select(kept, counters.c.last_seq).outerjoin(counters, counters.c.user_id == kept.c.user_id)
    checked, breaches = 0, []
    for row in session.execute(statement):
        checked += 1
        if row.n != row.different or row.n != row.last - row.first + 1 or row.last != row.last_seq:
            breaches.append(
                f"user {row.user_id}: {row.n} events, {row.different} numbers from {row.first} to {row.last}, "
                f"counter {row.last_seq}"
            )
    return checked, breaches


def trips_as_told(session: Session) -> list[tuple[str, str, list[str], bool]]:
    """(user, trip, events in order, whether the beginning of the user's stream has gone with its day) of every trip."""
    rows = stream_events.c
    first = select(rows.user_id, func.min(rows.seq).label("seq")).group_by(rows.user_id).subquery()
    statement = (
        select(rows.user_id, rows.trip_id, func.array_agg(aggregate_order_by(rows.event, rows.seq)), first.c.seq > 1)
        .join(first, first.c.user_id == rows.user_id)
        .where(rows.trip_id.is_not(None))
        .group_by(rows.user_id, rows.trip_id, first.c.seq)
    )
    return [(user_id, trip_id, list(events), cut) for user_id, trip_id, events, cut in session.execute(statement)]
