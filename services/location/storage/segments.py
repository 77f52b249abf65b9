"""What maps knows of all cities: their segments, and how fast one gets ahead on their roads."""

from __future__ import annotations

from typing import Any, Protocol

from nameko.extensions import DependencyProvider

from hansom.cities import City, cities
from hansom.segments import SegmentIndex
from hansom.values import Point, distance_m


class Maps(Protocol):
    def get_segments(self, payload: dict[str, Any]) -> dict[str, Any]: ...


class CitySegments:
    """Asks maps once about each city and keeps the answers while the process runs."""

    def __init__(self, known: dict[str, City]) -> None:
        self.cities = known
        self._index: SegmentIndex | None = None
        self._straight_mps: dict[str, float] = {}

    def index(self, maps: Maps) -> SegmentIndex:
        """The segments of all cities as one index: cities do not overlap. Raises Unavailable while maps is away."""
        if self._index is None:
            found = {key: maps.get_segments({"city": key}) for key in self.cities}
            self._straight_mps = {key: one["rates"]["speed_mps"] / one["rates"]["detour"] for key, one in found.items()}
            self._index = SegmentIndex(cell for one in found.values() for cell in one["cells"])
        return self._index

    def straight_mps(self, point: Point) -> float:
        """How many metres of the straight line a car of the city there, or of the nearest, leaves behind in a second.

        To be asked once `index` is known.
        """
        city = self.city_at(point) or min(
            self.cities.values(), key=lambda city: distance_m(city.service_area.centre, point)
        )
        return self._straight_mps[city.key]

    def city_at(self, point: Point) -> City | None:
        return next((city for city in self.cities.values() if city.service_area.holds(point)), None)

    def nearest_city(self, lat: float, lng: float) -> str:
        """The key of the city whose service area holds the point; of none, of the nearest: cars drive out of town."""
        if len(self.cities) == 1:
            return next(iter(self.cities))
        point = Point(lat, lng)
        found = self.city_at(point)
        if found is not None:
            return found.key
        return min(self.cities.values(), key=lambda city: distance_m(city.service_area.centre, point)).key


class Segments(DependencyProvider):
    """Gives a worker the cities' segments: `segments = Segments()`."""

    def setup(self) -> None:
        self.segments = CitySegments(cities(self.container.config))

    def get_dependency(self, worker_ctx: Any) -> CitySegments:
        return self.segments
