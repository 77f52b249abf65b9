"""OSRM over HTTP: a pool of kept-alive connections with deadlines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import urllib3
from urllib3.exceptions import HTTPError, ProtocolError

from hansom.contracts.maps import NearestRoad, NoRoute, RoadsUnavailable
from hansom.values import Point

Coordinates = tuple[float, float]
"""(lat, lng) in degrees."""

NO_SUCH_WAY = frozenset(["NoRoute", "NoSegment", "NoMatch", "NoTable"])
"""OSRM's answers that say the roads do not offer it, as against a fault."""


@dataclass(frozen=True, slots=True)
class RoadRoute:
    """OSRM's quickest route; `snapped_m` says how far each point asked for is from its road."""

    distance_m: float
    duration_s: float
    line: tuple[Point, ...]
    snapped_m: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Matching:
    """A stretch of a trace that was matched: the numbers of its points and the way between each two of them."""

    numbers: tuple[int, ...]
    lengths_m: tuple[float, ...]
    lines: tuple[tuple[Point, ...], ...]
    confidence: float


class NothingFound(Exception):
    """The roads do not offer what was asked: no route, no match."""


class Osrm:
    """One city's road server. Every method raises RoadsUnavailable when it is down, late or at fault."""

    def __init__(self, url: str, timeout_s: float, pool_size: int) -> None:
        self.url = url.rstrip("/")
        self._timeout_s = timeout_s
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=pool_size, block=True, retries=False)

    def close(self) -> None:
        self._pool.clear()

    def route(self, points: Sequence[Point], timeout_s: float | None = None) -> RoadRoute:
        """The quickest way through the points in their order. Raises NoRoute."""
        options = "overview=full&geometries=geojson&generate_hints=false&continue_straight=false"
        try:
            found = self._ask(f"/route/v1/driving/{_path((p.lat, p.lng) for p in points)}?{options}", timeout_s)
        except NothingFound as exc:
            raise NoRoute() from exc
        best = found["routes"][0]
        return RoadRoute(
            best["distance"],
            best["duration"],
            _line(best["geometry"]["coordinates"]),
            tuple(waypoint["distance"] for waypoint in found["waypoints"]),
        )

    def table(self, sources: Sequence[Coordinates], destinations: Sequence[Coordinates]) -> list[list[float | None]]:
        """Seconds from each source (row) to each destination (column), None where no road leads."""
        count = len(sources)
        rows = ";".join(str(number) for number in range(count))
        columns = ";".join(str(number) for number in range(count, count + len(destinations)))
        path = f"/table/v1/driving/{_path([*sources, *destinations])}"
        try:
            found = self._ask(f"{path}?sources={rows}&destinations={columns}&generate_hints=false")
        except NothingFound:
            return [[None] * len(destinations) for _ in sources]
        return found["durations"]

    def nearest(self, point: Point) -> NearestRoad:
        """The nearest place on a road for cars. Raises NoRoute when there is none at all."""
        try:
            found = self._ask(f"/nearest/v1/driving/{_path([(point.lat, point.lng)])}?number=1&generate_hints=false")
        except NothingFound as exc:
            raise NoRoute("There is no road near this point.") from exc
        near = found["waypoints"][0]
        lng, lat = near["location"]
        return NearestRoad(Point(lat, lng), near.get("name", ""), near["distance"])

    def match(self, points: Sequence[tuple[Point, int, float]]) -> list[Matching]:
        """Put a trace on the roads: `points` are (point, seconds since 1970, radius in metres), times rising.

        Gives the stretches that could be matched, none if nothing could.
        """
        path = _path((point.lat, point.lng) for point, _, _ in points)
        times = ";".join(str(at_s) for _, at_s, _ in points)
        radiuses = ";".join(f"{radius_m:.0f}" for _, _, radius_m in points)
        options = "gaps=ignore&tidy=false&overview=false&steps=true&geometries=geojson&generate_hints=false"
        try:
            found = self._ask(f"/match/v1/driving/{path}?timestamps={times}&radiuses={radiuses}&{options}")
        except NothingFound:
            return []
        return _matchings(found)

    def _ask(self, target: str, timeout_s: float | None = None) -> dict[str, Any]:
        """One GET. A connection that the server closed while it was idle is tried once more, a late answer is not."""
        timeout = urllib3.Timeout(total=timeout_s or self._timeout_s)
        try:
            try:
                answer = self._get(target, timeout)
            except ProtocolError:
                answer = self._get(target, timeout)
            body = orjson.loads(answer.data)
        except (HTTPError, OSError, orjson.JSONDecodeError) as exc:
            raise RoadsUnavailable(details={"retry_after_s": 1}) from exc
        code = body.get("code")
        if code == "Ok":
            return body
        if code in NO_SUCH_WAY:
            raise NothingFound(code)
        raise RoadsUnavailable(details={"retry_after_s": 1, "osrm": str(code)})

    def _get(self, target: str, timeout: urllib3.Timeout) -> urllib3.BaseHTTPResponse:
        return self._pool.request("GET", self.url + target, timeout=timeout, pool_timeout=self._timeout_s)


def _path(points: Iterable[Coordinates]) -> str:
    return ";".join(f"{lng:.6f},{lat:.6f}" for lat, lng in points)


def _line(coordinates: Iterable[Sequence[float]]) -> tuple[Point, ...]:
    return tuple(Point(lat, lng) for lng, lat in coordinates)


def _matchings(found: dict[str, Any]) -> list[Matching]:
    numbers: list[dict[int, int]] = [{} for _ in found["matchings"]]
    for number, snapped in enumerate(found["tracepoints"]):
        if snapped is not None and snapped.get("waypoint_index") is not None:
            numbers[snapped["matchings_index"]][snapped["waypoint_index"]] = number
    matched = []
    for matching, by_waypoint in zip(found["matchings"], numbers, strict=True):
        legs = matching["legs"]
        if len(by_waypoint) != len(legs) + 1:
            continue
        matched.append(
            Matching(
                tuple(by_waypoint[waypoint] for waypoint in range(len(legs) + 1)),
                tuple(leg["distance"] for leg in legs),
                tuple(_leg_line(leg) for leg in legs),
                float(matching["confidence"]),
            )
        )
    return matched


def _leg_line(leg: dict[str, Any]) -> tuple[Point, ...]:
    line: list[Point] = []
    for step in leg["steps"]:
        for point in _line(step["geometry"]["coordinates"]):
            if not line or line[-1] != point:
                line.append(point)
    return tuple(line)
