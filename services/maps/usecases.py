"""What one can ask of the map, a function a verb."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from hansom.cities import City, UnknownCity
from hansom.contracts.errors import Invalid
from hansom.contracts.maps import MAX_TABLE_CELLS, MatchedTrace, NearestRoad, NoRoute, PlaceFound, RoadTimes, Route
from hansom.contracts.maps import RoadsUnavailable as Down
from hansom.values import Point
from services.maps.domain import traces
from services.maps.domain.estimates import Coordinates, road_time_s, road_times_s
from services.maps.domain.traces import Leg, TracePoint
from services.maps.storage.atlas import Atlas, Roads

log = logging.getLogger(__name__)

OUTSIDE = "This place is outside the area that we serve."
OTHER_CITY = "This place is in another city than the first."
NO_ROAD = "There is no road for cars near this place."

PAIRS_AT_ONCE = 25
"""Pairs asked for in one table; only its diagonal is wanted, so more would waste the rest."""

MATCH_OVERLAP = 10
MATCH_RADIUS_M = (10.0, 50.0)
"""Least and greatest standard deviation that OSRM is told of a reading."""

MAX_FILLED_HOLES = 50
FILL_SNAP_MAX_M = 100.0
"""A reading further from its road than this was not on it: a route between such readings says nothing."""


def check_points(atlas: Atlas, points: Mapping[str, Point]) -> City:
    """The one city whose service area holds all points. Raises Invalid naming each point that is not in it."""
    wrong: dict[str, list[str]] = {}
    first: City | None = None
    for field, point in points.items():
        city = atlas.city_at(point)
        if city is None:
            wrong[field] = [OUTSIDE]
        elif first is None:
            first = city
        elif city.key != first.key:
            wrong[field] = [OTHER_CITY]
    if wrong or first is None:
        raise Invalid(details=wrong)
    return first


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


def match_trace(atlas: Atlas, points: list[TracePoint]) -> MatchedTrace:
    """Put a driven trace on the roads: matched piece by piece, holes routed, the rest straight.

    Raises RoadsUnavailable: a distance that a fare rests on is not guessed because a server is down for a moment.
    """
    readings = traces.clean(points)
    if len(readings) < 2:
        return traces.NO_TRACE
    thinned = traces.thin(traces.smooth(readings))
    roads = atlas.roads(atlas.nearest_city(thinned[0].point))
    legs = _match_by_pieces(roads, thinned) if len(thinned) > 2 else []
    for number, (first, last) in enumerate(traces.holes(legs, len(thinned))):
        legs.append(_fill(roads, thinned, first, last, number))
    return traces.assemble(legs, len(readings))


def _match_by_pieces(roads: Roads, points: list[TracePoint]) -> list[Leg]:
    legs: list[Leg] = []
    reached = 0
    for first, end in traces.pieces(len(points), roads.match_max, MATCH_OVERLAP):
        matched = _match_piece(roads, points, first, end)
        legs = traces.join(legs, matched, (first, reached)) if legs else matched
        reached = end
    return legs


def _match_piece(roads: Roads, points: list[TracePoint], first: int, end: int) -> list[Leg]:
    least, greatest = MATCH_RADIUS_M
    asked = [(p.point, int(p.at_s), min(greatest, max(least, p.accuracy_m or least))) for p in points[first:end]]
    legs = []
    for matching in roads.match(asked):
        quality = traces.MATCHED_LEAST + (1 - traces.MATCHED_LEAST) * min(1.0, max(0.0, matching.confidence))
        for i, length_m in enumerate(matching.lengths_m):
            ends = first + matching.numbers[i], first + matching.numbers[i + 1]
            legs.append(Leg(*ends, length_m, matching.lines[i], "matched", quality))
    return sorted(legs, key=lambda leg: leg.first)


def _fill(roads: Roads, points: list[TracePoint], first: int, last: int, number: int) -> Leg:
    if number >= MAX_FILLED_HOLES:
        return traces.hops(points, first, last)
    try:
        found = roads.route(traces.waypoints(points, first, last))
    except NoRoute:
        return traces.hops(points, first, last)
    if max(found.snapped_m) > FILL_SNAP_MAX_M:
        return traces.hops(points, first, last)
    return traces.routed(points, first, last, found.distance_m, found.line)


def find_nearest(atlas: Atlas, point: Point) -> NearestRoad:
    """The nearest road for cars. Raises Invalid outside all service areas, RoadsUnavailable."""
    return atlas.roads(check_points(atlas, {"point": point})).nearest(point)


def find_segments(atlas: Atlas, points: list[Coordinates]) -> list[str | None]:
    """The segment of each point, None where there is none. Raises CityNotPrepared."""
    indexes = [atlas.segments(city) for city in atlas.cities.values()]
    found: list[str | None] = []
    for lat, lng in points:
        found.append(next((name for index in indexes if (name := index.segment_of(lat, lng))), None))
    return found


def list_segments(atlas: Atlas, city_key: str) -> list[str]:
    """All segments of a city. Raises UnknownCity, CityNotPrepared."""
    city = atlas.cities.get(city_key)
    if city is None:
        raise UnknownCity(details={"city": [f"{city_key} is not a city here."]})
    return list(atlas.segments(city))


def search_places(atlas: Atlas, typed: str, near: Point | None, limit: int) -> list[PlaceFound]:
    """Places that fit what was typed so far, in the city near the point, or in all. Raises CityNotPrepared."""
    if near is not None or len(atlas.cities) == 1:
        city = atlas.nearest_city(near) if near is not None else next(iter(atlas.cities.values()))
        return atlas.places(city).search(typed, near, limit)
    found = [place for city in atlas.cities.values() for place in atlas.places(city).search(typed, None, limit)]
    return found[:limit]
