"""Forecasts and worths, kept in the process for a moment: they are asked for often and change slowly."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from datetime import timedelta
from typing import Any, TypeVar

import h3
from eventlet import tpool
from eventlet.semaphore import Semaphore
from nameko.extensions import DependencyProvider

from hansom.segments import SegmentIndex
from hansom.values import Point
from services.analytics.assigning import assign
from services.analytics.domain.hints import Sending
from services.analytics.domain.worths import Nearness, nearness
from services.analytics.domain.zones import finest_zones
from services.analytics.usecases import Hinting

ROLLUPS = 3
"""A forecast is kept for so many times the interval at which figures are made."""

T = TypeVar("T")


def parent_of(segment: str, resolution: int) -> str:
    """The H3 cell of this resolution that holds the segment; a larger segment is its own."""
    return segment if h3.get_resolution(segment) <= resolution else h3.cell_to_parent(segment, resolution)


def centre_of(cell: str) -> Point:
    """The middle of an H3 cell."""
    return Point(*h3.cell_to_latlng(cell))


class Outlooks(DependencyProvider):
    """Gives a worker `.kept(key, make)`, with few keys for each city, `.nearness(city, index, straight_mps)` and
    `.hinting`."""

    def __init__(self) -> None:
        super().__init__()
        self._making: dict[Hashable, Semaphore] = {}
        self._kept: dict[Hashable, tuple[float, Any]] = {}
        self._near: dict[str, tuple[SegmentIndex, Nearness]] = {}

    def setup(self) -> None:
        config = self.container.config
        self._fresh_s = ROLLUPS * float(config["ANALYTICS_ROLLUP_S"])
        self.hinting = Hinting(
            every=timedelta(seconds=float(config["DEMAND_HINT_INTERVAL_S"])),
            idle=timedelta(seconds=float(config["DEMAND_HINT_IDLE_S"])),
            sending=Sending(assign, float(config["DEMAND_HINT_MAX_DRIVE_S"]), parent_of, centre_of),
            compute=tpool.execute,
        )

    def get_dependency(self, worker_ctx: Any) -> Outlooks:
        return self

    def kept(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gave a moment ago, or gives now; who asks while it is being made waits for that."""
        with self._making.setdefault(key, Semaphore()):
            found = self._kept.get(key)
            if found is not None and time.monotonic() < found[0]:
                return found[1]
            made = make()
            self._kept[key] = (time.monotonic() + self._fresh_s, made)
            return made

    def nearness(self, city: str, index: SegmentIndex, straight_mps: float) -> Nearness:
        """How the zones of a city lie to each other: reckoned once for its segments."""
        found = self._near.get(city)
        if found is None or found[0] is not index:
            found = self._near[city] = (index, tpool.execute(_nearness, index, straight_mps))
        return found[1]


def _nearness(index: SegmentIndex, straight_mps: float) -> Nearness:
    return nearness(finest_zones(index, parent_of, centre_of), straight_mps)
