"""Measures a city's roads: how much longer than the straight line they are, and how fast they are driven.

What services fall back to when the road server is away is only as good as these two numbers: a grid of streets, a bay
or a valley between two mountains differ by a factor of two.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import h3
import requests

from hansom.cities import Area
from hansom.cities.files import Measures
from hansom.segments import LOOKUP_RESOLUTION
from hansom.values import Point, distance_m

PAIRS = 400
"""Drives that are enough: the median then moves by about 1 % from one seed to another."""

SHORTEST_M, LONGEST_M = 300.0, 15_000.0
"""Straight lines of the drives that count: as long as rides are."""

SNAP_MAX_M = 300.0
"""A point farther from any road is on a lake or a mountain."""

BUDGET_S = 2.0
"""Measuring ends after so long with what it has."""

FEWEST = 10
"""Fewer drives say nothing."""


class NotMeasured(Exception):
    """The road server gave too few drives to measure by."""


def measure(osrm_url: str, area: Area, cells: Sequence[str], *, seed: int = 1, pairs: int = PAIRS) -> Measures:
    """Measure by `pairs` random drives in `area`, routed by the OSRM at `osrm_url`.

    `cells` are the city's segments: drawing from them draws more from where there are more roads. Ends after BUDGET_S
    seconds with what there is. Raises NotMeasured, requests.RequestException.
    """
    draw = random.Random(seed)
    deadline = time.monotonic() + BUDGET_S
    ratios: list[float] = []
    speeds: list[float] = []
    with requests.Session() as session:
        roads = _Roads(session, osrm_url.rstrip("/"))
        points = roads.points(area, cells, draw, deadline - BUDGET_S / 2)
        for _ in range(20 * pairs if len(points) > 1 else 0):
            if len(ratios) == pairs or time.monotonic() > deadline:
                break
            a, b = draw.sample(points, 2)
            straight_m = distance_m(a, b)
            drive = roads.drive(a, b) if SHORTEST_M <= straight_m <= LONGEST_M else None
            if drive is not None:
                ratios.append(max(1.0, drive[0] / straight_m))
                speeds.append(drive[0] / drive[1])
    if len(ratios) < FEWEST:
        raise NotMeasured(f"only {len(ratios)} drives of {SHORTEST_M:g} m or more were found")
    return Measures(round(median(ratios), 3), round(median(speeds), 2), len(ratios))


@dataclass(frozen=True)
class _Roads:
    """A road server, asked with as little as measuring needs."""

    session: requests.Session
    url: str

    def points(self, area: Area, cells: Sequence[str], draw: random.Random, deadline: float) -> list[Point]:
        """Up to PAIRS points on roads, each the nearest to a random point of a random segment."""
        found: list[Point] = []
        for _ in range(10 * PAIRS if cells else 0):
            if len(found) == PAIRS or time.monotonic() > deadline:
                break
            point = _anywhere_in(draw.choice(cells), draw)
            if not area.holds(point):
                continue
            answer = self._ask(f"nearest/v1/driving/{point.lng:.6f},{point.lat:.6f}?number=1")
            if answer is not None and answer["waypoints"][0]["distance"] <= SNAP_MAX_M:
                lng, lat = answer["waypoints"][0]["location"]
                found.append(Point(lat, lng))
        return found

    def drive(self, a: Point, b: Point) -> tuple[float, float] | None:
        """Metres and seconds from a to b, or None where no road leads."""
        pair = f"{a.lng:.6f},{a.lat:.6f};{b.lng:.6f},{b.lat:.6f}"
        answer = self._ask(f"route/v1/driving/{pair}?overview=false&steps=false")
        if answer is None:
            return None
        route = answer["routes"][0]
        return (route["distance"], route["duration"]) if route["duration"] > 0 else None

    def _ask(self, path: str) -> dict[str, Any] | None:
        """OSRM's answer, or None when it has none (no road near, no way from one to the other)."""
        reply: dict[str, Any] = self.session.get(f"{self.url}/{path}", timeout=5).json()
        return reply if reply.get("code") == "Ok" else None


def _anywhere_in(cell: str, draw: random.Random) -> Point:
    for resolution in range(h3.get_resolution(cell) + 1, LOOKUP_RESOLUTION + 1):
        cell = draw.choice(sorted(h3.cell_to_children(cell, resolution)))
    return Point(*h3.cell_to_latlng(cell))
