"""Demand in Redis, and surge as quotes have it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from nameko.containers import ServiceContainer
from nameko.testing.services import entrypoint_hook
from redis import Redis

from hansom.contracts.errors import Unavailable
from hansom.contracts.pricing import SurgeCode
from hansom.events import Event
from hansom.ids import new_id
from hansom.values import Point
from hansom.wire import iso
from services.pricing.dependencies import SegmentCache
from services.pricing.domain.reasons import Reckoned
from services.pricing.domain.surge import Demand, Near, SegmentSurge
from services.pricing.outgoing import Grounds, LiveWorld
from services.pricing.storage.redis import Became, Heard, LiveDemand, LiveSurge
from tests.integration.pricing.conftest import Call
from tests.support.money import example
from tests.support.pricing_world import CELLS, DROPOFF, PICKUP, SEGMENT, World

ASK = {"rider_id": "rider-1", "pickup": PICKUP, "dropoff": DROPOFF}
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
CITY = "helsinki"

Tick = Callable[[], None]


@pytest.fixture
def demand(redis: Redis) -> LiveDemand:
    return LiveDemand(redis, timedelta(seconds=300), timedelta(seconds=180))


@pytest.fixture
def surges(redis: Redis) -> LiveSurge:
    return LiveSurge(redis)


@pytest.fixture
def tick(service: ServiceContainer, redis: Redis, surges: LiveSurge) -> Tick:
    """A step of surge, as if the last had been 50 s ago."""

    def tick() -> None:
        reckoned, segments = surges.of(CITY)
        if reckoned is not None and reckoned.at is not None:
            surges.keep(CITY, Reckoned(reckoned.at - timedelta(seconds=50), cap_tenths=20), segments)
        reckon(service)

    return tick


def reckon(service: ServiceContainer) -> None:
    with entrypoint_hook(service, "reckon_surge") as reckon_surge:
        reckon_surge()


def heard(
    became: Became = Became.ASKED, segment: str = "a", trip_id: str | None = None, ago_s: float = 0, city: str = CITY
) -> Heard:
    return Heard(city, segment, trip_id or new_id(), NOW - timedelta(seconds=ago_s), became)


def test_trips_are_counted_in_their_segments(demand: LiveDemand) -> None:
    demand.note([heard(), heard(), heard(segment="b"), heard(Became.UNMET), heard(city="tampere")], NOW)
    assert demand.by_segment(CITY, NOW) == {"a": Demand(2, 2, 1), "b": Demand(1, 1, 0)}
    assert demand.by_segment("turku", NOW) == {}


def test_a_trip_waits_until_it_has_a_driver_or_is_given_up(demand: LiveDemand) -> None:
    demand.note([heard(trip_id="1"), heard(trip_id="2"), heard(trip_id="3")], NOW)
    demand.note([heard(Became.TAKEN, trip_id="1"), heard(Became.UNMET, trip_id="2")], NOW)
    assert demand.by_segment(CITY, NOW) == {"a": Demand(waiting=1, requests=3, unmet=1)}
    demand.note([heard(Became.WAITING, trip_id="1")], NOW)  # its driver gave it back
    assert demand.by_segment(CITY, NOW)["a"].waiting == 2


def test_what_is_told_twice_counts_once(demand: LiveDemand) -> None:
    story = [heard(trip_id="1"), heard(Became.TAKEN, trip_id="1"), heard(trip_id="2"), heard(trip_id="2")]
    demand.note(story, NOW)
    demand.note(story, NOW)
    assert demand.by_segment(CITY, NOW) == {"a": Demand(waiting=1, requests=2)}


def test_what_is_long_ago_is_forgotten(demand: LiveDemand) -> None:
    demand.note([heard(ago_s=299), heard(ago_s=301), heard(ago_s=179), heard(ago_s=181)], NOW)
    assert demand.by_segment(CITY, NOW)["a"] == Demand(waiting=1, requests=3)
    assert demand.by_segment(CITY, NOW + timedelta(seconds=2))["a"] == Demand(waiting=0, requests=2)


def test_surge_is_read_back_as_it_was_kept(surges: LiveSurge) -> None:
    reckoned = Reckoned(NOW, True, 18, 300.0)
    busy = SegmentSurge(1.25, 12, 1.4, Near(1, 9, 2, 3))
    surges.keep(CITY, reckoned, {"a": busy, "b": SegmentSurge(1.0, 10)})
    assert surges.at(CITY, "a") == (reckoned, busy)
    assert surges.at(CITY, "nowhere") == surges.at(CITY, None) == (reckoned, None)
    surges.keep(CITY, reckoned, {"b": busy})
    assert surges.of(CITY) == (reckoned, {"b": busy})
    surges.note_trouble(CITY, Reckoned(NOW, True, 18, 300.0, SurgeCode.SUPPLY_UNKNOWN))
    assert surges.of(CITY)[1] == {"b": busy}
    assert surges.at("turku", "a") == (None, None)


def told(type_: str, count: int) -> list[Event]:
    """Events of new trips from PICKUP, as of now."""
    events, now = [], datetime.now(UTC)
    for _ in range(count):
        trip: dict[str, Any] = {**example(f"trips.{type_}")["data"]["trip"], "id": new_id(), "pickup": PICKUP}
        trip["requested_at"] = iso(now)
        events.append(Event(new_id(), type_, 1, now, "trips", trip["id"], {"trip": trip}))
    return events


def hear(service: ServiceContainer, events: list[Event]) -> None:
    with entrypoint_hook(service, "on_events") as on_events:
        on_events(events)


def surge(call: Call) -> dict[str, Any]:
    return call("quote", ASK)["options"][0]["surge"]


def test_many_requests_for_few_cars_raise_the_fare_step_by_step_and_say_why(
    service: ServiceContainer, call: Call, world: World, tick: Tick
) -> None:
    tick()
    usual = call("quote", ASK)["options"][0]
    assert usual["surge"] == {"multiplier": 1.0, "code": "normal", "reason": "The usual fare.", "values": None}
    hear(service, told("trip_requested", 5))
    hear(service, told("trip_expired", 10))
    world.cars = {SEGMENT: {"free": 5, "busy": 2}}
    shown = []
    for _ in range(9):  # 5 wait, 5 more are expected in the next minute, by those who found nobody: 10 for 5 cars
        tick()
        shown.append(surge(call)["multiplier"])
    assert shown == sorted(shown) and 1.0 < shown[0] < shown[-1] == 1.5
    option = call("quote", ASK)["options"][0]
    assert option["surge"] == {
        "multiplier": 1.5,
        "code": "high_demand",
        "reason": "Busy near the pickup: 5 rides asked for in the last 5 minutes, 5 still without a car, "
        "10 found none, 5 free cars.",
        "values": {
            **{"window_s": 300.0, "requests": 5, "waiting": 5, "unmet": 10, "free": 5},
            **{"easing": False, "at_cap": False},
        },
    }
    quote = call("quote", ASK)
    assert call("get_quote", {"quote_id": quote["id"]})["options"][0]["surge"] == option["surge"], "and keeps it"
    assert option["fare"]["amount_minor"] - usual["fare"]["amount_minor"] == 640  # half of the ride, not of the fee


@pytest.mark.parametrize("type_", ["trip_assigned", "trip_cancelled", "trip_expired"])
def test_a_trip_that_waits_no_more_is_heard_of(
    service: ServiceContainer, redis: Redis, demand: LiveDemand, type_: str
) -> None:
    trips = told("trip_requested", 2)
    hear(service, trips)
    assert demand.by_segment(CITY, datetime.now(UTC))[SEGMENT].waiting == 2
    hear(service, [Event(new_id(), type_, 1, datetime.now(UTC), "trips", trips[0].key, trips[0].data)])
    assert demand.by_segment(CITY, datetime.now(UTC))[SEGMENT].waiting == 1
    hear(service, [Event(new_id(), "trip_returned", 1, datetime.now(UTC), "trips", trips[0].key, trips[0].data)])
    assert demand.by_segment(CITY, datetime.now(UTC))[SEGMENT].waiting == 2


def test_trips_of_a_city_that_is_no_longer_served_are_passed_over(service: ServiceContainer, redis: Redis) -> None:
    events = told("trip_requested", 1)
    events[0].data["trip"]["city"] = "atlantis"
    hear(service, events)
    assert not redis.keys("pricing:*:atlantis")


def raise_fares(service: ServiceContainer) -> None:
    """Many ask for rides; a first step is as long as SURGE_TICK_S, which is an hour here."""
    hear(service, told("trip_requested", 200))
    reckon(service)


def test_an_emptied_redis_means_the_usual_fare_and_says_so(
    service: ServiceContainer, call: Call, redis: Redis, tick: Tick
) -> None:
    raise_fares(service)
    assert surge(call)["multiplier"] > 1
    for key in redis.scan_iter("pricing:*"):
        redis.delete(key)
    assert (surge(call)["multiplier"], surge(call)["code"]) == (1.0, "demand_unknown")
    tick()
    assert (surge(call)["multiplier"], surge(call)["code"]) == (1.0, "normal")


def test_while_location_is_silent_surge_stays_for_a_minute_and_then_ends(
    service: ServiceContainer, call: Call, world: World, tick: Tick, surges: LiveSurge
) -> None:
    raise_fares(service)
    before = surge(call)["multiplier"]
    world.failures["supply_by_segment"] = Unavailable()
    tick()
    assert surge(call)["multiplier"] == before
    reckoned, segments = surges.of(CITY)
    assert reckoned is not None and reckoned.at is not None
    long_ago = Reckoned(reckoned.at - timedelta(seconds=60), cap_tenths=20, trouble=reckoned.trouble)
    surges.keep(CITY, long_ago, segments)
    assert (surge(call)["multiplier"], surge(call)["code"]) == (1.0, "supply_unknown")


def test_where_no_car_is_on_the_map_nothing_is_raised(
    service: ServiceContainer, call: Call, world: World, redis: Redis
) -> None:
    world.cars = {}
    raise_fares(service)
    assert surge(call)["code"] == "supply_unknown"


class CountingRedis(Redis):
    """Redis, and what it was asked."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        self.__dict__.setdefault("asked", []).append(args[0])
        return super().execute_command(*args, **options)


