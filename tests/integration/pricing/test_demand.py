"""Demand windows and surge, in Redis."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from nameko.containers import ServiceContainer
from nameko.testing.services import entrypoint_hook
from redis import Redis

from hansom.events import Event
from hansom.ids import new_id
from hansom.wire import iso
from services.pricing.domain.surge import Demand
from services.pricing.storage.redis import Asked, DemandWindows
from tests.integration.pricing.conftest import Call
from tests.support.money import example
from tests.support.pricing_world import DROPOFF, PICKUP, World

ASK = {"rider_id": "rider-1", "pickup": PICKUP, "dropoff": DROPOFF}
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def windows(redis: Redis) -> Iterator[DemandWindows]:
    yield DemandWindows(redis, timedelta(seconds=300))


def asked(segment: str = "a", trip_id: str | None = None, ago_s: float = 0, unmet: bool = False) -> Asked:
    return Asked("helsinki", segment, trip_id or new_id(), NOW - timedelta(seconds=ago_s), unmet)


def test_requests_are_counted_in_their_segments(windows: DemandWindows) -> None:
    windows.note([asked("a"), asked("a"), asked("b"), asked("c"), asked("a", unmet=True)], NOW)
    assert windows.count("helsinki", ["a", "b"], NOW) == Demand(requests=3, unmet=1, window_s=300)
    assert windows.count("tampere", ["a", "b"], NOW) == Demand(0, 0, 300)


def test_an_event_that_comes_twice_counts_once(windows: DemandWindows) -> None:
    once = asked(trip_id="trip-1")
    windows.note([once, once], NOW)
    windows.note([once], NOW)
    assert windows.count("helsinki", ["a"], NOW).requests == 1


def test_requests_leave_the_window(windows: DemandWindows) -> None:
    windows.note([asked(ago_s=299), asked(ago_s=301), asked()], NOW)
    assert windows.count("helsinki", ["a"], NOW).requests == 2
    assert windows.count("helsinki", ["a"], NOW + timedelta(seconds=2)).requests == 1


def told(type_: str, count: int) -> list[Event]:
    """Events of new trips from PICKUP, as of now."""
    events, now = [], datetime.now(UTC)
    for _ in range(count):
        trip: dict[str, Any] = {**example(f"trips.{type_}")["data"]["trip"], "id": new_id(), "pickup": PICKUP}
        trip["requested_at"] = iso(now)
        events.append(Event(new_id(), type_, 1, now, "trips", trip["id"], {"trip": trip}))
    return events


def test_many_requests_for_few_cars_raise_the_fare_and_say_why(
    service: ServiceContainer, call: Call, redis: Redis, world: World
) -> None:
    before = call("quote", ASK)["options"][0]
    with entrypoint_hook(service, "on_events") as on_events:
        on_events(told("trip_requested", 60))
    world.free_nearby = 6
    option = call("quote", ASK)["options"][0]
    assert option["surge"] == {"multiplier": 1.5, "reason": "high_demand"}
    assert option["fare"]["amount_minor"] - before["fare"]["amount_minor"] == 640  # half of the ride, not of the fee
    with entrypoint_hook(service, "on_events") as on_events:
        on_events(told("trip_expired", 100))
    assert call("quote", ASK)["options"][0]["surge"]["multiplier"] == 2.0  # the city's cap


def test_an_emptied_redis_means_no_surge(service: ServiceContainer, call: Call, redis: Redis) -> None:
    with entrypoint_hook(service, "on_events") as on_events:
        on_events(told("trip_requested", 200))
    for key in redis.scan_iter("pricing:*"):
        redis.delete(key)
    assert call("quote", ASK)["options"][0]["surge"] == {"multiplier": 1.0, "reason": "normal"}
