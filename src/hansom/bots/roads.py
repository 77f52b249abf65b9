"""Roads as the bots know them: lines they were given by quotes, a graph grown from those, and driving along them.

Distances are metres, speeds metres a second, bearings degrees clockwise from north. Within one city the earth is taken
as flat around each step (equirectangular), which is off by less than a millimetre over a street.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import heappop, heappush
from itertools import pairwise
from math import atan2, cos, degrees, hypot, inf, radians
from random import Random

from hansom.values import METRES_A_DEGREE, Point

NODE_DECIMALS = 5
"""About a metre: line points nearer than this are one crossing."""

NEAR_ENOUGH_M = 400.0
"""How far from a place a way to it may end when the crossing next to it is one that no known street leads to."""

Node = tuple[float, float]


@lru_cache(maxsize=1024)
def _metres_a_degree_of_longitude(rounded_lat: float) -> float:
    return METRES_A_DEGREE * cos(radians(rounded_lat))


def offset_m(start: Point, end: Point) -> tuple[float, float]:
    """How far `end` lies east and north of `start`, in metres."""
    east = (end.lng - start.lng) * _metres_a_degree_of_longitude(round(start.lat, 3))
    return east, (end.lat - start.lat) * METRES_A_DEGREE


def gap_m(start: Point, end: Point) -> float:
    """Straight distance between two points of one city, in metres."""
    return hypot(*offset_m(start, end))


def moved(point: Point, east_m: float, north_m: float) -> Point:
    """The point so many metres east and north of `point`."""
    lng = point.lng + east_m / _metres_a_degree_of_longitude(round(point.lat, 3))
    return Point(point.lat + north_m / METRES_A_DEGREE, lng)


@dataclass(frozen=True, slots=True)
class Route:
    """A line along roads, with the distance and the time that the server gave for it."""

    line: tuple[Point, ...]
    distance_m: float
    duration_s: float

    @property
    def speed_mps(self) -> float:
        """Mean speed of the whole route; a route of no length has a walking car's 1 m/s, never 0."""
        return max(self.distance_m / self.duration_s, 1.0) if self.duration_s > 0 else 1.0


@dataclass(frozen=True, slots=True)
class Fix:
    """Where a car is at one moment."""

    point: Point
    bearing_deg: float
    speed_mps: float
    left_m: float


class Drive:
    """One car's way along one line at a steady speed: its place is a function of time alone, so nothing piles up."""

    def __init__(self, line: Iterable[Point], speed_mps: float, started_at: float) -> None:
        """`line` needs one point at least; one point is a parked car. `started_at` is seconds on any rising clock."""
        self._points, self._at_m = _measured(line)
        self._speed_mps = speed_mps
        self._started_at = started_at

    @property
    def length_m(self) -> float:
        return self._at_m[-1]

    @property
    def ends_at(self) -> float:
        """When the car is at the end of the line, on the clock of `started_at`."""
        return self._started_at + self.length_m / self._speed_mps

    @property
    def end(self) -> Point:
        return self._points[-1]

    def fix(self, now: float) -> Fix:
        """Place, heading and speed at `now`; before the start the first point, after the end the last, standing."""
        gone_m = max(now - self._started_at, 0.0) * self._speed_mps
        if gone_m >= self.length_m:
            return Fix(self._points[-1], self._bearing(len(self._points) - 2), 0.0, 0.0)
        step = bisect_right(self._at_m, gone_m) - 1
        start, end = self._points[step], self._points[step + 1]
        share = (gone_m - self._at_m[step]) / (self._at_m[step + 1] - self._at_m[step])
        point = Point(start.lat + (end.lat - start.lat) * share, start.lng + (end.lng - start.lng) * share)
        return Fix(point, self._bearing(step), self._speed_mps, self.length_m - gone_m)

    def _bearing(self, step: int) -> float:
        if step < 0:
            return 0.0
        east, north = offset_m(self._points[step], self._points[step + 1])
        return degrees(atan2(east, north)) % 360


def _measured(line: Iterable[Point]) -> tuple[list[Point], list[float]]:
    """The line without repeated points, and how far along it each point lies in metres."""
    points: list[Point] = []
    at_m: list[float] = []
    for point in line:
        step_m = gap_m(points[-1], point) if points else 0.0
        if points and step_m < 0.01:
            continue
        at_m.append(at_m[-1] + step_m if points else 0.0)
        points.append(point)
    if not points:
        raise ValueError("a line needs a point")
    return points, at_m


