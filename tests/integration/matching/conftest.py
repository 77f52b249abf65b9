"""Matching on real servers, among stand-ins of the services it asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from nameko.containers import ServiceContainer
from pymongo.database import Database
from redis import Redis

from hansom.amqp import connect
from hansom.contracts.matching import RECORDS_QUEUE
from hansom.contracts.topology import event_queue
from hansom.events import declare_consumer
from hansom.mongo import mongo_client
from hansom.redis import live_redis
from services.matching.records import declare_records
from services.matching.service import MatchingService
from services.matching.storage.mongo import ensure_indexes
from tests.support.dispatch import StandInLocation, StandInMaps, StandInTrips, Teller, World, telling

Start = Callable[..., ServiceContainer]


@pytest.fixture
def settings(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Quick windows, and collections of this test alone."""
    own = {
        **config,
        "MONGO_DATABASE": f"matching_{uuid4().hex[:8]}",
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
    """Redis without a trace of matching."""
    client = live_redis(settings)
    for key in client.scan_iter("matching:*"):
        client.delete(key)
    return client


@pytest.fixture
def world() -> World:
    """The state that all stand-ins share."""
    world = World()
    for stand_in in (StandInTrips, StandInLocation, StandInMaps):
        stand_in.world = world
    return world


@pytest.fixture
def empty_queues(settings: dict[str, Any]) -> None:
    connection = connect(settings["AMQP_URI"])
    channel = connection.channel()
    declare_consumer(channel, "matching", settings)
    declare_records(channel, settings)
    for name in [RECORDS_QUEUE, *(event_queue("matching", each) for each in range(settings["EVENT_PARTITIONS"]))]:
        channel.queue_purge(name)
    connection.close()


@pytest.fixture
def start(settings: dict[str, Any]) -> Iterator[Start]:
    """Starts a service in this process; stops all of them at the end."""
    containers: list[ServiceContainer] = []

    def start_service(service: type, **changes: Any) -> ServiceContainer:
        container = ServiceContainer(service, {**settings, **changes})
        containers.append(container)
        container.start()
        return container

    yield start_service
    for container in containers:
        container.kill()


@pytest.fixture(scope="module")
def stand_ins(config: dict[str, Any]) -> Iterator[None]:
    """The services that matching asks, in this process."""
    containers = [ServiceContainer(each, config) for each in (StandInTrips, StandInLocation, StandInMaps)]
    for container in containers:
        container.start()
    yield
    for container in containers:
        container.kill()


@pytest.fixture
def partners(world: World, stand_ins: None) -> World:
    return world


@pytest.fixture
def matching(
    start: Start, partners: World, redis: Redis, database: Database[dict[str, Any]], empty_queues: None
) -> ServiceContainer:
    """Matching at work."""
    ensure_indexes(database)
    return start(MatchingService)


@pytest.fixture
def teller(settings: dict[str, Any], empty_queues: None) -> Iterator[Teller]:
    with telling(settings, "matching") as teller:
        yield teller
