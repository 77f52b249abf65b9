"""Who is near: for the rider's map, for prices, for matching."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hansom.contracts.errors import Unavailable
from hansom.segments import SegmentIndex, extent
from hansom.values import Point
from services.location.domain.search import Car, Place, Search, guessed_eta_s
from services.location.storage.live import LiveCars

log = logging.getLogger(__name__)

TABLE_DEADLINE_S = 1.5
CARS_A_CATEGORY = 8
"""Cars of each category whose road time is asked for a pickup estimate: the nearest by road is among the nearest."""

SUPPLY_RINGS = 8
SUPPLY_MOST = 50
"""What `free_nearby` counts: free cars in the point's segment and 8 rings around it, about a kilometre where segments
are small, at most 50."""


class MapsTable(Protocol):
    def table(self, payload: dict[str, Any], deadline_s: float) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Town:
    """Where to look: the live cars, the segments that they are listed by, and how fast one gets ahead at a point."""

    cars: LiveCars
    index: SegmentIndex
    straight_mps: Callable[[Point], float]

    def run(self, searches: Sequence[Search]) -> None:
        """Begin searches and run them together. Raises RedisError."""
        for search in searches:
            segment = self.index.segment_of(search.point.lat, search.point.lng)
            if segment is not None:
                search.begin(self._places(segment, search.max_rings))
        self.cars.search(searches)

    def guess(self, point: Point, near: Iterable[Car]) -> list[int | None]:
        """Seconds that each car needs to the point, about."""
        mps = self.straight_mps(point)
        return [guessed_eta_s(point, car, mps) for car in near]

    def _places(self, segment: str, max_rings: int) -> Iterator[tuple[Place, ...]]:
        for ring in self.index.rings(segment, max_rings):
            yield tuple(Place(name, *extent(name)) for name in ring)


def find_nearby(point: Point, limit: int, since_ms: int, town: Town, maps: MapsTable) -> list[tuple[Car, int | None]]:
    """Free cars near the point with the seconds each needs to it, soonest first. Raises RedisError."""
    search = Search(point, limit, since_ms)
    town.run([search])
    near = search.nearest()
    timed = list(zip(near, _road_times(near, point, town, maps), strict=True))
    return sorted(timed, key=lambda pair: (pair[1] is None, pair[1]))


def find_nearby_many(
    points: Sequence[Point], limit: int, since_ms: int, town: Town
) -> list[list[tuple[Car, int | None]]]:
    """Free cars near each point, nearest first, with guessed times: for maps that are drawn anew every second."""
    searches = [Search(point, limit, since_ms) for point in points]
    town.run(searches)
    found = [(search.point, search.nearest()) for search in searches]
    return [list(zip(near, town.guess(point, near), strict=True)) for point, near in found]


def find_pickup_etas(
    point: Point, categories: Sequence[str], since_ms: int, town: Town, maps: MapsTable
) -> tuple[dict[str, int | None], int]:
    """For each category the seconds until the soonest free car, None where there is none; and how many are near."""
    supply = Search(point, SUPPLY_MOST, since_ms, max_rings=SUPPLY_RINGS)
    searches = {category: Search(point, CARS_A_CATEGORY, since_ms, category) for category in categories}
    town.run([supply, *searches.values()])
    chosen = list({car.driver_id: car for search in searches.values() for car in search.nearest()}.values())
    times = dict(zip((car.driver_id for car in chosen), _road_times(chosen, point, town, maps), strict=True))
    soonest = {
        category: min((t for car in search.nearest() if (t := times[car.driver_id]) is not None), default=None)
        for category, search in searches.items()
    }
    return soonest, len(supply.nearest())


def find_candidates(
    requests: Sequence[Mapping[str, Any]], limit: int, since_ms: int, town: Town
) -> dict[str, list[Car]]:
    """Free cars for each waiting trip (`trip_id`, `point`, `category`, `exclude`), nearest first. Raises RedisError."""
    searches = {
        request["trip_id"]: Search(
            request["point"], limit, since_ms, request["category"], frozenset(request["exclude"])
        )
        for request in requests
    }
    town.run(list(searches.values()))
    return {trip_id: search.nearest() for trip_id, search in searches.items()}


def _road_times(near: Sequence[Car], point: Point, town: Town, maps: MapsTable) -> list[int | None]:
    """Seconds by road from each car to the point; guesses when maps is away."""
    if not near:
        return []
    sources = [[car.position.lat, car.position.lng] for car in near]
    payload = {"sources": sources, "destinations": [[point.lat, point.lng]]}
    try:
        rows = maps.table(payload, deadline_s=TABLE_DEADLINE_S)["durations_s"]
    except Unavailable as exc:
        log.warning("times to the rider are guesses", extra={"error": str(exc)})
        return town.guess(point, near)
    return [None if row[0] is None else round(row[0]) for row in rows]
