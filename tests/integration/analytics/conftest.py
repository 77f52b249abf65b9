"""Analytics on real servers, with collections of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from nameko.containers import ServiceContainer
from pymongo.database import Database

from hansom.amqp import connect
from hansom.contracts.topology import event_queue
from hansom.events import declare_consumer
from hansom.mongo import mongo_client
from services.analytics.service import AnalyticsService
from services.analytics.storage.mongo import ensure_indexes
from tests.support.dispatch import StandInMaps, Teller, World, telling


@pytest.fixture
def settings(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    own = {
        **config,
        "MONGO_DATABASE": f"analytics_{uuid4().hex[:8]}",
        "ANALYTICS_ROLLUP_S": 0.2,
        "EVENT_MAX_TRIES": 2,
    }
    yield own
    client = mongo_client(own, "test")
    client.drop_database(own["MONGO_DATABASE"])
    client.close()


@pytest.fixture
def database(settings: dict[str, Any]) -> Database[dict[str, Any]]:
    database = mongo_client(settings, "test")[settings["MONGO_DATABASE"]]
    ensure_indexes(database)
    return database


@pytest.fixture(scope="module")
def stand_in_maps(config: dict[str, Any]) -> Iterator[None]:
    container = ServiceContainer(StandInMaps, config)
    container.start()
    yield
    container.kill()


@pytest.fixture
def world() -> World:
    StandInMaps.world = World()
    return StandInMaps.world


@pytest.fixture
def empty_queues(settings: dict[str, Any]) -> None:
    connection = connect(settings["AMQP_URI"])
    channel = connection.channel()
    declare_consumer(channel, "analytics", settings)
    for partition in range(int(settings["EVENT_PARTITIONS"])):
        channel.queue_purge(event_queue("analytics", partition))
    connection.close()


@pytest.fixture
def analytics(
    settings: dict[str, Any],
    database: Database[dict[str, Any]],
    world: World,
    stand_in_maps: None,
    empty_queues: None,
) -> Iterator[ServiceContainer]:
    container = ServiceContainer(AnalyticsService, settings)
    container.start()
    yield container
    container.kill()


@pytest.fixture
def teller(settings: dict[str, Any], empty_queues: None) -> Iterator[Teller]:
    with telling(settings, "analytics") as teller:
        yield teller
