"""Who is near: free cars around a point, segment by segment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from math import cos, hypot, radians

from hansom.values import EARTH_RADIUS_M, Point
from services.location.domain.positions import Position

MAX_RINGS = 60
DETOUR, SPEED_MPS = 1.4, 7.0
"""For a guess at a road time: road over straight distance, and a car's speed across a city with its stops."""


@dataclass(frozen=True, slots=True)
class Car:
    """A car on the map. `categories` are those it may carry, its own first."""

    position: Position
    categories: tuple[str, ...]

    @property
    def driver_id(self) -> str:
        return self.position.driver_id

    @property
    def category(self) -> str | None:
        return self.categories[0] if self.categories else None


def straight_m(point: Point, lat: float, lng: float) -> float:
    """Metres on a plane that touches the earth there; within 0.1 % of the haversine below 50 km, and twice as quick."""
    per_degree = radians(1) * EARTH_RADIUS_M
    return hypot((lat - point.lat) * per_degree, (lng - point.lng) * per_degree * cos(radians(point.lat)))


def guessed_eta_s(point: Point, car: Car) -> int:
    """Seconds that the car needs to the point, about."""
    return round(straight_m(point, car.position.lat, car.position.lng) * DETOUR / SPEED_MPS)


@dataclass(slots=True)
class Search:
    """A search under way: cars for `category` (any, if None) near `point`, up to `limit`, none of `exclude`.

    Goes ring by ring until there are enough, then one ring further: a car just over the border may be nearer. Where
    there are none it strides out, looking into twice as many rings each time.
    """

    point: Point
    limit: int
    since_ms: int
    category: str | None = None
    exclude: frozenset[str] = frozenset()
    max_rings: int = MAX_RINGS
    found: list[Car] = field(default_factory=list)
    _rings: Iterator[tuple[str, ...]] = field(default_factory=lambda: iter(()))
    _stride: int = 1
    _last: bool = False

    def begin(self, rings: Iterator[tuple[str, ...]]) -> None:
        """Look into these segments: the point's own, then those around it, and so on."""
        self._rings = rings

    def next_segments(self) -> tuple[str, ...]:
        """The segments to look into now; none when the search is over."""
        if self._last:
            return ()
        self._last = len(self.found) >= self.limit
        stride = 1 if self._last else self._stride
        self._stride *= 2
        return tuple(segment for ring in islice(self._rings, stride) for segment in ring)

    def offer(self, cars: Iterable[Car]) -> None:
        """Take the cars of a segment that fit."""
        for car in cars:
            if car.position.at_ms < self.since_ms or car.driver_id in self.exclude:
                continue
            if self.category is None or self.category in car.categories:
                self.found.append(car)

    def nearest(self) -> list[Car]:
        """What was found, nearest first by straight distance, up to the limit."""
        point = self.point
        return sorted(self.found, key=lambda car: straight_m(point, car.position.lat, car.position.lng))[: self.limit]
