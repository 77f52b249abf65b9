"""What it is worth to end up somewhere, as `analytics` has learnt it: fetched beside the batches, never within one."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from nameko.extensions import DependencyProvider

from hansom.segments import SegmentIndex
from hansom.values import Point

KEEP_S = 1800
"""Worths are of a half hour; older ones say nothing."""


class Maps(Protocol):
    def get_segments(self, payload: dict[str, Any]) -> dict[str, Any]: ...


class Analytics(Protocol):
    def worths(self, payload: dict[str, Any]) -> dict[str, Any]: ...


@dataclass(slots=True)
class _City:
    """Seconds by segment, good until a monotonic time."""

    index: SegmentIndex
    seconds: Mapping[str, float] = field(default_factory=dict)
    until: float = 0.0


class Worths(DependencyProvider):
    """Gives a worker itself: `self.worths.of(city, point)`. What is not known is worth 0."""

    def setup(self) -> None:
        self._cities: dict[str, _City] = {}

    def get_dependency(self, worker_ctx: Any) -> Worths:
        return self

    def fetch(self, city: str, maps: Maps, analytics: Analytics) -> None:
        """Learn them anew. Raises Unavailable and other HansomErrors, and what was known stays."""
        known = self._cities.get(city)
        if known is None:
            cells = maps.get_segments({"city": city})["cells"]
            known = self._cities[city] = _City(SegmentIndex(cells))
        found = analytics.worths({"city": city})["items"]
        known.seconds = {segment: float(seconds) for segment, seconds in found.items()}
        known.until = time.monotonic() + KEEP_S

    def of(self, city: str, point: Point) -> float:
        """How much sooner than in the city's mean a driver who is there gets his next trip, seconds."""
        known = self._cities.get(city)
        if known is None or not known.seconds or time.monotonic() > known.until:
            return 0.0
        segment = known.index.segment_of(point.lat, point.lng)
        return known.seconds.get(segment, 0.0) if segment is not None else 0.0
