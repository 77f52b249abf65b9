"""Live state as trips and operators look at it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hansom.contracts.location import CARS_ON_RIDES
from hansom.segments import SegmentIndex
from hansom.values import Point
from services.location.domain.glances import shown_state
from services.location.storage.glances import Glances
from services.location.storage.listening import Heard, Listening, Span
from services.location.storage.live import LiveCars, Seen
from services.location.storage.segments import CitySegments

ON_RIDES = frozenset(CARS_ON_RIDES.values())


def get_positions(driver_ids: Sequence[str], cars: LiveCars) -> dict[str, Seen | None]:
    """Where drivers are. Raises RedisError."""
    return dict(zip(driver_ids, cars.look_at(driver_ids), strict=True))


def last_heard(driver_ids: Sequence[str], listening: Listening) -> tuple[dict[str, Heard], Span | None]:
    """Each driver's last sign of life, and for how long anybody's would have been heard. Raises RedisError.

    What is asked first is older: a driver heard in between is not taken for silent.
    """
    span = listening.span()
    return dict(zip(driver_ids, listening.heard(driver_ids), strict=True)), span


def list_live(city: str | None, limit: int, since_ms: int, cars: LiveCars, segments: CitySegments) -> list[Seen]:
    """Drivers on the map, those who reported last first, of one city or of all."""
    seen = cars.look_at(cars.newest(limit))
    return [
        one
        for one in seen
        if one is not None and one.position.at_ms >= since_ms and (city is None or _is_in(one, city, segments))
    ]


def see_city(
    city: str, limit: int, spans: tuple[int, int], glances: Glances, segments: CitySegments
) -> tuple[list[list[Any]], int]:
    """`[driver_id, lat, lng, bearing_deg, state]` of the cars of a city, and how many more there are.

    `spans`: since when (ms) a car must have reported to be shown, and not to be `silent`. Of more than `limit` those on
    a ride stay, and always the same of the others, so that none comes and goes. Raises RedisError.
    """
    shown_since_ms, heard_since_ms = spans
    rows = []
    for glance in glances.all(shown_since_ms):
        if segments.nearest_city(glance.lat, glance.lng) == city:
            state = shown_state(glance, heard_since_ms)
            rows.append([glance.driver_id, round(glance.lat, 5), round(glance.lng, 5), glance.bearing_deg, state])
    if len(rows) <= limit:
        return rows, 0
    rows.sort(key=lambda row: (row[4] not in ON_RIDES, row[0]))
    return rows[:limit], len(rows) - limit


def _is_in(one: Seen, city: str, segments: CitySegments) -> bool:
    found = segments.city_at(Point(one.position.lat, one.position.lng))
    return found is not None and found.key == city


def count_supply(cars: LiveCars, index: SegmentIndex) -> dict[str, dict[str, int]]:
    """Free and busy cars on the map, of each segment that has any. Raises RedisError."""
    names = list(index)
    free, busy = (cars.count_by_segment(names, kind) for kind in ("free", "busy"))
    return {
        name: {"free": free.get(name, 0), "busy": busy.get(name, 0)} for name in names if name in free or name in busy
    }
