"""What notifications does: one function a verb."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from redis.exceptions import RedisError

from hansom.contracts.notifications import Check, Presence, Stream
from hansom.events import Event
from hansom.inbox import forget_old, fresh
from hansom.store import Transactions
from hansom.wire import iso
from services.notifications.delivery import Delivery
from services.notifications.domain.news import News, news_of
from services.notifications.domain.order import out_of_order
from services.notifications.storage import streams
from services.notifications.storage.registry import Registry
from services.notifications.storage.tables import inbox

log = logging.getLogger(__name__)

DAYS_AHEAD = 3
BREACHES_SHOWN = 20


class Writer(Protocol):
    """See `services.notifications.outreach.Outreach`."""

    def tell(self, told: Sequence[News], away: Sequence[str]) -> None: ...


def tell_events(
    store: Transactions, delivery: Delivery, outreach: Writer, events: Sequence[Event], now: datetime
) -> None:
    """Append what the events mean to their users' streams, in one transaction, then send it on.

    A repeated event appends nothing. Dying after the commit loses nothing: gateways see that they are behind.
    """
    with store.begin() as session:
        told = [news for event in fresh(session, inbox, events) for news in news_of(event.name, event.data)]
        numbered = streams.append(session, told, now)
    if not numbered:
        return
    frames = [[each.news.user_id, each.news.event, each.news.data, each.seq] for each in numbered]
    away = delivery.deliver(frames)
    outreach.tell(told, away)


def tell_moves(delivery: Delivery, messages: Sequence[dict[str, Any]]) -> None:
    """Pass moving cars, and how long a driver may take to find, on to riders: the newest of each trip, not numbered and
    not kept."""
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    for message in messages:
        for move in message.get("moves", ()):
            newest["driver_moved", move["trip_id"]] = move
        for waiting in message.get("waiting", ()):
            newest["waiting_update", waiting["trip_id"]] = waiting
    if newest:
        told = [(news["rider_id"], event, _told(event, news)) for (event, _), news in newest.items()]
        delivery.deliver([[rider_id, event, data, None] for rider_id, event, data in told])


def _told(event: str, news: dict[str, Any]) -> dict[str, Any]:
    """What a rider is told of it."""
    if event == "driver_moved":
        return {name: news.get(name) for name in ("trip_id", "point", "bearing_deg", "eta_s")}
    return {name: value for name, value in news.items() if name != "rider_id"}


def connect_users(store: Transactions, registry: Registry, gateway_id: str, user_ids: Sequence[str]) -> Presence:
    """The users are at the gateway: their events go there, too. Those up to their last number have been.

    A gateway repeats this for all who are still there. The registry comes first: an event after the number was read
    is sent.
    """
    _put(registry, gateway_id, user_ids)
    with store.begin() as session:
        return {"last_seqs": streams.last_seqs(session, user_ids)}


def disconnect_users(registry: Registry, gateway_id: str, user_ids: Sequence[str]) -> None:
    """The users have left the gateway."""
    try:
        registry.take_away(gateway_id, user_ids)
    except RedisError as exc:
        log.info("who left was not noted; it ends by itself: %s", exc)


def _put(registry: Registry, gateway_id: str, user_ids: Sequence[str]) -> None:
    try:
        registry.put(gateway_id, user_ids)
    except RedisError as exc:
        # the gateway says it again in a moment, and sees by the numbers what it has missed meanwhile
        log.warning("the registry is not kept: Redis is down: %s", exc)


def read_stream(store: Transactions, user_id: str, after: int, limit: int) -> Stream:
    """What the user was told after a number, in order."""
    with store.begin() as session:
        rows = streams.read(session, user_id, after, limit)
        last_seq = streams.last_seqs(session, [user_id])[user_id]
        oldest = streams.oldest_seq(session, user_id)
    events = [{"seq": row.seq, "event": row.event, "data": row.data, "at": iso(row.at) or ""} for row in rows]
    return {"events": events, "last_seq": last_seq, "oldest_seq": oldest}  # type: ignore[typeddict-item]


def keep_days(store: Transactions, now: datetime, keep_hours: float, inbox_days: float) -> list[str]:
    """Have the next days' partitions and drop those whose events all are older than `keep_hours`; gives these."""
    today = now.astimezone(UTC).date()
    with store.begin() as session:
        streams.make_days(session, today, DAYS_AHEAD)
    with store.begin() as session:
        dropped = streams.drop_days(session, (now - timedelta(hours=keep_hours)).astimezone(UTC).date())
        forget_old(session, inbox, timedelta(days=inbox_days))
    return dropped


def audit(store: Transactions) -> list[Check]:
    """Numbers without gaps, and each trip told in an order that a ride can have."""
    with store.begin() as session:
        users, numbers = streams.broken_numbers(session)
        told = streams.trips_as_told(session)
    orders = [
        f"user {user_id}, trip {trip_id}: {wrong}"
        for user_id, trip_id, events, cut in told
        if (wrong := out_of_order(events, cut=cut)) is not None
    ]
    return [
        {"name": "user_streams_have_no_gaps", "checked": users, "breaches": numbers[:BREACHES_SHOWN]},
        {"name": "trips_are_told_once_and_in_order", "checked": len(told), "breaches": orders[:BREACHES_SHOWN]},
    ]
