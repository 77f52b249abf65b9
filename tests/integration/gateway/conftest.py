"""A gateway and the services that play along: one for a module, or one with settings of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.gateway_world import GatewayWorld

MakeWorld = Callable[..., GatewayWorld]


@pytest.fixture
def make_world(config: dict[str, Any]) -> Iterator[MakeWorld]:
    """`make_world(SOCKET_AUTH_TIMEOUT_S=1)`: a started gateway with such settings."""
    made: list[GatewayWorld] = []

    def make(**settings: Any) -> GatewayWorld:
        made.append(GatewayWorld(config, **settings))
        return made[-1]

    yield make
    for world in made:
        world.close()


@pytest.fixture(scope="module")
def world(config: dict[str, Any]) -> Iterator[GatewayWorld]:
    """A started gateway that a module's tests share; each brings users of its own."""
    world = GatewayWorld(config)
    yield world
    world.close()
