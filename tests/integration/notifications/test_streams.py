"""Streams on real Postgres and Redis: numbers without gaps, effects once, days that go, a registry that heals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import eventlet
import pytest
from sqlalchemy import delete, func, select, text

from hansom.events import Event
from hansom.ids import new_id
from hansom.redis import live_redis
from hansom.store import Transactions, engine_for, transactions
from services.notifications import usecases
from services.notifications.domain.news import News
from services.notifications.storage import streams
from services.notifications.storage.registry import KEY, Registry
from services.notifications.storage.tables import stream_events
from tests.support.waiting import eventually

NOW = datetime.now(UTC)
LONG_AGO = date(2001, 1, 1)


@pytest.fixture(scope="module")
def store(config: dict[str, Any]) -> Iterator[Transactions]:
    engine = engine_for(config, "notifications")
    yield transactions(engine)
    engine.dispose()


@pytest.fixture
def registry(config: dict[str, Any]) -> Registry:
    return Registry(live_redis(config), ttl_s=0.5)


class Ear:
    """Stands for the delivery and the outreach: keeps what it was given."""

    def __init__(self) -> None:
        self.frames: list[list[Any]] = []
        self.told: list[News] = []

    def deliver(self, frames: Sequence[list[Any]]) -> list[str]:
        self.frames += frames
        return []

    def tell(self, told: Sequence[News], away: Sequence[str]) -> None:
        self.told += told


def an_event(type_: str, data: dict[str, Any], publisher: str = "trips") -> Event:
    return Event(new_id(), type_, 1, NOW, publisher, "key", data)


def an_offer(driver_id: str, trip_id: str = "t") -> Event:
    return an_event("offer_withdrawn", {"offer_id": new_id(), "driver_id": driver_id, "trip_id": trip_id})


def numbers(store: Transactions, user_id: str) -> list[int]:
    with store.begin() as session:
        return [row.seq for row in streams.read(session, user_id, 0, 10_000)]


def test_many_appends_at_once_number_each_stream_without_a_gap(store: Transactions) -> None:
    users = [new_id() for _ in range(4)]

    def append(turn: int) -> None:
        for number in range(10):
            mixed = users[(turn + number) % 4 :] + users[: (turn + number) % 4]
            with store.begin() as session:
                streams.append(session, [News(user_id, "told", {}) for user_id in mixed for _ in range(2)], NOW)

    pool = [eventlet.spawn(append, turn) for turn in range(8)]
    for each in pool:
        each.wait()
    for user_id in users:
        assert numbers(store, user_id) == list(range(1, 161))


def test_a_transaction_that_fails_takes_its_numbers_back(store: Transactions) -> None:
    user_id = new_id()
    with pytest.raises(RuntimeError), store.begin() as session:
        streams.append(session, [News(user_id, "told", {})], NOW)
        raise RuntimeError
    with store.begin() as session:
        streams.append(session, [News(user_id, "told", {})], NOW)
    assert numbers(store, user_id) == [1]


def test_an_event_that_comes_twice_is_told_once(store: Transactions) -> None:
    driver_id, ear = new_id(), Ear()
    event, other = an_offer(driver_id), an_offer(driver_id)
    for batch in ([event, event], [event, other], [other]):
        usecases.tell_events(store, ear, ear, batch, NOW)  # type: ignore[arg-type]
    assert numbers(store, driver_id) == [1, 2]
    assert [frame[3] for frame in ear.frames] == [1, 2]
    assert len(ear.told) == 2


def test_the_same_batch_at_two_replicas_at_once_is_told_once(store: Transactions) -> None:
    driver_id, ear = new_id(), Ear()
    batch = [an_offer(driver_id) for _ in range(20)]
    twins = [eventlet.spawn(usecases.tell_events, store, ear, ear, batch, NOW) for _ in range(3)]
    for twin in twins:
        twin.wait()
    assert numbers(store, driver_id) == list(range(1, 21))
    assert len(ear.frames) == 20


def test_a_stream_is_read_in_pages_after_a_number(store: Transactions) -> None:
    user_id = new_id()
    with store.begin() as session:
        streams.append(session, [News(user_id, "told", {"n": n}) for n in range(1, 8)], NOW)
    page = usecases.read_stream(store, user_id, 2, 3)
    assert [event["seq"] for event in page["events"]] == [3, 4, 5]
    assert [event["data"] for event in page["events"]] == [{"n": 3}, {"n": 4}, {"n": 5}]
    assert (page["last_seq"], page["oldest_seq"]) == (7, 1)
    assert usecases.read_stream(store, new_id(), 0, 3) == {"events": [], "last_seq": 0, "oldest_seq": None}


def test_old_days_go_whole_and_numbers_go_on(store: Transactions) -> None:
    user_id = new_id()
    old = datetime(2001, 1, 1, 12, tzinfo=UTC)
    with store.begin() as session:
        streams.make_days(session, LONG_AGO, 1)
    with store.begin() as session:
        streams.append(session, [News(user_id, "told", {})] * 3, old)
    with store.begin() as session:
        assert session.execute(text("SELECT count(*) FROM days.day_20010101")).scalar() == 3
        assert streams.drop_days(session, LONG_AGO + timedelta(days=1)) == ["day_20010101"]
    with store.begin() as session:
        streams.append(session, [News(user_id, "told", {})], NOW)
    page = usecases.read_stream(store, user_id, 0, 10)
    assert [event["seq"] for event in page["events"]] == [4]
    assert (page["last_seq"], page["oldest_seq"]) == (4, 4)


def test_a_day_without_a_partition_loses_nothing_and_goes_with_the_others(store: Transactions) -> None:
    user_id = new_id()
    with store.begin() as session:
        streams.append(session, [News(user_id, "told", {})], datetime(2001, 3, 1, tzinfo=UTC))
    assert numbers(store, user_id) == [1]
    with store.begin() as session:
        streams.make_days(session, date(2001, 3, 1), 1)  # has begun elsewhere: left there
    assert numbers(store, user_id) == [1]
    with store.begin() as session:
        streams.drop_days(session, date(2001, 4, 1))
    assert numbers(store, user_id) == []


def test_the_timer_keeps_today_and_what_is_younger_than_the_setting(store: Transactions) -> None:
    usecases.keep_days(store, NOW, keep_hours=24, inbox_days=7)
    assert usecases.keep_days(store, NOW, keep_hours=24, inbox_days=7) == []
    with store.begin() as session:
        names = session.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'days'")).scalars().all()
    today = NOW.date()
    kept = {f"day_{today + timedelta(days=ahead):%Y%m%d}" for ahead in (1, 2)}
    assert kept <= set(names)


def test_the_audit_finds_a_gap_and_a_ride_told_twice(store: Transactions) -> None:
    gappy, doubled, trip_id = new_id(), new_id(), new_id()
    with store.begin() as session:
        streams.append(session, [News(gappy, "told", {})] * 3, NOW)
        streams.append(session, [News(doubled, "trip_assigned", {}, trip_id)] * 2, NOW)
        session.execute(delete(stream_events).where(stream_events.c.user_id == gappy, stream_events.c.seq == 2))
    try:
        with store.begin() as session:
            _, broken = streams.broken_numbers(session)
            told = {(user, trip): events for user, trip, events, _ in streams.trips_as_told(session)}
        assert any(gappy in line for line in broken)
        assert told[(doubled, trip_id)] == ["trip_assigned", "trip_assigned"]
        checks = {check["name"]: check["breaches"] for check in usecases.audit(store)}
        assert any(trip_id in line for line in checks["trips_are_told_once_and_in_order"])
    finally:
        with store.begin() as session:
            session.execute(delete(stream_events).where(stream_events.c.user_id.in_([gappy, doubled])))


def test_a_user_is_found_at_each_of_his_gateways_until_they_are_silent(registry: Registry) -> None:
    user_id, other = new_id(), new_id()
    registry.put("gateway-1", [user_id, other])
    registry.put("gateway-2", [user_id])
    assert {user: sorted(found) for user, found in registry.gateways([user_id, other, "nobody"]).items()} == {
        user_id: ["gateway-1", "gateway-2"],
        other: ["gateway-1"],
        "nobody": [],
    }
    registry.take_away("gateway-1", [user_id])
    assert registry.gateways([user_id]) == {user_id: ["gateway-2"]}
    eventually(lambda: registry.gateways([user_id]) == {user_id: []})


def test_an_emptied_registry_is_filled_by_the_next_refresh(
    store: Transactions, registry: Registry, config: dict[str, Any]
) -> None:
    user_id = new_id()
    with store.begin() as session:
        streams.append(session, [News(user_id, "told", {})] * 5, NOW)
    usecases.connect_users(store, registry, "gateway-1", [user_id])
    live_redis(config).delete(KEY.format(user_id))
    assert usecases.connect_users(store, registry, "gateway-1", [user_id]) == {"last_seqs": {user_id: 5}}
    assert registry.gateways([user_id]) == {user_id: ["gateway-1"]}


def test_hundreds_who_leave_are_forgotten_at_once_and_at_their_gateway_only(
    store: Transactions, registry: Registry
) -> None:
    user_ids = [new_id() for _ in range(300)]
    for gateway_id in ("gateway-1", "gateway-2"):
        usecases.connect_users(store, registry, gateway_id, user_ids)
    usecases.disconnect_users(registry, "gateway-1", user_ids[:299])
    here = registry.gateways(user_ids)
    assert [here[user_id] for user_id in user_ids[:299]] == [["gateway-2"]] * 299
    assert here[user_ids[299]] == ["gateway-1", "gateway-2"]


def test_with_redis_down_a_gateway_still_hears_how_far_its_users_streams_are(
    store: Transactions, config: dict[str, Any]
) -> None:
    gone = Registry(live_redis({**config, "REDIS_URIS": {"live": "redis://127.0.0.1:1"}}), ttl_s=5)
    user_id = new_id()
    with store.begin() as session:
        streams.append(session, [News(user_id, "told", {})], NOW)
    assert usecases.connect_users(store, gone, "gateway-1", [user_id]) == {"last_seqs": {user_id: 1}}


def test_every_event_of_a_stream_stands_under_its_users_number_once(store: Transactions) -> None:
    rows = stream_events.c
    with store.begin() as session:
        twice = session.execute(
            select(rows.user_id, rows.seq).group_by(rows.user_id, rows.seq).having(func.count() > 1)
        ).all()
    assert twice == []
