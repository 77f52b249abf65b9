"""Routes, road times and nearest roads."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from hansom.contracts.errors import Invalid
from hansom.contracts.maps import MAX_TABLE_CELLS, NearestRoad, RoadTimes, Route
from hansom.contracts.maps import RoadsUnavailable as Down
from hansom.values import Point
from services.maps.domain.estimates import Coordinates, road_time_s, road_times_s
from services.maps.storage.atlas import Atlas, Roads
from services.maps.usecases.places import check_points

log = logging.getLogger(__name__)

NO_ROAD = "There is no road for cars near this place."

PAIRS_AT_ONCE = 25
"""Pairs asked for in one table; only its diagonal is wanted, so more would waste the rest."""


def find_route(atlas: Atlas, pickup: Point, dropoff: Point, names: Mapping[str, str]) -> Route:
    """The quickest way by road. Raises Invalid (under the caller's field `names`), NoRoute, RoadsUnavailable."""
    fields = (names.get("pickup", "pickup"), names.get("dropoff", "dropoff"))
    city = check_points(atlas, dict(zip(fields, (pickup, dropoff), strict=True)))
    found = atlas.roads(city).route([pickup, dropoff])
    far = {
        field: [NO_ROAD]
        for field, snapped_m in zip(fields, found.snapped_m, strict=True)
        if snapped_m > atlas.snap_max_m
    }
    if far:
        raise Invalid(details=far)
    return Route(city.key, round(found.distance_m), round(found.duration_s), found.line)


def road_table(atlas: Atlas, sources: list[Coordinates], destinations: list[Coordinates]) -> RoadTimes:
    """Seconds by road from each source to each destination; estimates when the road server does not answer.

    Raises Invalid when there are more than MAX_TABLE_CELLS of them.
    """
    if len(sources) * len(destinations) > MAX_TABLE_CELLS:
        raise Invalid(details={"sources": [f"More than {MAX_TABLE_CELLS} cells."]})
    if not sources or not destinations:
        return RoadTimes([[] for _ in sources], False)
    roads = atlas.roads(atlas.nearest_city(Point(*destinations[0])))
    try:
        return RoadTimes(_table_by_blocks(roads, sources, destinations), False)
    except Down:
        log.warning("road times are estimated: the road server does not answer")
        return RoadTimes(road_times_s(sources, destinations), True)


def _table_by_blocks(
    roads: Roads, sources: list[Coordinates], destinations: list[Coordinates]
) -> list[list[float | None]]:
    side = roads.table_max
    rows: list[list[float | None]] = []
    for top in range(0, len(sources), side):
        block = sources[top : top + side]
        parts = [roads.table(block, destinations[left : left + side]) for left in range(0, len(destinations), side)]
        rows.extend([cell for part in parts for cell in part[number]] for number in range(len(block)))
    return rows


def find_etas(atlas: Atlas, pairs: Sequence[tuple[Coordinates, Coordinates]]) -> tuple[list[float | None], bool]:
    """Seconds by road of each (from, to), and whether any was estimated. Pairs may lie in different cities."""
    etas: list[float | None] = [None] * len(pairs)
    estimated = False
    by_city: dict[str, list[int]] = {}
    for number, (_, end) in enumerate(pairs):
        by_city.setdefault(atlas.nearest_city(Point(*end)).key, []).append(number)
    for key, numbers in by_city.items():
        try:
            found = _etas_by_blocks(atlas.roads(atlas.cities[key]), [pairs[number] for number in numbers])
        except Down:
            # one failure tells for all: asking on would only make the caller wait
            estimated = True
            found = [road_time_s(*pairs[number]) for number in numbers]
        for number, eta_s in zip(numbers, found, strict=True):
            etas[number] = eta_s
    return etas, estimated


def _etas_by_blocks(roads: Roads, pairs: Sequence[tuple[Coordinates, Coordinates]]) -> list[float | None]:
    found: list[float | None] = []
    for first in range(0, len(pairs), PAIRS_AT_ONCE):
        some = pairs[first : first + PAIRS_AT_ONCE]
        table = roads.table([start for start, _ in some], [end for _, end in some])
        found.extend(table[row][row] for row in range(len(some)))
    return found


def find_nearest(atlas: Atlas, point: Point) -> NearestRoad:
    """The nearest road for cars. Raises Invalid outside all service areas, RoadsUnavailable."""
    return atlas.roads(check_points(atlas, {"point": point})).nearest(point)
