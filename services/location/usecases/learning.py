"""What drivers and trips know of drivers, asked in bulk: of those unknown here, and to put right what went astray."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hansom.values import Point
from hansom.wire import parse_time
from services.location.domain.rides import Ride, ms
from services.location.storage.live import KINDS, Known, LiveCars

LOOK_UP_DEADLINE_S = 2.0
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Services:
    """Clients of the services that know."""

    drivers: Any
    trips: Any


def look_up(revisions: Mapping[str, str], services: Services) -> list[Known]:
    """What is known of drivers (id → revision here before asking). Raises Unavailable, a remote error."""
    driver_ids = list(revisions)
    known = []
    for first in range(0, len(driver_ids), AT_ONCE):
        asked = driver_ids[first : first + AT_ONCE]
        payload = {"driver_ids": asked}
        online = services.drivers.call_async("get_availability", payload, LOOK_UP_DEADLINE_S)
        riding = services.trips.call_async("get_active_by_driver", payload, LOOK_UP_DEADLINE_S)
        online_by_id, ride_by_id = online.result()["items"], riding.result()["items"]
        for driver_id in asked:
            known.append(
                _known(driver_id, revisions[driver_id], online_by_id.get(driver_id), ride_by_id.get(driver_id))
            )
    return known


def _known(driver_id: str, rev: str, online: Mapping[str, Any] | None, riding: Mapping[str, Any] | None) -> Known:
    ride, started_ms = None, None
    if riding:
        target = Point(float(riding["target"]["lat"]), float(riding["target"]["lng"]))
        ride = Ride(riding["trip_id"], driver_id, riding["rider_id"], riding["state"], target, None, 0)
        started_at = parse_time(riding.get("started_at"))
        started_ms = None if started_at is None else ms(started_at)
    available = online or {}
    categories = tuple(available.get("categories") or ())
    return Known(driver_id, rev, bool(available.get("online")), categories, ride, started_ms)


def reconcile(now_ms: int, cars: LiveCars, services: Services) -> list[tuple[str, Any]]:
    """Compare all drivers on the map with what drivers and trips say, and put right what differs.

    Heals whatever a lost second of Redis or a dropped message left behind. Gives remembered (trip, position) that
    belong to traces after all. Raises RedisError, Unavailable.
    """
    remembered: list[tuple[str, Any]] = []
    for kind in KINDS:
        first = 0
        while driver_ids := cars.page(kind, first, AT_ONCE):
            remembered += cars.learn(look_up(_revisions(driver_ids, cars), services), now_ms)
            first += AT_ONCE
    return remembered


def _revisions(driver_ids: Sequence[str], cars: LiveCars) -> dict[str, str]:
    return dict(zip(driver_ids, cars.revisions(driver_ids), strict=True))
