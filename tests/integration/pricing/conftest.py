"""Pricing on a database of its own, with stand-ins for maps and location."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from nameko.containers import ServiceContainer
from redis import Redis

from hansom.redis import live_redis
from hansom.stack.scratch import own_database
from tests.support.money import calling
from tests.support.pricing_world import SERVICE, STAND_INS, WORLD, Caller, PricingUnderTest, World, listen

Call = Callable[[str, dict[str, Any]], dict[str, Any]]


@pytest.fixture(scope="package")
def pricing_settings(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    with own_database(config, "pricing", SERVICE) as settings:
        # a Redis of its own beside that of a stack that runs; surge is reckoned when a test says so
        live = {"live": config["REDIS_URIS"]["live"].rpartition("/")[0] + "/10"}
        yield {**settings, "REDIS_URIS": live, "RPC_DEADLINE_S": 5, "SURGE_TICK_S": 3600, "PROMO_SWEEP_S": 3600}


@pytest.fixture(scope="package")
def service(pricing_settings: dict[str, Any]) -> Iterator[ServiceContainer]:
    """The running service."""
    listen()
    containers = [ServiceContainer(cls, pricing_settings) for cls in (*STAND_INS, PricingUnderTest)]
    for container in containers:
        container.start()
    yield containers[-1]
    for container in containers:
        container.stop()


@pytest.fixture(scope="package")
def caller(service: ServiceContainer, pricing_settings: dict[str, Any]) -> Iterator[ServiceContainer]:
    container = ServiceContainer(Caller, pricing_settings)
    container.start()
    yield container
    container.stop()


@pytest.fixture
def world() -> World:
    WORLD.forget()
    return WORLD


@pytest.fixture
def call(caller: ServiceContainer, world: World) -> Call:
    return calling(caller, "pricing")


@pytest.fixture
def redis(pricing_settings: dict[str, Any]) -> Iterator[Redis]:
    """Redis, without any demand in it."""
    client = live_redis(pricing_settings)
    _forget_demand(client)
    yield client
    _forget_demand(client)
    client.close()


def _forget_demand(client: Redis) -> None:
    for key in client.scan_iter("pricing:*"):
        client.delete(key)
