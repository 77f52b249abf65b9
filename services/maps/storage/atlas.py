"""All that is known of the cities: their roads (OSRM), their segments and their places."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nameko.extensions import DependencyProvider

from hansom.cities import City, cities
from hansom.cities.files import read_places, read_segments
from hansom.contracts.maps import CityNotPrepared, NearestRoad
from hansom.segments import SegmentIndex
from hansom.values import Point, distance_m
from services.maps.storage.osrm import Coordinates, Matching, Osrm, RoadRoute
from services.maps.storage.places import PlaceIndex

log = logging.getLogger(__name__)


class Roads:
    """A city's road server and how much it may be asked at once."""

    def __init__(self, osrm: Osrm, table_max: int, match_max: int) -> None:
        self.osrm, self.table_max, self.match_max = osrm, table_max, match_max

    def route(self, points: Sequence[Point]) -> RoadRoute:
        return self.osrm.route(points)

    def table(self, sources: Sequence[Coordinates], destinations: Sequence[Coordinates]) -> list[list[float | None]]:
        return self.osrm.table(sources, destinations)

    def match(self, points: Sequence[tuple[Point, int, float]]) -> list[Matching]:
        return self.osrm.match(points)

    def nearest(self, point: Point) -> NearestRoad:
        return self.osrm.nearest(point)


class Atlas:
    """The cities of the settings. Files are read when first asked for and kept; so are connections."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.cities = cities(config)
        self.snap_max_m = float(config["ROAD_SNAP_MAX_M"])
        self._folder = Path(config["CITY_DATA"])
        self._timeout_s = float(config["OSRM_TIMEOUT_S"])
        self._pool_size = int(config["OSRM_POOL_SIZE"])
        self._table_max, self._match_max = int(config["OSRM_TABLE_MAX"]), int(config["OSRM_MATCH_MAX"])
        self._roads: dict[str, Roads] = {}
        self._segments: dict[str, SegmentIndex] = {}
        self._places: dict[str, PlaceIndex] = {}

    def city_at(self, point: Point) -> City | None:
        """The city whose service area holds the point."""
        return next((city for city in self.cities.values() if city.service_area.holds(point)), None)

    def nearest_city(self, point: Point) -> City:
        """The city that the point is in, else the one whose middle is nearest: a car may wait just outside."""
        inside = self.city_at(point)
        return inside or min(self.cities.values(), key=lambda city: distance_m(city.service_area.centre, point))

    def roads(self, city: City) -> Roads:
        if city.key not in self._roads:
            osrm = Osrm(city.osrm_url, self._timeout_s, self._pool_size)
            self._roads[city.key] = Roads(osrm, self._table_max, self._match_max)
        return self._roads[city.key]

    def segments(self, city: City) -> SegmentIndex:
        """Raises CityNotPrepared."""
        if city.key not in self._segments:
            self._segments[city.key] = SegmentIndex(self._read(read_segments, city))
        return self._segments[city.key]

    def places(self, city: City) -> PlaceIndex:
        """Raises CityNotPrepared."""
        if city.key not in self._places:
            self._places[city.key] = PlaceIndex(self._read(read_places, city))
        return self._places[city.key]

    def _read(self, reader: Any, city: City) -> Any:
        try:
            return reader(self._folder / city.key)
        except (OSError, ValueError, KeyError) as exc:
            log.error("a city's files cannot be read", extra={"city": city.key, "error": str(exc)})
            raise CityNotPrepared(details={"city": city.key, "retry_after_s": 10}) from exc

    def close(self) -> None:
        for roads in self._roads.values():
            roads.osrm.close()


class AtlasOfCities(DependencyProvider):
    """Gives a worker the Atlas: `atlas = AtlasOfCities()`. Files that are there are read before the first call."""

    atlas: Atlas

    def setup(self) -> None:
        self.atlas = Atlas(self.container.config)
        for city in self.atlas.cities.values():
            try:
                self.atlas.segments(city)
                self.atlas.places(city)
            except CityNotPrepared:
                log.error("a city is not prepared yet", extra={"city": city.key})

    def stop(self) -> None:
        self.atlas.close()

    def get_dependency(self, worker_ctx: Any) -> Atlas:
        return self.atlas
