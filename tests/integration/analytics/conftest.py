"""Analytics on real servers, with another name, its own queues, and a MongoDB database for each test."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from nameko.containers import ServiceContainer
from pymongo import MongoClient
from pymongo.database import Database

from hansom.contracts.errors import Unavailable
from hansom.contracts.topology import SUBSCRIPTIONS
from hansom.mongo import mongo_client
from hansom.rpc import ServiceClient, rpc
from hansom.wire import iso
from services.analytics.service import AnalyticsService
from services.analytics.storage.mongo import ensure_indexes
from tests.support.dispatch import StandInMaps, Teller, World, telling

DROP_WITHIN_MS = 60_000
"""Taking a database away is slow on a busy machine, and no part of what is tested."""


class StandInCars:
    """Says where cars are and how many positions they sent; what a test put there."""

    name = "stand_in_cars"
    live: ClassVar[list[dict[str, Any]]] = []
    counted: ClassVar[list[list[Any]]] = []
    is_away: ClassVar[bool] = False
    refused: ClassVar[int] = 0

    @rpc
    def count_positions(self, payload: dict[str, Any]) -> dict[str, Any]:
        return {"items": self.counted, "until": iso(datetime.now(UTC))}

    @rpc
    def list_live(self, payload: dict[str, Any]) -> dict[str, Any]:
        if StandInCars.is_away:
            StandInCars.refused += 1
            raise Unavailable()
        return {"items": self.live[: payload["limit"]]}


class TestedAnalytics(AnalyticsService):
    """Analytics that asks the stand-ins."""

    name = "tested_analytics"
    maps = ServiceClient("stand_in_maps")
    location = ServiceClient("stand_in_cars")


@pytest.fixture
def settings(config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    monkeypatch.setitem(SUBSCRIPTIONS, TestedAnalytics.name, {})
    own = {
        **config,
        "MONGO_DATABASE": f"analytics_{uuid4().hex[:8]}",
        "ANALYTICS_ROLLUP_S": 0.2,
        "POSITIONS_COUNTED_S": 1,
        "DEMAND_HINT_INTERVAL_S": 0.3,
        "DEMAND_HINT_IDLE_S": 0.5,
        "EVENT_MAX_TRIES": 2,
    }
    yield own
    with MongoClient[dict[str, Any]](own["MONGO_URI"], socketTimeoutMS=DROP_WITHIN_MS) as client:
        client.drop_database(own["MONGO_DATABASE"])


@pytest.fixture
def database(settings: dict[str, Any]) -> Database[dict[str, Any]]:
    database = mongo_client(settings, "test")[settings["MONGO_DATABASE"]]
    ensure_indexes(database)
    return database


@pytest.fixture(scope="module")
def stand_ins(config: dict[str, Any]) -> Iterator[None]:
    containers = [ServiceContainer(each, config) for each in (StandInMaps, StandInCars)]
    for container in containers:
        container.start()
    yield
    for container in containers:
        container.kill()


@pytest.fixture
def live() -> Iterator[list[dict[str, Any]]]:
    """The rows of `location.list_live`, to be filled."""
    StandInCars.live = []
    yield StandInCars.live
    StandInCars.live = []


@pytest.fixture
def counted() -> Iterator[list[list[Any]]]:
    """The rows of `location.count_positions`, to be filled."""
    StandInCars.counted = []
    yield StandInCars.counted
    StandInCars.counted = []


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
    settings: dict[str, Any], database: Database[dict[str, Any]], world: World, stand_ins: None, teller: Teller
) -> Iterator[ServiceContainer]:
    """Analytics at work."""
    container = ServiceContainer(TestedAnalytics, settings)
    container.start()
    yield container
    container.kill()
