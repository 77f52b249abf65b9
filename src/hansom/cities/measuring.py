"""Measures a city's roads: how much longer than the straight line they are, and how fast they are driven.

What services fall back to when the road server is away is only as good as these two numbers: a grid of streets, a bay
or a valley between two mountains differ by a factor of two.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from itertools import islice, permutations
from statistics import median

import h3
import requests

from hansom.cities import Area
from hansom.cities.files import Measures
from hansom.segments import LOOKUP_RESOLUTION
from hansom.values import Point, distance_m

ROUNDS, POINTS = 5, 90
"""Tables that are asked for, and points of each: OSRM takes up to 100 by default. The medians of these drives differ by
about 2 % from one seed to another."""

SHORTEST_M, LONGEST_M = 300.0, 15_000.0
"""Straight lines of the drives that count: as long as rides are."""

SNAP_MAX_M = 300.0
"""A point farther from any road is on a lake or a mountain."""

BUDGET_S = 2.0
"""No table is asked for after so long, but for the first."""

FEWEST = 10
"""Fewer drives say nothing."""

Drive = tuple[float, float, float]
"""Metres as the crow flies, metres on roads, seconds on roads."""


class NotMeasured(Exception):
    """The road server gave too few drives to measure by."""


def measure(osrm_url: str, area: Area, cells: Sequence[str], *, seed: int = 1) -> Measures:
    """Measure by random drives in `area`, routed by the OSRM at `osrm_url`: about half a second.

    `cells` are the city's segments: drawing from them draws more from where there are more roads. Raises NotMeasured,
    requests.RequestException.
    """
    draw = random.Random(seed)
    deadline = time.monotonic() + BUDGET_S
    drives: list[Drive] = []
    with requests.Session() as session:
        for number in range(ROUNDS):
            if number and time.monotonic() > deadline:
                break
            drives += _drives(session, osrm_url.rstrip("/"), _points(area, cells, draw))
    counted = [drive for drive in drives if SHORTEST_M <= drive[0] <= LONGEST_M and drive[2] > 0]
    if len(counted) < FEWEST:
        raise NotMeasured(f"only {len(counted)} drives of {SHORTEST_M:g} m or more were found")
    detour = median(max(1.0, road_m / straight_m) for straight_m, road_m, _ in counted)
    speed_mps = median(road_m / duration_s for _, road_m, duration_s in counted)
    return Measures(round(detour, 3), round(speed_mps, 2), len(counted))


def _points(area: Area, cells: Sequence[str], draw: random.Random) -> list[Point]:
    """Up to POINTS random points of random segments, within the area."""
    tries = (_anywhere_in(draw.choice(cells), draw) for _ in range(20 * POINTS if cells else 0))
    return list(islice((point for point in tries if area.holds(point)), POINTS))


def _anywhere_in(cell: str, draw: random.Random) -> Point:
    for resolution in range(h3.get_resolution(cell) + 1, LOOKUP_RESOLUTION + 1):
        cell = draw.choice(sorted(h3.cell_to_children(cell, resolution)))
    return Point(*h3.cell_to_latlng(cell))


def _drives(session: requests.Session, url: str, points: Sequence[Point]) -> Iterator[Drive]:
    """Drives between all of the points that lie near a road, from where the road is."""
    if len(points) < 2:
        return
    coordinates = ";".join(f"{point.lng:.6f},{point.lat:.6f}" for point in points)
    reply = session.get(f"{url}/table/v1/driving/{coordinates}?annotations=duration,distance", timeout=20).json()
    if reply.get("code") != "Ok":
        raise NotMeasured(str(reply.get("message") or reply.get("code")))
    snapped = [Point(found["location"][1], found["location"][0]) for found in reply["sources"]]
    near = [number for number, found in enumerate(reply["sources"]) if found["distance"] <= SNAP_MAX_M]
    for a, b in permutations(near, 2):
        road_m, duration_s = reply["distances"][a][b], reply["durations"][a][b]
        if road_m is not None and duration_s is not None:
            yield distance_m(snapped[a], snapped[b]), road_m, duration_s
