"""Live state as trips and operators look at it."""

from __future__ import annotations

from collections.abc import Sequence

from hansom.segments import SegmentIndex
from hansom.values import Point
from services.location.storage.listening import Heard, Listening, Span
from services.location.storage.live import LiveCars, Seen
from services.location.storage.segments import CitySegments


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
