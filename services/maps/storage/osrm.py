"""OSRM over HTTP: a pool of kept-alive connections with deadlines, behind a circuit breaker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
import urllib3
from eventlet.semaphore import Semaphore
from urllib3.exceptions import HTTPError, ProtocolError

from hansom.contracts.maps import NearestRoad, NoRoute, RoadsUnavailable
from hansom.values import Point
from services.maps.storage.circuit import Circuit

Coordinates = tuple[float, float]
"""(lat, lng) in degrees."""

NO_SUCH_WAY = frozenset(["NoRoute", "NoSegment", "NoMatch", "NoTable"])
"""OSRM's answers that say the roads do not offer it, as against a fault."""


PATIENCE_PER_TABLE_POINT_S = 0.003
PATIENCE_PER_TRACE_POINT_S = 0.02
"""What a long question may take on top, about ten times what it does: 0.3 ms and 2 ms a point were measured."""

PROBE_TIMEOUT_S = 0.5
PROBE_PAUSE_S = 0.2
"""A server that is back is known to be within half a second."""


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


@dataclass(frozen=True, slots=True)
class RoadTable:
    """Seconds from each source (row) to each destination (column), None where no road leads.

    `snapped` are the places on roads that sources, then destinations were moved to, as (lat, lng, metres moved); empty
    unless they were asked for.
    """

    durations_s: list[list[float | None]]
    snapped: list[tuple[float, float, float]]


class NothingFound(Exception):
    """The roads do not offer what was asked: no route, no match."""


class Osrm:
    """One city's road server. Every method raises RoadsUnavailable when it is down, late or at fault.

    After one such failure it is not asked again until it has answered a probe, so that a server that hangs costs
    those who asked at that moment one time-out, and nobody after them anything.
    """

    def __init__(self, url: str, timeout_s: float, pool_size: int) -> None:
        self.url = url.rstrip("/")
        self._timeout_s = timeout_s
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=pool_size, retries=False)
        self._free = Semaphore(pool_size)
        self.circuit = Circuit(self.url, self._answers, PROBE_PAUSE_S)

    def close(self) -> None:
        self.circuit.close()
        self._pool.clear()

    def route(self, points: Sequence[Point]) -> RoadRoute:
        """The quickest way through the points in their order. Raises NoRoute."""
        options = "overview=full&geometries=geojson&generate_hints=false&continue_straight=false"
        try:
            found = self._ask(f"/route/v1/driving/{_path((p.lat, p.lng) for p in points)}?{options}")
        except NothingFound as exc:
            raise NoRoute() from exc
        best = found["routes"][0]
        return RoadRoute(
            best["distance"],
            best["duration"],
            _line(best["geometry"]["coordinates"]),
            tuple(waypoint["distance"] for waypoint in found["waypoints"]),
        )

    def table(
        self, sources: Sequence[Coordinates], destinations: Sequence[Coordinates], snapped: bool = False
    ) -> RoadTable:
        """Road times of all pairs; where the ends lie on roads too, when `snapped` is asked for."""
        count = len(sources)
        rows = ";".join(str(number) for number in range(count))
        columns = ";".join(str(number) for number in range(count, count + len(destinations)))
        path = f"/table/v1/driving/{_path([*sources, *destinations])}"
        options = f"generate_hints=false&skip_waypoints={'false' if snapped else 'true'}"
        patience_s = (count + len(destinations)) * PATIENCE_PER_TABLE_POINT_S
        try:
            found = self._ask(f"{path}?sources={rows}&destinations={columns}&{options}", patience_s)
        except NothingFound:
            return RoadTable([[None] * len(destinations) for _ in sources], [])
        ends = [*found["sources"], *found["destinations"]] if snapped else []
        return RoadTable(found["durations"], [(*end["location"][::-1], end["distance"]) for end in ends])

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
        target = f"/match/v1/driving/{path}?timestamps={times}&radiuses={radiuses}&{options}"
        try:
            found = self._ask(target, len(points) * PATIENCE_PER_TRACE_POINT_S)
        except NothingFound:
            return []
        return _matchings(found)

    def _ask(self, target: str, patience_s: float = 0.0) -> dict[str, Any]:
        """One GET, `patience_s` longer than usual at most.

        A connection that the server closed while it was idle is tried once more, a late answer is not.
        """
        self.circuit.check()
        timeout = urllib3.Timeout(total=self._timeout_s + patience_s)
        try:
            with self._turn():
                body = orjson.loads(self._get_again(target, timeout).data)
        except (HTTPError, OSError, orjson.JSONDecodeError) as exc:
            self.circuit.note_failure()
            raise RoadsUnavailable(details={"retry_after_s": 1}) from exc
        code = body.get("code")
        if code == "Ok":
            return body
        if code in NO_SUCH_WAY:
            raise NothingFound(code)
        raise RoadsUnavailable(details={"retry_after_s": 1, "osrm": str(code)})

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for a free connection, and not for one that becomes free because the server hangs."""
        if not self._free.acquire(timeout=self._timeout_s):
            raise RoadsUnavailable(details={"retry_after_s": 1})
        try:
            self.circuit.check()
            yield
        finally:
            self._free.release()

    def _get_again(self, target: str, timeout: urllib3.Timeout) -> urllib3.BaseHTTPResponse:
        try:
            return self._get(target, timeout)
        except ProtocolError:
            return self._get(target, timeout)

    def _get(self, target: str, timeout: urllib3.Timeout) -> urllib3.BaseHTTPResponse:
        return self._pool.request("GET", self.url + target, timeout=timeout)

    def _answers(self) -> bool:
        """Whether the server says anything at all, on a connection of its own."""
        with urllib3.PoolManager(retries=False) as pool:
            try:
                pool.request("GET", self.url + "/nearest/v1/driving/0,0", timeout=PROBE_TIMEOUT_S)
            except (HTTPError, OSError):
                return False
        return True


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
