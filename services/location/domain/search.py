"""Who is near: free cars around a point, ring by ring of segments, and within them spot by spot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import cos, inf, radians
from typing import NamedTuple

from hansom.values import METRES_A_DEGREE, Point, plane_distance_m
from services.location.domain.positions import Position, unpack

MAX_RINGS = 60


class Place(NamedTuple):
    """A segment, or a spot within one: its name, its middle, and how far from there it reaches, metres."""

    name: str
    lat: float
    lng: float
    radius_m: float


class Spot(NamedTuple):
    """Some cars of a segment that stand within some 60 m and may carry the same categories, and how many they are."""

    place: Place
    categories: tuple[str, ...]
    cars: int


class Listed(NamedTuple):
    """A car as it is listed: when (ms) and where it was, and the packed row that says all else."""

    driver_id: str
    at_ms: int
    lat: float
    lng: float
    packed: str


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


def guessed_eta_s(point: Point, car: Car, straight_mps: float) -> int:
    """Seconds that the car needs to the point, about, where cars come so many metres a second nearer by road."""
    return round(plane_distance_m(point.lat, point.lng, car.position.lat, car.position.lng) / straight_mps)


@dataclass(slots=True)
class Search:
    """A search under way: the nearest cars for `category` (any, if None) to `point`, up to `limit`, none of `exclude`.

    It asks for rings of segments, is told their spots, and asks for the cars of the nearest spots that hold enough,
    then of all spots in which a car could be nearer still. It goes on to the next ring while there are not enough, or
    while a car there could be nearer. Where there are none it strides out, looking into twice as many rings each time.
    So the work depends on how many cars are asked for, not on how many there are.
    """

    point: Point
    limit: int
    since_ms: int
    category: str | None = None
    exclude: frozenset[str] = frozenset()
    max_rings: int = MAX_RINGS
    found: list[tuple[float, Listed, tuple[str, ...]]] = field(default_factory=list)
    _rings: Iterator[tuple[Place, ...]] = field(default_factory=lambda: iter(()))
    _ahead: tuple[Place, ...] | None = None
    _spots: list[tuple[float, Spot]] = field(default_factory=list)
    _stride: int = 2
    _greed: int = 1
    _wide: float = 1.0

    def begin(self, rings: Iterator[tuple[Place, ...]]) -> None:
        """Look into these segments: the point's own, then those around it, and so on."""
        self._rings = rings
        self._ahead = next(rings, None)
        self._wide = cos(radians(self.point.lat))

    def next_segments(self) -> tuple[str, ...]:
        """The segments to look into now, the point's own and the first ring together; none when the search is over."""
        names: list[str] = []
        stride = 1 if len(self.found) >= self.limit else self._stride
        while stride and self._ahead is not None and self._may_hold_nearer(self._ahead):
            names += [place.name for place in self._ahead]
            self._ahead = next(self._rings, None)
            stride -= 1
        self._stride *= 2
        return tuple(names)

    def _may_hold_nearer(self, ring: Iterable[Place]) -> bool:
        reach_m = self._reach_m()
        return reach_m == inf or any(self._least_m(place) < reach_m for place in ring)

    def _reach_m(self) -> float:
        """How far the last one of enough cars is, metres; infinite while there are not enough."""
        return self.found[-1][0] if len(self.found) >= self.limit else inf

    def _least_m(self, place: Place) -> float:
        return self._distance_m(place.lat, place.lng) - place.radius_m

    def _distance_m(self, lat: float, lng: float) -> float:
        north, east = lat - self.point.lat, (lng - self.point.lng) * self._wide
        return (north * north + east * east) ** 0.5 * METRES_A_DEGREE

    def chart(self, spots: Iterable[Spot]) -> None:
        """Take note of the spots of a segment."""
        north, east, wide, category = self.point.lat, self.point.lng, self._wide, self.category
        for spot in spots:
            if category is None or category in spot.categories:
                place = spot.place
                dy, dx = place.lat - north, (place.lng - east) * wide
                self._spots.append(((dy * dy + dx * dx) ** 0.5 * METRES_A_DEGREE - place.radius_m, spot))

    def next_spots(self) -> list[Spot]:
        """The spots whose cars to look at now: the nearest that hold enough, and all that may hold a nearer car than
        the furthest of these. Mostly that is all there is to look at: each look is a round-trip."""
        self._spots.sort(reverse=True)
        reach_m, missing = self._reach_m(), (self.limit - len(self.found)) * self._greed
        furthest_m = 0.0 if reach_m == inf else reach_m
        wanted = []
        while self._spots and ((reach_m == inf and missing > 0) or self._spots[-1][0] < furthest_m):
            least_m, spot = self._spots.pop()
            if reach_m == inf and missing > 0:
                furthest_m = max(furthest_m, least_m + 2 * spot.place.radius_m)
            missing -= spot.cars
            wanted.append(spot)
        self._greed *= 2
        return wanted

    def offer(self, spot: Spot, cars: Iterable[Listed]) -> None:
        """Take the cars of a spot that fit; `settle` after the last spot."""
        north, east, wide = self.point.lat, self.point.lng, self._wide
        since_ms, exclude, categories = self.since_ms, self.exclude, spot.categories
        for car in cars:
            if car.at_ms >= since_ms and car.driver_id not in exclude:
                dy, dx = car.lat - north, (car.lng - east) * wide
                self.found.append(((dy * dy + dx * dx) ** 0.5 * METRES_A_DEGREE, car, categories))

    def settle(self) -> None:
        """Keep the nearest, nearest first."""
        self.found.sort()
        del self.found[self.limit :]

    def nearest(self) -> list[Car]:
        """What was found, nearest first by straight distance, up to the limit."""
        return [Car(unpack(car.driver_id, car.packed), categories) for _, car, categories in self.found]
