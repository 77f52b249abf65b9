"""Divides a city into segments: H3 cells, small where roads are dense and large where they are sparse."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise

import h3

from hansom.cities import Area, SegmentSizes
from hansom.segments import LOOKUP_RESOLUTION
from hansom.values import Point, distance_m

STEP_M = 20.0
"""A road's length is dealt out to cells in steps no longer than about this: less than a cell's edge."""


def road_by_cell(roads: Iterable[list[Point]]) -> dict[str, float]:
    """Metres of road in each H3 cell of LOOKUP_RESOLUTION. `roads` are lines of points."""
    metres: dict[str, float] = defaultdict(float)
    for line in roads:
        for a, b in pairwise(line):
            length_m = distance_m(a, b)
            steps = max(1, round(length_m / STEP_M))
            for step in range(steps):
                share = (step + 0.5) / steps
                lat, lng = a.lat + (b.lat - a.lat) * share, a.lng + (b.lng - a.lng) * share
                metres[h3.latlng_to_cell(lat, lng, LOOKUP_RESOLUTION)] += length_m / steps
    return metres


def divide(area: Area, sizes: SegmentSizes, roads: Iterable[list[Point]]) -> list[str]:
    """The city's segments, sorted: H3 cells between `sizes.sparse` and `sizes.dense`.

    Starts from the coarsest cells that hold the area and one ring around them (so that a car waiting just outside is
    in a segment too) and divides those with more than `sizes.road_m` metres of road into their seven children. Children
    replace their parent in the tree, so every finest cell keeps exactly one ancestor among the segments.
    """
    metres = _totals(road_by_cell(roads), sizes)
    segments: list[str] = []
    waiting = sorted(_cover(area, sizes.sparse))
    while waiting:
        cell = waiting.pop()
        if h3.get_resolution(cell) < sizes.dense and metres.get(cell, 0.0) > sizes.road_m:
            waiting.extend(h3.cell_to_children(cell))
        else:
            segments.append(cell)
    return sorted(segments)


def _totals(finest: Mapping[str, float], sizes: SegmentSizes) -> dict[str, float]:
    totals: dict[str, float] = defaultdict(float)
    for cell, length_m in finest.items():
        for resolution in range(sizes.sparse, sizes.dense + 1):
            totals[h3.cell_to_parent(cell, resolution)] += length_m
    return totals


def _cover(area: Area, resolution: int) -> set[str]:
    """Coarse cells over the area and one ring around, which also covers what a child sticks out of its parent."""
    box = h3.LatLngPoly(
        [(area.south, area.west), (area.south, area.east), (area.north, area.east), (area.north, area.west)]
    )
    inside = h3.h3shape_to_cells_experimental(box, resolution, "overlap")
    return {near for cell in inside for near in h3.grid_disk(cell, 1)}
