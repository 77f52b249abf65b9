"""What goes on around waiting trips: how many cars near have a ride, and which of them end it soon."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import cos, radians
from typing import Any

import numpy as np
import numpy.typing as npt

from hansom.segments import SegmentIndex, extent
from hansom.values import METRES_A_DEGREE, plane_distance_m
from services.location.domain.finishing import MOST, Finishing, FinishingWindow
from services.location.domain.search import Spot
from services.location.storage.finishing import FinishingRides
from services.location.usecases.near import Town

Degrees = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Cars near that may carry the trip's category and have a ride, and drivers who end theirs near, soonest first."""

    busy: int
    finishing: list[Finishing]


def look_around(
    requests: Sequence[Mapping[str, Any]], within_m: float, window: FinishingWindow, town: Town
) -> dict[str, Surroundings]:
    """Around each waiting trip (`trip_id`, `point`, `category`, `exclude`), within about `within_m` metres.

    Cars are counted by segment, from the middle of the pickup's to the middle of theirs, so none of them is read, and
    trips of one segment and category cost no more than one of them. Raises RedisError.
    """
    found = {each["trip_id"]: town.index.segment_of(each["point"].lat, each["point"].lng) for each in requests}
    own = {trip_id: segment for trip_id, segment in found.items() if segment is not None}
    near = {segment: _segments_near(town.index, segment, within_m) for segment in set(own.values())}
    spots = town.cars.spots_in(frozenset[str]().union(*near.values()), "busy")
    busy = {segment: listed for segment, listed in spots.items() if listed}
    wanted = {(own.get(each["trip_id"], ""), each["category"]) for each in requests}
    counts = {(segment, kind): _count(busy, near.get(segment, frozenset()), kind) for segment, kind in wanted}
    finishing = FinishingRides(town.cars.redis).within(window) if requests and window.within_s else []
    return {
        each["trip_id"]: Surroundings(
            counts[own.get(each["trip_id"], ""), each["category"]], _ending_near(each, finishing, within_m)
        )
        for each in requests
    }


@lru_cache(maxsize=2000)
def _segments_near(index: SegmentIndex, segment: str, within_m: float) -> frozenset[str]:
    """The segments whose middle is near this one's, itself among them."""
    names, lats, lngs = _middles(index)
    lat, lng, _ = extent(segment)
    east = (lngs - lng) * cos(radians(lat))
    near = np.flatnonzero(np.hypot(lats - lat, east) * METRES_A_DEGREE <= within_m)
    return frozenset(names[number] for number in near)


@lru_cache(maxsize=2)
def _middles(index: SegmentIndex) -> tuple[list[str], Degrees, Degrees]:
    """All segments, and the latitudes and longitudes of their middles."""
    names = list(index)
    middles = np.array([extent(name)[:2] for name in names]).reshape(-1, 2)
    return names, middles[:, 0], middles[:, 1]


def _count(busy: Mapping[str, Iterable[Spot]], near: frozenset[str], category: str) -> int:
    """Cars of these segments that may carry the category."""
    return sum(
        spot.cars for segment, spots in busy.items() if segment in near for spot in spots if category in spot.categories
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
