"""The atlas of the test stack's city, on its real road server."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from nameko.containers import ServiceContainer
from nameko.testing.services import entrypoint_hook

from hansom.values import Point, distance_m
from services.maps.domain.readings import TracePoint
from services.maps.service import MapsService
from services.maps.storage.atlas import Atlas

Ask = Callable[[str, dict[str, Any]], dict[str, Any]]
METRES = 111_195.0
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="package")
def atlas(config: dict[str, Any]) -> Iterator[Atlas]:
    opened = Atlas(config)
    yield opened
    opened.close()


def drive(line: tuple[Point, ...], *, speed_mps: float = 8, noise_m: float = 0, seed: int = 1) -> list[TracePoint]:
    """Readings of a car along a line, one a second, scattered by `noise_m` metres (standard deviation)."""
    scatter = random.Random(seed)
    points: list[TracePoint] = []
    ahead_m = 0.0
    for a, b in pairwise(line):
        length_m = distance_m(a, b)
        while ahead_m < length_m:
            share = ahead_m / length_m
            lat = a.lat + (b.lat - a.lat) * share + scatter.gauss(0, noise_m) / METRES
            lng = a.lng + (b.lng - a.lng) * share + scatter.gauss(0, noise_m) / METRES * 2
            points.append(TracePoint(Point(lat, lng), 1_790_000_000.0 + len(points), noise_m or None))
            ahead_m += speed_mps
        ahead_m -= length_m
    return points


def no_roads(config: dict[str, Any]) -> Atlas:
    """An atlas whose road server is not there."""
    return Atlas({**config, "OSRM_URL": "http://127.0.0.1:9", "OSRM_TIMEOUT_S": 0.5})


class MapsUnderTest(MapsService):
    name = "maps_under_test"


@pytest.fixture(scope="package")
def ask(config: dict[str, Any]) -> Iterator[Ask]:
    """Calls methods of a running maps service."""
    container = ServiceContainer(MapsUnderTest, config)
    container.start()

    def call(method: str, payload: dict[str, Any]) -> dict[str, Any]:
        with entrypoint_hook(container, method) as hook:
            return hook(payload)

    yield call
    container.stop()
