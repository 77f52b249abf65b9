"""What goes on around waiting trips: how many cars near have a ride, and which of them end it soon."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hansom.segments import extent
from hansom.values import Point, plane_distance_m
from services.location.domain.finishing import MOST, Finishing, FinishingWindow
from services.location.domain.search import Spot
from services.location.storage.finishing import FinishingRides
from services.location.usecases.near import Town

MAX_RINGS = 30


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Cars near that may carry the trip's category and have a ride, and drivers who end theirs near, soonest first."""

    busy: int
    finishing: list[Finishing]


def look_around(
    requests: Sequence[Mapping[str, Any]], within_m: float, window: FinishingWindow, town: Town
) -> dict[str, Surroundings]:
    """Within `within_m` metres in a straight line of each waiting trip (`trip_id`, `point`, `category`, `exclude`).

    Counts are read by segment, so nothing is read of any car. Raises RedisError.
    """
    segments = {request["trip_id"]: _segments(request["point"], within_m, town) for request in requests}
    spots = town.cars.spots_in({name for near in segments.values() for name in near}, "busy")
    finishing = FinishingRides(town.cars.redis).within(window) if requests else []
    return {
        request["trip_id"]: Surroundings(
            _count(request, (spot for name in segments[request["trip_id"]] for spot in spots[name]), within_m),
            _ending_near(request, finishing, within_m),
        )
        for request in requests
    }


def _segments(point: Point, within_m: float, town: Town) -> list[str]:
    """The segments that a part of the circle may lie in."""
    own = town.index.segment_of(point.lat, point.lng)
    found: list[str] = []
    if own is None:
        return found
    for ring in town.index.rings(own, MAX_RINGS):
        touching = [name for name in ring if _gap_m(point, name) <= within_m]
        if not touching:
            break
        found += touching
    return found


def _gap_m(point: Point, segment: str) -> float:
    lat, lng, reach_m = extent(segment)
    return plane_distance_m(point.lat, point.lng, lat, lng) - reach_m


def _count(request: Mapping[str, Any], spots: Iterable[Spot], within_m: float) -> int:
    point, category = request["point"], request["category"]
    return sum(
        spot.cars
        for spot in spots
        if category in spot.categories
        and plane_distance_m(point.lat, point.lng, spot.place.lat, spot.place.lng) <= within_m
    )


def _ending_near(request: Mapping[str, Any], finishing: Iterable[Finishing], within_m: float) -> list[Finishing]:
    point = request["point"]
    near = [
        one
        for one in finishing
        if request["category"] in one.categories
        and one.driver_id not in request["exclude"]
        and plane_distance_m(point.lat, point.lng, one.dropoff.lat, one.dropoff.lng) <= within_m
    ]
    return sorted(near, key=lambda one: (one.free_in_s, one.driver_id))[:MOST]