class RoadGraph:
    """Streets learned from route lines: directed as they were driven, so a one-way street stays one."""

    def __init__(self) -> None:
        self._ways: dict[Node, dict[Node, float]] = {}
        self._nodes: list[Node] = []

    def __len__(self) -> int:
        return len(self._nodes)

    def learn(self, route: Route) -> None:
        """Adds the route's steps; a step driven before keeps its first speed."""
        nodes = [node_of(point) for point in route.line]
        for node in nodes:
            if node not in self._ways:
                self._ways[node] = {}
                self._nodes.append(node)
        for here, there in pairwise(nodes):
            if here != there:
                self._ways[here].setdefault(there, route.speed_mps)

    def place(self, rng: Random) -> Point:
        """Some point on a known street. Raises IndexError when none is known."""
        return Point(*rng.choice(self._nodes))

    def place_between(self, rng: Random, start: Point, least_m: float, most_m: float) -> Point:
        """A point on a street so far from `start` as the crow flies; of 60 tries the one that missed by the least."""
        best, missed_m = start, inf
        for _ in range(60):
            point = self.place(rng)
            away_m = gap_m(start, point)
            miss_m = max(least_m - away_m, away_m - most_m, 0.0)
            if miss_m < missed_m:
                best, missed_m = point, miss_m
            if not miss_m:
                break
        return best

    def way(self, start: Point, end: Point) -> Route | None:
        """The quickest known way between the crossings nearest to both (Dijkstra), or None where there is none.

        Where no known street leads to the last one, it ends at the nearest one reached, `NEAR_ENOUGH_M` away at most.
        """
        if not self._nodes:
            return None
        first, last = self._nearest(start), self._nearest(end)
        before: dict[Node, Node] = {}
        spent_s = {first: 0.0}
        waiting = [(0.0, first)]
        while waiting:
            here_s, here = heappop(waiting)
            if here == last:
                return self._walked_back(first, last, before, here_s)
            if here_s > spent_s[here]:
                continue
            for there, speed_mps in self._ways[here].items():
                there_s = here_s + gap_m(Point(*here), Point(*there)) / speed_mps
                if there_s < spent_s.get(there, inf):
                    spent_s[there], before[there] = there_s, here
                    heappush(waiting, (there_s, there))
        nearest = min(before, key=lambda node: gap_m(end, Point(*node)), default=None)
        if nearest is None or gap_m(end, Point(*nearest)) > NEAR_ENOUGH_M:
            return None
        return self._walked_back(first, nearest, before, spent_s[nearest])

    def _walked_back(self, first: Node, last: Node, before: dict[Node, Node], spent_s: float) -> Route:
        nodes = [last]
        while nodes[-1] != first:
            nodes.append(before[nodes[-1]])
        line = tuple(Point(*node) for node in reversed(nodes))
        return Route(line, sum(gap_m(here, there) for here, there in pairwise(line)), spent_s)

    def _nearest(self, point: Point) -> Node:
        return min(self._nodes, key=lambda node: gap_m(point, Point(*node)))

    def wander(self, rng: Random, start: Point, length_m: float) -> Route | None:
        """A random way of about `length_m` from a known crossing, turning round only where it must; None at an end.

        `start` has to be a point of a learned line (to `NODE_DECIMALS`).
        """
        here, before = node_of(start), None
        line, gone_m, spent_s = [start], 0.0, 0.0
        while gone_m < length_m:
            ways = self._ways.get(here, {})
            onward = [node for node in ways if node != before] or list(ways)
            if not onward:
                break
            there = rng.choice(onward)
            step_m = gap_m(line[-1], Point(*there))
            line.append(Point(*there))
            gone_m, spent_s = gone_m + step_m, spent_s + step_m / ways[there]
            here, before = there, here
        return Route(tuple(line), gone_m, spent_s) if gone_m > 0 else None


def node_of(point: Point) -> Node:
    """The crossing that a point of a line stands for."""
    return round(point.lat, NODE_DECIMALS), round(point.lng, NODE_DECIMALS)


def line_of(points: Sequence[dict[str, float]]) -> tuple[Point, ...]:
    """api.md's `[{lat, lng}, ...]` as points."""
    return tuple(Point(point["lat"], point["lng"]) for point in points)
