"""Analytics on real servers, with another name, its own queues, and a MongoDB database for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from nameko.containers import ServiceContainer
from pymongo.database import Database

from hansom.contracts.topology import SUBSCRIPTIONS
from hansom.mongo import mongo_client
from hansom.rpc import ServiceClient
from services.analytics.service import AnalyticsService
from services.analytics.storage.mongo import ensure_indexes
from tests.support.dispatch import StandInMaps, Teller, World, telling


class TestedAnalytics(AnalyticsService):
    """Analytics that asks the stand-in."""

    name = "tested_analytics"
    maps = ServiceClient("stand_in_maps")


@pytest.fixture
def settings(config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    monkeypatch.setitem(SUBSCRIPTIONS, TestedAnalytics.name, {})
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
def teller(settings: dict[str, Any]) -> Iterator[Teller]:
    """Tells analytics what happened."""
    with telling(settings, TestedAnalytics.name) as teller:
        yield teller


@pytest.fixture
def analytics(
    settings: dict[str, Any], database: Database[dict[str, Any]], world: World, stand_in_maps: None, teller: Teller
) -> Iterator[ServiceContainer]:
    """Analytics at work."""
    container = ServiceContainer(TestedAnalytics, settings)
    container.start()
    yield container
    container.kill()
