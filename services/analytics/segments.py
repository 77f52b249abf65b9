"""The cities' segments, as `maps` has them, kept in the process."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

from nameko.extensions import DependencyProvider

from hansom.contracts.errors import NotFound, Unavailable
from hansom.segments import SegmentIndex
from hansom.values import Point

log = logging.getLogger(__name__)

REFRESH_S = 600


@dataclass(frozen=True, slots=True)
class _Kept:
    index: SegmentIndex
    until_s: float


class Segments(DependencyProvider):
    """Gives a worker `.segment_of(maps, city, point)`; asks `maps` every ten minutes."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: dict[str, _Kept] = {}

    def get_dependency(self, worker_ctx: Any) -> Segments:
        return self

    def segment_of(self, maps: Any, city: str, point: Point) -> str | None:
        """The segment that holds the point; None outside of all, and in a city that is no longer served.

        Raises Unavailable when `maps` has never answered; while it is down later, what it said last holds.
        """
        kept = self._kept.get(city)
        if kept is None or time.monotonic() > kept.until_s:
            kept = self._kept[city] = self._ask(maps, city, kept)
        return kept.index.segment_of(point.lat, point.lng) if len(kept.index) else None

    def _ask(self, maps: Any, city: str, kept: _Kept | None) -> _Kept:
        until_s = time.monotonic() + REFRESH_S
        try:
            return _Kept(SegmentIndex(maps.get_segments({"city": city})["cells"]), until_s)
        except NotFound:
            log.warning("a city is not served any more", extra={"city": city})
            return _Kept(SegmentIndex(()), until_s)
        except Unavailable:
            if kept is None:
                raise
            return _Kept(kept.index, time.monotonic() + REFRESH_S / 20)
