"""The location service on its own Redis database and its own MongoDB database, and somebody to speak to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from nameko.containers import ServiceContainer
from nameko.testing.services import entrypoint_hook
from redis import Redis

from hansom.contracts import topology
from hansom.mongo import mongo_client
from hansom.redis import live_redis
from services.location.storage.live import LiveCars
from services.location.storage.marks import Marks
from services.location.storage.mongo import Traces, ensure_indexes
from tests.support.location_world import SERVICE, SERVICES, WORLD, Speaker, World, listen

Call = Callable[[str, dict[str, Any]], dict[str, Any]]


@pytest.fixture(scope="package")
def own(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Settings with a Redis database and a MongoDB database of these tests' own."""
    redis_uri = config["REDIS_URIS"]["live"].rsplit("/", 1)[0] + "/11"
    settings = {
        **config,
        "REDIS_URIS": {**config["REDIS_URIS"], "live": redis_uri},
        "MONGO_DATABASE": f"location_{uuid4().hex[:8]}",
        "TRACE_WAIT_S": 1,
        "LOCATION_RECONCILE_S": 3600,
    }
    client = mongo_client(settings, "tests")
    ensure_indexes(client[settings["MONGO_DATABASE"]])
    yield settings
    client.drop_database(settings["MONGO_DATABASE"])
    client.close()


@pytest.fixture
def redis(own: dict[str, Any]) -> Iterator[Redis]:
    client = live_redis(own)
    client.flushdb()
    # as if a replica had just compared: the stand-ins know nothing of most tests' rides
    client.set("location:reconciling", "1")
    yield client
    client.close()


@pytest.fixture
def cars(redis: Redis) -> LiveCars:
    return LiveCars(redis)


@pytest.fixture
def traces(own: dict[str, Any]) -> Iterator[Traces]:
    client = mongo_client(own, "tests")
    yield Traces(client[own["MONGO_DATABASE"]])
    client.close()


@pytest.fixture
def marks(own: dict[str, Any]) -> Iterator[Marks]:
    """None yet."""
    client = mongo_client(own, "tests")
    kept = Marks(client[own["MONGO_DATABASE"]])
    kept.forget(2**53)
    yield kept
    client.close()


@pytest.fixture(scope="package")
def containers(own: dict[str, Any]) -> Iterator[list[ServiceContainer]]:
    """The service, maps and the stand-ins, running."""
    listen()
    started = []
    for service in SERVICES:
        container = ServiceContainer(service, own)
        container.start()
        started.append(container)
    yield started
    for container in reversed(started):
        container.stop()
    topology.SUBSCRIPTIONS.pop(SERVICE, None)


@pytest.fixture(scope="package")
def one_speaker(own: dict[str, Any], containers: list[ServiceContainer]) -> Iterator[Speaker]:
    speaker = Speaker(own)
    yield speaker
    speaker.close()


@pytest.fixture
def speaker(one_speaker: Speaker, redis: Redis, world: World) -> Speaker:
    """Publishes to a service that knows nothing yet."""
    return one_speaker


@pytest.fixture
def world() -> World:
    WORLD.forget()
    return WORLD


@pytest.fixture
def call(containers: list[ServiceContainer]) -> Call:
    """Call the service's RPC methods."""
    ear = next(container for container in containers if container.service_name == "location_ear")

    def ask(method: str, payload: dict[str, Any]) -> dict[str, Any]:
        with entrypoint_hook(ear, "call") as hook:
            return hook(method, payload)

    return ask
