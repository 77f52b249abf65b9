"""Simulated drives on real roads: where a car was at each moment, and what its telephone reported of that.

A drive follows OSRM's routes from one random place on a road to the next, at the roads' own speeds times a factor of
the driver's, and waits at some turns. Its true length is the length of the line that it followed. The telephone
reports every `EVERY_S` seconds, scattered by a Gaussian noise in both directions; some reports are lost.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import cos, exp, radians
from pathlib import Path
from random import Random
from typing import Any

import orjson
import osmium
import urllib3

from hansom.cities.extract import DRIVABLE
from hansom.values import METRES_A_DEGREE, Point, distance_m

EVERY_S = 5.0
DROPPED_SHARE = 0.1
HOLE_SHARE = 0.25
"""So many of the drives have a hole of HOLE_S seconds: a tunnel, a telephone that was busy."""

HOLE_S = (30.0, 60.0)
LENGTH_M = (1_000.0, 15_000.0)
MEDIAN_LENGTH_M = 4_000.0
WAITS_AT_TURN = 0.25
WAIT_S = (5.0, 40.0)
STANDS_S = (0.0, 20.0)
"""Between the start of the ride and driving off, and between arriving and the end of the ride."""

PACE = (0.6, 1.1)
ACCURACY_OF_NOISE = 1.515
"""Telephones report the radius that holds the truth in 68 of 100 cases: this many standard deviations of a scatter
that is Gaussian in both directions (Rayleigh)."""

COVERS, OPEN_SKY = ("tunnel", "covered", "indoor"), ("no", "building_passage")
"""Tags of ways where no satellite is seen. No drive goes there: what is lost in a tunnel is what HOLE_S is for."""

BEGAN_AT_S = 1_790_000_000.0


@dataclass(frozen=True, slots=True)
class Drive:
    """A car's way: `at_s` and `at_m` are when it passed each point of the line and how far it had come by then.

    A point where it waited is in the line twice. `length_m` is the truth that a matched distance is compared with.
    """

    line: tuple[Point, ...]
    at_s: tuple[float, ...]
    length_m: float

    @property
    def duration_s(self) -> float:
        return self.at_s[-1]

    def place(self, at_s: float) -> Point:
        """Where the car was."""
        after = min(max(bisect_right(self.at_s, at_s), 1), len(self.line) - 1)
        (a, b), (start_s, end_s) = self.line[after - 1 : after + 1], self.at_s[after - 1 : after + 1]
        share = min(1.0, max(0.0, (at_s - start_s) / (end_s - start_s))) if end_s > start_s else 1.0
        return Point(a.lat + (b.lat - a.lat) * share, a.lng + (b.lng - a.lng) * share)


@dataclass(frozen=True, slots=True)
class Report:
    """What a telephone said: `at_s` seconds since 1970."""

    point: Point
    at_s: float
    accuracy_m: float


class Country:
    """The roads of an extract that a satellite sees, and the road server that knows the ways on them."""

    def __init__(self, extract: Path, url: str) -> None:
        self._roads: list[list[Point]] = []
        self._buried: set[tuple[int, int]] = set()
        self._read(extract)
        self._lengths_m = [sum(distance_m(a, b) for a, b in pairwise(line)) for line in self._roads]
        self._url = url
        self._pool = urllib3.PoolManager(retries=urllib3.Retry(3))

    def _read(self, extract: Path) -> None:
        way: Any
        for way in osmium.FileProcessor(str(extract), osmium.osm.NODE | osmium.osm.WAY).with_locations():
            if not way.is_way() or way.tags.get("highway") not in DRIVABLE:
                continue
            nodes = [node for node in way.nodes if node.location.valid()]
            if any(way.tags.get(tag, "no") not in OPEN_SKY for tag in COVERS) or way.tags.get("layer", "0")[0] == "-":
                self._buried |= {(a.ref, b.ref) for a, b in pairwise(nodes)}
            elif len(nodes) > 1:
                self._roads.append([Point(node.lat, node.lon) for node in nodes])

    def place(self, rng: Random) -> Point:
        """Some place on a road, each metre of road as likely as any other."""
        line = rng.choices(self._roads, self._lengths_m)[0]
        a, b = rng.choice(list(pairwise(line)))
        share = rng.random()
        return Point(a.lat + (b.lat - a.lat) * share, a.lng + (b.lng - a.lng) * share)

    def drive(self, rng: Random) -> Drive:
        """A ride of `LENGTH_M`: by the quickest way to a place that far off, or through several where none is."""
        wanted_m = min(LENGTH_M[1], max(LENGTH_M[0], MEDIAN_LENGTH_M * exp(rng.gauss(0, 0.7))))
        while True:
            places = [self.place(rng), self.place(rng)]
            steps = self._route(places)
            for _ in range(60):
                length_m = sum(step["distance"] for step in steps)
                if length_m >= 0.8 * wanted_m:
                    break
                further = [places[0], self.place(rng)] if rng.random() < 0.3 else [*places, self.place(rng)]
                longer = self._route(further)
                if sum(step["distance"] for step in longer) <= 1.25 * wanted_m:
                    places, steps = (further, longer) if longer else (places, steps)
            if 0.8 * wanted_m <= sum(step["distance"] for step in steps) <= 1.5 * wanted_m:
                return driven(steps, rng)

    def _route(self, places: Sequence[Point]) -> list[dict[str, Any]]:
        """The steps of the quickest way that does not turn round where it passes a place; none where none is."""
        path = ";".join(f"{p.lng:.6f},{p.lat:.6f}" for p in places)
        options = "steps=true&annotations=nodes&overview=false&geometries=geojson&continue_straight=true"
        answer = self._pool.request("GET", f"{self._url}/route/v1/driving/{path}?{options}", timeout=10.0)
        found = orjson.loads(answer.data)
        if found["code"] != "Ok":
            return []
        legs = found["routes"][0]["legs"]
        if any((a, b) in self._buried or (b, a) in self._buried for leg in legs for a, b in pairwise(_nodes(leg))):
            return []
        return [step for leg in legs for step in leg["steps"]]


def _nodes(leg: dict[str, Any]) -> list[int]:
    return leg["annotation"]["nodes"]


def driven(steps: Sequence[dict[str, Any]], rng: Random) -> Drive:
    """A drive along OSRM's steps: each at its own speed times the driver's pace, with a wait before some of them."""
    pace = rng.uniform(*PACE)
    line: list[Point] = []
    at_s: list[float] = []
    now_s = length_m = 0.0
    for step in steps:
        points = [Point(lat, lng) for lng, lat in step["geometry"]["coordinates"]]
        if not line:
            line, at_s, now_s = [points[0], points[0]], [0.0, rng.uniform(*STANDS_S)], 0.0
            now_s = at_s[-1]
        elif rng.random() < WAITS_AT_TURN:
            now_s += rng.uniform(*WAIT_S)
            line.append(line[-1])
            at_s.append(now_s)
        speed_mps = pace * max(2.0, step["distance"] / step["duration"] if step["duration"] else 2.0)
        for point in points:
            hop_m = distance_m(line[-1], point)
            if hop_m == 0:
                continue
            length_m += hop_m
            now_s += hop_m / speed_mps
            line.append(point)
            at_s.append(now_s)
    line.append(line[-1])
    at_s.append(now_s + rng.uniform(*STANDS_S))
    return Drive(tuple(line), tuple(at_s), length_m)


def reported(drive: Drive, noise_m: float, rng: Random) -> list[Report]:
    """What came in of a drive: scattered by `noise_m` (standard deviation in each direction), with some lost."""
    hole = (0.0, 0.0)
    if rng.random() < HOLE_SHARE:
        hole_s = rng.uniform(*HOLE_S)
        began_s = rng.uniform(0, max(0.0, drive.duration_s - hole_s))
        hole = began_s, began_s + hole_s
    found = []
    at_s = rng.uniform(0, EVERY_S)
    while at_s < drive.duration_s:
        dropped = rng.random() < DROPPED_SHARE or hole[0] <= at_s < hole[1]
        point = scattered(drive.place(at_s), noise_m, rng)
        accuracy_m = noise_m * ACCURACY_OF_NOISE * rng.uniform(0.7, 1.4)
        if not dropped:
            found.append(Report(point, BEGAN_AT_S + at_s, round(accuracy_m, 1)))
        at_s += EVERY_S
    return found


def scattered(point: Point, noise_m: float, rng: Random) -> Point:
    """The point moved by a Gaussian error to the north and one to the east."""
    north, east = rng.gauss(0, noise_m), rng.gauss(0, noise_m)
    return Point(point.lat + north / METRES_A_DEGREE, point.lng + east / METRES_A_DEGREE / cos(radians(point.lat)))


def hops_m(reports: Sequence[Report]) -> float:
    """The raw sum of straight lines from report to report, in metres: what matching is to be better than."""
    return sum(distance_m(a.point, b.point) for a, b in pairwise(reports))
