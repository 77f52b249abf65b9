"""The latest routes, for those who ask again, and for when the road server is down."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from hansom.values import Point
from services.maps.storage.osrm import RoadRoute


@dataclass(frozen=True, slots=True)
class _Kept:
    pickup: Point
    dropoff: Point
    route: RoadRoute
    at: float


class RecentRoutes:
    """Routes by a key that near points share. At most `points` points of their lines are kept; the least used go."""

    def __init__(
        self, points: int, fresh_s: float, stale_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._room, self._fresh_s, self._stale_s, self._clock = points, fresh_s, stale_s, clock
        self._kept: OrderedDict[int, _Kept] = OrderedDict()

    def fresh(self, key: int, pickup: Point, dropoff: Point) -> RoadRoute | None:
        """The route between exactly these points, if it was found lately."""
        kept = self._kept.get(key)
        if kept is None or (kept.pickup, kept.dropoff) != (pickup, dropoff):
            return None
        return kept.route if self._clock() - kept.at <= self._fresh_s else None

    def stale(self, key: int) -> RoadRoute | None:
        """A route between points near those, if any is still better than a guess."""
        kept = self._kept.get(key)
        return kept.route if kept is not None and self._clock() - kept.at <= self._stale_s else None

    def keep(self, key: int, pickup: Point, dropoff: Point, route: RoadRoute) -> None:
        before = self._kept.pop(key, None)
        self._room += len(before.route.line) if before is not None else 0
        self._kept[key] = _Kept(pickup, dropoff, route, self._clock())
        self._room -= len(route.line)
        while self._room < 0 and self._kept:
            _, oldest = self._kept.popitem(last=False)
            self._room += len(oldest.route.line)

    def __len__(self) -> int:
        return len(self._kept)
