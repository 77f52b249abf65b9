"""What drivers and trips know of drivers, asked in bulk: of those unknown here, and to put right what went astray."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hansom.values import Point
from hansom.wire import parse_time
from services.location.domain.rides import Ride, ms
from services.location.storage.live import KINDS, Known, LiveCars

LOOK_UP_DEADLINE_S = 2.0
AT_ONCE = 500
CALLS_AT_ONCE = 4
"""Portions that are asked for at the same time: enough to keep the others busy, not so many that they are late."""

COMPARED_AT_ONCE = 200
RESTS = 3.0
"""After each portion that is compared, so many times as long as it took: positions are what must not wait."""


@dataclass(frozen=True, slots=True)
class Services:
    """Clients of the services that know."""

    drivers: Any
    trips: Any


def look_up(revisions: Mapping[str, str], services: Services) -> Iterator[list[Known]]:
    """What is known of drivers (id → revision here before asking), AT_ONCE at a time, as the answers come.

    Raises Unavailable, a remote error: what came before it is good.
    """
    driver_ids = list(revisions)
    under_way: deque[_Asked] = deque()
    try:
        for first in range(0, len(driver_ids), AT_ONCE):
            if len(under_way) == CALLS_AT_ONCE:
                yield under_way.popleft().known(revisions)
            under_way.append(_ask(driver_ids[first : first + AT_ONCE], services))
        while under_way:
            yield under_way.popleft().known(revisions)
    finally:
        for asked in under_way:
            asked.give_up()


@dataclass(frozen=True, slots=True)
class _Asked:
    """Two calls under way about the same drivers."""

    driver_ids: Sequence[str]
    online: Any
    riding: Any

    def known(self, revisions: Mapping[str, str]) -> list[Known]:
        try:
            online, riding = self.online.result()["items"], self.riding.result()["items"]
        finally:
            self.give_up()
        return [_known(each, revisions[each], online.get(each), riding.get(each)) for each in self.driver_ids]

    def give_up(self) -> None:
        self.online.give_up()
        self.riding.give_up()


def _ask(driver_ids: Sequence[str], services: Services) -> _Asked:
    payload = {"driver_ids": driver_ids}
    online = services.drivers.call_async("get_availability", payload, LOOK_UP_DEADLINE_S)
    return _Asked(driver_ids, online, services.trips.call_async("get_active_by_driver", payload, LOOK_UP_DEADLINE_S))


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


def reconcile(
    now_ms: Callable[[], int], cars: LiveCars, services: Services, rest: Callable[[float], None]
) -> Iterator[list[tuple[str, Any]]]:
    """Compare all drivers on the map with what drivers and trips say, and put right what differs.

    Heals whatever a lost second of Redis or a dropped message left behind. Yields remembered (trip, position) that
    belong to traces after all, a portion of drivers at a time, and calls `rest(seconds)` after each: in one go, 25,000
    drivers would keep both cores from positions for three seconds. Raises RedisError, Unavailable.
    """
    for kind in KINDS:
        for driver_ids in cars.listed(kind, COMPARED_AT_ONCE):
            began, asked_ms = time.monotonic(), now_ms()
            for known in look_up(_revisions(driver_ids, cars), services):
                yield cars.learn(known, asked_ms)
            rest(RESTS * (time.monotonic() - began))


def _revisions(driver_ids: Sequence[str], cars: LiveCars) -> dict[str, str]:
    return dict(zip(driver_ids, cars.revisions(driver_ids), strict=True))
