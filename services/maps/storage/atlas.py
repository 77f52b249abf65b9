"""All that is known of the cities: their roads (OSRM), their segments and their places."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from nameko.extensions import DependencyProvider

from hansom.cities import City, cities
from hansom.cities.files import read_edges, read_measures, read_places, read_segments
from hansom.contracts.maps import CityNotPrepared, NearestRoad
from hansom.segments import SegmentIndex, one_cut
from hansom.values import Point, distance_m
from services.maps.domain.corrections import Corrections
from services.maps.domain.estimates import Rates
from services.maps.storage.edges import EdgeIndex
from services.maps.storage.osrm import Matching, Osrm, RoadRoute
from services.maps.storage.places import PlaceIndex
from services.maps.storage.remembered import Memory, RememberedTimes
from services.maps.storage.routes import RecentRoutes
from services.maps.storage.surroundings import Surroundings
from services.maps.storage.times import RoadTimesMemory

log = logging.getLogger(__name__)


ROUTE_POINTS = 50_000
"""Points of the lines of recent routes that are kept for each city: about 700 routes and 5 MB."""


class Roads:
    """A city's roads: the server that knows them, how much it may be asked at once, and what is remembered of it."""

    def __init__(
        self, osrm: Osrm, edges: EdgeIndex, times: RememberedTimes, routes: RecentRoutes, match_max: int
    ) -> None:
        self.osrm, self.edges, self.times, self.routes, self.match_max = osrm, edges, times, routes, match_max

    def route(self, points: Sequence[Point]) -> RoadRoute:
        return self.osrm.route(points)

    def match(self, points: Sequence[tuple[Point, int, float]]) -> list[Matching]:
        return self.osrm.match(points)

    def nearest(self, point: Point) -> NearestRoad:
        return self.osrm.nearest(point)


class Atlas:
    """The cities of the settings. Files are read when first asked for and kept; so are connections.

    `corrections` are replaced as they are learnt.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.cities = cities(config)
        self.snap_max_m = float(config["ROAD_SNAP_MAX_M"])
        self.corrections = Corrections()
        self._config = config
        self._folder = Path(config["CITY_DATA"])
        times = RoadTimesMemory(int(config["ROAD_TIMES_CACHE_ENTRIES"]))
        self._fresh_s, self._stale_s = float(config["ROAD_TIMES_CACHE_S"]), float(config["ROAD_TIMES_STALE_S"])
        self._memory = Memory(times, self._fresh_s, self._stale_s)
        self._roads: dict[str, Roads] = {}
        self._rates: dict[str, Rates] = {}
        self._segments: dict[str, SegmentIndex] = {}
        self._places: dict[str, PlaceIndex] = {}
        self._surroundings: dict[str, Surroundings] = {}

    def city_at(self, point: Point) -> City | None:
        """The city whose service area holds the point."""
        return next((city for city in self.cities.values() if city.service_area.holds(point)), None)

    def nearest_city(self, point: Point) -> City:
        """The city that the point is in, else the one whose middle is nearest: a car may wait just outside."""
        inside = self.city_at(point)
        return inside or min(self.cities.values(), key=lambda city: distance_m(city.service_area.centre, point))

    def roads(self, city: City) -> Roads:
        if city.key not in self._roads:
            config, number = self._config, list(self.cities).index(city.key)
            osrm = Osrm(city.osrm_url, float(config["OSRM_TIMEOUT_S"]), int(config["OSRM_POOL_SIZE"]))
            edges = self._edges(city)
            times = RememberedTimes(osrm, edges, self._memory, number, int(config["OSRM_TABLE_MAX"]))
            routes = RecentRoutes(ROUTE_POINTS, self._fresh_s, self._stale_s)
            self._roads[city.key] = Roads(osrm, edges, times, routes, int(config["OSRM_MATCH_MAX"]))
        return self._roads[city.key]

    def rates(self, city: City) -> Rates:
        """The city's detour and speed, as measured when it was prepared, else a usual city's."""
        if city.key not in self._rates:
            try:
                measured = read_measures(self._folder / city.key)
                self._rates[city.key] = Rates(measured.detour, measured.speed_mps)
            except (OSError, ValueError) as exc:
                log.warning("a city's roads were not measured", extra={"city": city.key, "error": str(exc)})
                self._rates[city.key] = Rates()
        return self._rates[city.key]

    def factor(self, city: City, kind: str, now: datetime) -> float:
        """What road times of the city are multiplied by at this moment."""
        return self.corrections.factor(city.key, kind, now.astimezone(ZoneInfo(city.time_zone)).hour)

    def _edges(self, city: City) -> EdgeIndex:
        try:
            return EdgeIndex(read_edges(self._folder / city.key))
        except (OSError, ValueError, KeyError) as exc:
            # road times are then remembered for the very same points only
            log.warning("a city's edges cannot be read", extra={"city": city.key, "error": str(exc)})
            return EdgeIndex([])

    def surroundings(self, city: City) -> Surroundings:
        """What lies around ways in the city. Raises CityNotPrepared for one without a map."""
        if city.key not in self._surroundings:
            try:
                self._surroundings[city.key] = Surroundings(self._folder / city.key)
            except (OSError, ValueError) as exc:
                raise CityNotPrepared(details={"city": city.key, "retry_after_s": 10}) from exc
        return self._surroundings[city.key]

    def segments(self, city: City) -> SegmentIndex:
        """The city's segments, cut so that none lies within one of another city. Raises CityNotPrepared."""
        if city.key not in self._segments:
            cells = {city.key: self._read(read_segments, city)}
            for other in self.cities.values():
                with suppress(OSError, ValueError, KeyError):
                    cells.setdefault(other.key, read_segments(self._folder / other.key))
            self._segments = {key: SegmentIndex(found) for key, found in one_cut(cells).items()}
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
                self.atlas.roads(city)
                self.atlas.segments(city)
                self.atlas.places(city)
            except CityNotPrepared:
                log.error("a city is not prepared yet", extra={"city": city.key})

    def stop(self) -> None:
        self.atlas.close()

    def get_dependency(self, worker_ctx: Any) -> Atlas:
        return self.atlas
