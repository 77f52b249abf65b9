"""The cities' segments, as `maps` has them, kept in the process."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from typing import Any

from nameko.extensions import DependencyProvider

from hansom.contracts.errors import NotFound, Unavailable
from hansom.segments import SegmentIndex
from hansom.values import Point

log = logging.getLogger(__name__)

REFRESH_S = 600

STRAIGHT_MPS = 5.0
"""Of a city whose roads were not measured: 25 km/h, and 1.4 times the straight line."""


@dataclass(frozen=True, slots=True)
class _Kept:
    index: SegmentIndex
    until_s: float
    straight_mps: float = STRAIGHT_MPS


class Segments(DependencyProvider):
    """Gives a worker `.segment_of(maps, city, point)`, `.index` and `.straight_mps`; asks `maps` every ten minutes."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: dict[str, _Kept] = {}

    def get_dependency(self, worker_ctx: Any) -> Segments:
        return self

    def segment_of(self, maps: Any, city: str, point: Point) -> str | None:
        """The segment that holds the point; None outside of all, and in a city that is no longer served.

        Raises Unavailable when `maps` has never answered; while it is down later, what it said last holds.
        """
        index = self.index(maps, city)
        return index.segment_of(point.lat, point.lng) if len(index) else None

    def index(self, maps: Any, city: str) -> SegmentIndex:
        """The city's segments, none in a city that is no longer served. Raises Unavailable as above."""
        return self._known(maps, city).index

    def straight_mps(self, maps: Any, city: str) -> float:
        """How many metres of the straight line a car leaves behind in a second. Raises Unavailable as above."""
        return self._known(maps, city).straight_mps

    def _known(self, maps: Any, city: str) -> _Kept:
        kept = self._kept.get(city)
        if kept is None or time.monotonic() > kept.until_s:
            kept = self._kept[city] = self._ask(maps, city, kept)
        return kept

    def _ask(self, maps: Any, city: str, kept: _Kept | None) -> _Kept:
        until_s = time.monotonic() + REFRESH_S
        try:
            return _kept(maps.get_segments({"city": city}), kept, until_s)
        except NotFound:
            log.warning("a city is not served any more", extra={"city": city})
            return _Kept(SegmentIndex(()), until_s)
        except Unavailable:
            if kept is None:
                raise
            return replace(kept, until_s=time.monotonic() + REFRESH_S / 20)


def _kept(reply: dict[str, Any], before: _Kept | None, until_s: float) -> _Kept:
    """What `maps` says. The index stays the same one while the segments are: others keep what they made of it."""
    rates = reply.get("rates")
    straight_mps = rates["speed_mps"] / rates["detour"] if rates else STRAIGHT_MPS
    index = SegmentIndex(reply["cells"])
    if before is not None and set(before.index) == set(index):
        index = before.index
    return _Kept(index, until_s, straight_mps)
