"""The segments of all cities, as maps knows them."""

from __future__ import annotations

from typing import Any, Protocol

from nameko.extensions import DependencyProvider

from hansom.cities import City, cities
from hansom.segments import SegmentIndex
from hansom.values import Point


class Maps(Protocol):
    def get_segments(self, payload: dict[str, Any]) -> dict[str, Any]: ...


class CitySegments:
    """Asks maps once for each city's segments and keeps them while the process runs."""

    def __init__(self, known: dict[str, City]) -> None:
        self.cities = known
        self._index: SegmentIndex | None = None

    def index(self, maps: Maps) -> SegmentIndex:
        """The segments of all cities as one index: cities do not overlap. Raises Unavailable while maps is away."""
        if self._index is None:
            found = [maps.get_segments({"city": key})["cells"] for key in self.cities]
            self._index = SegmentIndex(cell for cells in found for cell in cells)
        return self._index

    def city_at(self, point: Point) -> City | None:
        return next((city for city in self.cities.values() if city.service_area.holds(point)), None)


class Segments(DependencyProvider):
    """Gives a worker the cities' segments: `segments = Segments()`."""

    def setup(self) -> None:
        self.segments = CitySegments(cities(self.container.config))

    def get_dependency(self, worker_ctx: Any) -> CitySegments:
        return self.segments
