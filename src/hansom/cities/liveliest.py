"""Where a city is at its densest: where simulated people live, whose rides are to be short."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import cos, radians

import h3

from hansom.cities import Area
from hansom.cities.deriving import size_km2
from hansom.values import METRES_A_DEGREE

QUARTER = 7
"""H3 resolution of a quarter: about 5 km²."""

REACH_M = 1500.0


def liveliest(area: Area, cells: Sequence[str]) -> Area:
    """The square of 3 km around the quarter with the most of the city's smallest segments; a small city as it is."""
    if not cells or size_km2(area) <= (2 * REACH_M / 1000) ** 2:
        return area
    finest = max(h3.get_resolution(cell) for cell in cells)
    quarters: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for cell in cells:
        if h3.get_resolution(cell) == finest:
            quarters[h3.cell_to_parent(cell, min(QUARTER, finest))].append(h3.cell_to_latlng(cell))
    middles = max(sorted(quarters.items()), key=lambda quarter: len(quarter[1]))[1]
    lat = sum(middle[0] for middle in middles) / len(middles)
    lng = sum(middle[1] for middle in middles) / len(middles)
    up, aside = REACH_M / METRES_A_DEGREE, REACH_M / (METRES_A_DEGREE * cos(radians(lat)))
    return Area(
        round(max(area.south, lat - up), 5),
        round(max(area.west, lng - aside), 5),
        round(min(area.north, lat + up), 5),
        round(min(area.east, lng + aside), 5),
    )