def test_a_quote_asks_redis_once(
    service: ServiceContainer, redis: Redis, world: World, pricing_settings: dict[str, Any]
) -> None:
    raise_fares(service)
    client = CountingRedis.from_url(pricing_settings["REDIS_URIS"]["live"], decode_responses=True)
    cache = SegmentCache(rings=3)
    cache.of(CITY, lambda _: CELLS)
    live = LiveWorld(None, None, LiveSurge(client), Grounds(None, cache), timedelta(seconds=60))
    found = live.surge(CITY, Point(**PICKUP), datetime.now(UTC))
    assert (found.tenths, found.code) == (20, SurgeCode.HIGH_DEMAND)
    assert client.__dict__["asked"] == ["HMGET"]
    client.close()


def test_a_quote_keeps_its_surge_and_its_words_whatever_comes(
    service: ServiceContainer, call: Call, redis: Redis
) -> None:
    raise_fares(service)
    quote = call("quote", ASK)
    assert quote["options"][0]["surge"]["multiplier"] > 1
    for key in redis.scan_iter("pricing:*"):
        redis.delete(key)
    assert call("get_quote", {"quote_id": quote["id"]}) == quote


def test_surge_by_segment_says_what_was_counted(service: ServiceContainer, call: Call, redis: Redis) -> None:
    raise_fares(service)
    found = call("surge_by_segment", {"city": CITY})
    assert (found["city"], found["known"], found["enabled"], found["cap"]) == (CITY, True, True, 2.0)
    busy = found["items"][SEGMENT]
    assert busy["multiplier"] == surge(call)["multiplier"] and busy["reason"] == surge(call)["reason"]
    assert (busy["waiting"], busy["requests"], busy["unmet"], busy["free"]) == (200, 200, 0, 4)
