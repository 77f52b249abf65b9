"""Routes, road times and nearest roads, from the road server, from memory, or guessed, in this order."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from hansom.cities import City
from hansom.contracts.errors import HansomError, Invalid
from hansom.contracts.maps import MAX_TABLE_CELLS, PICKUP, TRIP, NearestRoad, RoadTimes, Route
from hansom.contracts.maps import RoadsUnavailable as Down
from hansom.values import Point
from services.maps.domain.corrections import corrections_of
from services.maps.domain.estimates import Coordinates
from services.maps.storage.atlas import Atlas, Roads
from services.maps.storage.edges import Floats
from services.maps.storage.osrm import RoadRoute
from services.maps.storage.times import UNREACHABLE
from services.maps.usecases.places import check_points

log = logging.getLogger(__name__)

NO_ROAD = "There is no road for cars near this place."

CORRECTIONS_DEADLINE_S = 3.0


def find_route(atlas: Atlas, pickup: Point, dropoff: Point, names: Mapping[str, str], now: datetime) -> Route:
    """The quickest way by road; an estimate when the road server does not answer.

    Raises Invalid (under the caller's field `names`), NoRoute.
    """
    fields = (names.get("pickup", "pickup"), names.get("dropoff", "dropoff"))
    city = check_points(atlas, dict(zip(fields, (pickup, dropoff), strict=True)))
    estimated = False
    try:
        found = _route(atlas.roads(city), pickup, dropoff)
    except Down:
        estimated = True
        found = _guess_route(atlas, city, pickup, dropoff)
    far = {
        field: [NO_ROAD]
        for field, snapped_m in zip(fields, found.snapped_m, strict=True)
        if snapped_m > atlas.snap_max_m
    }
    if far:
        raise Invalid(details=far)
    factor = atlas.factor(city, TRIP, now)
    return Route(city.key, round(found.distance_m), round(found.duration_s * factor), found.line, estimated, factor)


def _route(roads: Roads, pickup: Point, dropoff: Point) -> RoadRoute:
    key = roads.times.key_of(pickup, dropoff)
    found = roads.routes.fresh(key, pickup, dropoff)
    if found is None:
        found = roads.route([pickup, dropoff])
        roads.routes.keep(key, pickup, dropoff, found)
    return found


def _guess_route(atlas: Atlas, city: City, pickup: Point, dropoff: Point) -> RoadRoute:
    roads, rates = atlas.roads(city), atlas.rates(city)
    found = roads.routes.stale(roads.times.key_of(pickup, dropoff))
    if found is not None:
        return found
    ends = (pickup.lat, pickup.lng), (dropoff.lat, dropoff.lng)
    return RoadRoute(rates.distance_m(*ends), rates.duration_s(*ends), (pickup, dropoff), (0.0, 0.0))


def road_table(
    atlas: Atlas, sources: Sequence[Coordinates], destinations: Sequence[Coordinates], now: datetime
) -> RoadTimes:
    """Seconds by road from each source to each destination; estimates when the road server does not answer.

    They may lie in several cities: a road from one to the other is nobody's to know, so those times are estimates.
    Raises Invalid when there are more than MAX_TABLE_CELLS of them.
    """
    if len(sources) * len(destinations) > MAX_TABLE_CELLS:
        raise Invalid(details={"sources": [f"More than {MAX_TABLE_CELLS} cells."]})
    if not sources or not destinations:
        return RoadTimes([[] for _ in sources], False)
    seconds = np.full((len(sources), len(destinations)), np.nan, dtype=np.float64)
    estimated = False
    starts = dict(_by_city(atlas, sources))
    for key, columns in _by_city(atlas, destinations):
        city, rows = atlas.cities[key], starts.get(key, [])
        if rows:
            asked = [sources[row] for row in rows], [destinations[column] for column in columns]
            known = atlas.roads(city).times.table(*asked)
            seconds[np.ix_(rows, columns)] = known.seconds
            estimated |= known.guessed
        unknown = np.nonzero(np.isnan(seconds[:, columns]))
        for row, number in zip(*unknown, strict=True):
            column = columns[number]
            seconds[row, column] = atlas.rates(city).duration_s(sources[row], destinations[column])
        estimated = estimated or len(unknown[0]) > 0
        seconds[:, columns] = _corrected(seconds[:, columns], atlas.factor(city, PICKUP, now))
    return RoadTimes(_wire(seconds), estimated)


def find_etas(
    atlas: Atlas, pairs: Sequence[tuple[Coordinates, Coordinates]], kind: str, now: datetime
) -> tuple[list[float | None], bool]:
    """Seconds by road of each (from, to), and whether any was estimated. Pairs may lie in different cities."""
    seconds = np.full(len(pairs), np.nan, dtype=np.float64)
    estimated = False
    for key, numbers in _by_city(atlas, [end for _, end in pairs]):
        city = atlas.cities[key]
        known = atlas.roads(city).times.pairs([pairs[number] for number in numbers])
        seconds[numbers] = known.seconds
        estimated |= known.guessed
        rates = atlas.rates(city)
        for number in (number for number in numbers if np.isnan(seconds[number])):
            seconds[number] = rates.duration_s(*pairs[number])
        seconds[numbers] = _corrected(seconds[numbers], atlas.factor(city, kind, now))
    return _wire(seconds), estimated


def _by_city(atlas: Atlas, points: Sequence[Coordinates]) -> Iterator[tuple[str, list[int]]]:
    """City by city, the numbers of the points that it is nearest to."""
    if len(atlas.cities) == 1:
        yield next(iter(atlas.cities)), list(range(len(points)))
        return
    numbers: dict[str, list[int]] = {}
    for number, point in enumerate(points):
        numbers.setdefault(atlas.nearest_city(Point(*point)).key, []).append(number)
    yield from numbers.items()


def _corrected(seconds: Floats, factor: float) -> Floats:
    return np.where(seconds == UNREACHABLE, UNREACHABLE, seconds * factor)


def _wire(seconds: Floats) -> Any:
    """Lists of seconds to a tenth, None where no road leads."""
    rounded: Any = np.round(seconds, 1)
    if (seconds == UNREACHABLE).any():
        rounded = rounded.astype(object)
        rounded[seconds == UNREACHABLE] = None
    return rounded.tolist()


def find_nearest(atlas: Atlas, point: Point) -> NearestRoad:
    """The nearest road for cars. Raises Invalid outside all service areas, RoadsUnavailable."""
    roads = atlas.roads(check_points(atlas, {"point": point}))
    try:
        return roads.nearest(point)
    except Down:
        found = roads.edges.locate(np.array([point.lat]), np.array([point.lng]))
        if found.stretches[0] < 0:
            raise
        return NearestRoad(Point(float(found.lats[0]), float(found.lngs[0])), "", float(found.away_m[0]), True)


def learn_corrections(atlas: Atlas, analytics: Any) -> None:
    """Take up what analytics learnt of promised and actual times; what was known before stays when it is away."""
    try:
        items = analytics.eta_corrections({}, deadline_s=CORRECTIONS_DEADLINE_S)["items"]
    except HansomError as exc:
        log.info("corrections of road times stay as they are", extra={"error": exc.code})
        return
    atlas.corrections = corrections_of(items)
