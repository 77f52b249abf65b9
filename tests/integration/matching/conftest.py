"""Matching on real servers, among stand-ins of the services it asks.

It runs under another name, with a Redis database, a MongoDB database and queues of its own: a whole stack may run
beside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from nameko.containers import ServiceContainer
from pymongo.database import Database
from redis import Redis

from hansom.contracts.topology import SUBSCRIPTIONS
from hansom.mongo import mongo_client
from hansom.redis import live_redis
from services.matching.storage.mongo import ensure_indexes
from tests.support.dispatch import (
    StandInAnalytics,
    StandInLocation,
    StandInMaps,
    StandInTrips,
    Teller,
    World,
    telling,
)
from tests.support.matching_world import MatchingAmongStandIns

Start = Callable[..., ServiceContainer]

STAND_INS = (StandInTrips, StandInLocation, StandInMaps, StandInAnalytics)


@pytest.fixture
def settings(config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Quick windows, and stores of this test alone."""
    monkeypatch.setitem(SUBSCRIPTIONS, MatchingAmongStandIns.name, {})
    own = {
        **config,
        "MONGO_DATABASE": f"matching_{uuid4().hex[:8]}",
        "REDIS_URIS": {"live": config["REDIS_URIS"]["live"].rpartition("/")[0] + "/9"},
        "MATCHING_RECORDS_QUEUE": "tested_matching.records",
        "BATCH_WINDOW_S": 0.6,
        "MATCHING_LEASE_S": 2,
        "RPC_DEADLINE_S": 2,
        "EVENT_MAX_TRIES": 2,
        "max_workers": 20,
    }
    yield own
    client = mongo_client(own, "test")
    client.drop_database(own["MONGO_DATABASE"])
    client.close()


@pytest.fixture
def database(settings: dict[str, Any]) -> Database[dict[str, Any]]:
    return mongo_client(settings, "test")[settings["MONGO_DATABASE"]]


@pytest.fixture
def redis(settings: dict[str, Any]) -> Redis:
    """A Redis database with nothing in it."""
    client = live_redis(settings)
    client.flushdb()
    return client


@pytest.fixture
def world() -> World:
    """The state that all stand-ins share."""
    world = World()
    for stand_in in STAND_INS:
        stand_in.world = world
    return world


@pytest.fixture
def teller(settings: dict[str, Any]) -> Iterator[Teller]:
    """Tells matching what happened, over queues that nothing is left in."""
    with telling(settings, MatchingAmongStandIns.name, settings["MATCHING_RECORDS_QUEUE"]) as teller:
        yield teller


@pytest.fixture(scope="module")
def stand_ins(config: dict[str, Any]) -> Iterator[None]:
    """The services that matching asks, in this process."""
    containers = [ServiceContainer(each, config) for each in STAND_INS]
    for container in containers:
        container.start()
    yield
    for container in containers:
        container.kill()


@pytest.fixture
def partners(world: World, stand_ins: None) -> World:
    return world


@pytest.fixture
def start(settings: dict[str, Any], teller: Teller) -> Iterator[Start]:
    """Starts one more matching in this process, with other settings if need be; ends all of them after the test."""
    containers: list[ServiceContainer] = []

    def start_matching(**changes: Any) -> ServiceContainer:
        containers.append(ServiceContainer(MatchingAmongStandIns, {**settings, **changes}))
        containers[-1].start()
        return containers[-1]

    yield start_matching
    for container in containers:
        container.kill()


@pytest.fixture
def matching(
    start: Start,
    partners: World,
    redis: Redis,
    database: Database[dict[str, Any]],
    teller: Teller,
) -> ServiceContainer:
    """Matching at work."""
    ensure_indexes(database)
    return start()
