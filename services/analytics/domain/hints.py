"""Which idle driver is told to go where: cars are moved from places with more than they need to places with fewer.

A place needs as many free cars as requests are expected within the time that a hint holds. It gives away only what it
can spare, those idle longest first, and gets only what it lacks, those already on their way included; who goes where
is one assignment for all, the shortest drives first. So a hint never empties a place, nor fills one twice.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import floor

from hansom.values import Point
from services.analytics.domain.zones import (
    FINEST,
    WIDEST,
    CentreOf,
    ParentOf,
    Zone,
    added_up,
    drive_s,
    zones_at,
)

HOLDS_S = 600.0
"""A hint is good for so long: nobody gets another one meanwhile, and requests until then are what it is for."""

HALF_HOUR_S = 1800.0

ENOUGH_NEEDED = 1.5
"""Zones are as small as may be with so many cars needed in the one where a request typically comes."""

ROUNDING = 1e-6
"""Three thirds of a car are a car."""

MOST_AT_ONCE = 400
"""Hints of one round. A city of more idle cars is served over several."""

Edge = tuple[int, int, float]
Assign = Callable[[int, int, Sequence[Edge]], list[tuple[int, int]]]
"""(rows, columns, allowed (row, column, cost)) → as many one-to-one pairs as can be, of the least cost."""


@dataclass(frozen=True, slots=True)
class Sending:
    """How drivers are sent: who goes where, how far by a guess at the drive, and how cells lie."""

    assign: Assign
    max_drive_s: float
    parent_of: ParentOf
    centre_of: CentreOf


@dataclass(frozen=True, slots=True)
class Car:
    """A free car. `idle`: free for long enough, and without a hint in force, to be sent somewhere."""

    driver_id: str
    point: Point
    segment: str
    idle_s: float = 0.0
    idle: bool = False


@dataclass(frozen=True, slots=True)
class Outlook:
    """A city's next half hour, by segment: requests expected, and requests that nobody served lately. `coming`: of each
    free car that was told to go somewhere, the segment where it shall be and the one where it is. `straight_mps`: see
    `drive_s`."""

    requests: Mapping[str, float]
    unmet: Mapping[str, int]
    coming: Sequence[tuple[str, str]]
    straight_mps: float


@dataclass(frozen=True, slots=True)
class Hint:
    """One driver is told to go to the middle of a segment, and why: `expected` requests in the next half hour, and free
    `cars` there; None in what an older release kept."""

    driver_id: str
    segment: str
    point: Point
    reason: str
    expected: int | None = None
    cars: int | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A hint that was given. `told`: the broker has it."""

    hint: Hint
    event_id: str
    city: str
    at: datetime
    expires_at: datetime
    told: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    zone: Zone
    needed: float
    there: float
    segment: str
    """The one of the zone's segments where most is expected."""

    @property
    def lacks(self) -> int:
        return max(floor(self.needed - self.there + ROUNDING), 0)

    @property
    def expected(self) -> int:
        """Requests of the next half hour."""
        return round(self.needed * HALF_HOUR_S / HOLDS_S)

    @property
    def spares(self) -> int:
        return max(floor(self.there - self.needed + ROUNDING), 0)


def hints(outlook: Outlook, cars: Sequence[Car], sending: Sending) -> list[Hint]:
    """Who is told to go where. The same for the same cars and outlook, in whatever order they come."""
    free = Counter(car.segment for car in cars)
    segments = {*outlook.requests, *(segment for segment, _ in outlook.coming), *free}
    places = [_place(zone, outlook, free) for zone in _zones(segments, outlook.requests, sending)]
    places.sort(key=lambda place: (-place.lacks, place.zone.name))
    leaving = _leaving(places, cars)
    wanted = [place for place in places for _ in range(min(place.lacks, len(leaving)))][:MOST_AT_ONCE]
    points = {place.segment: sending.centre_of(place.segment) for place in wanted}
    edges = [
        (row, column, drive)
        for row, car in enumerate(leaving)
        for column, place in enumerate(wanted)
        if (drive := drive_s(car.point, points[place.segment], outlook.straight_mps)) <= sending.max_drive_s
    ]
    return [
        Hint(leaving[row].driver_id, wanted[column].segment, points[wanted[column].segment],
             _why(wanted[column], outlook), wanted[column].expected, round(wanted[column].there))
        for row, column in sending.assign(len(leaving), len(wanted), edges)
    ]  # fmt: skip


def _zones(segments: Collection[str], requests: Mapping[str, float], sending: Sending) -> list[Zone]:
    """As small as may be: where a request typically comes, ENOUGH_NEEDED cars are needed."""
    total = sum(requests.values())
    for resolution in range(FINEST, WIDEST, -1):
        zones = zones_at(resolution, segments, sending.parent_of, sending.centre_of)
        needs = (added_up(zone, requests) * HOLDS_S / HALF_HOUR_S for zone in zones)
        if sum(need * need for need in needs) >= ENOUGH_NEEDED * total * HOLDS_S / HALF_HOUR_S:
            return zones
    return zones_at(WIDEST, segments, sending.parent_of, sending.centre_of)


def _place(zone: Zone, outlook: Outlook, free: Mapping[str, int]) -> _Place:
    needed = added_up(zone, outlook.requests) * HOLDS_S / HALF_HOUR_S
    members = set(zone.segments)
    there = added_up(zone, free) + sum(to in members and here not in members for to, here in outlook.coming)
    busiest = max(zone.segments, key=lambda segment: (outlook.requests.get(segment, 0.0), segment))
    return _Place(zone, needed, there, busiest)


def _leaving(places: Iterable[_Place], cars: Iterable[Car]) -> list[Car]:
    """The idle cars that their places can spare, those idle longest first."""
    idle: dict[str, list[Car]] = defaultdict(list)
    for car in cars:
        if car.idle:
            idle[car.segment].append(car)
    leaving = []
    for place in places:
        here = [car for segment in place.zone.segments for car in idle.get(segment, ())]
        leaving += sorted(here, key=_longest_idle)[: place.spares]
    return sorted(leaving, key=_longest_idle)[:MOST_AT_ONCE]


def _longest_idle(car: Car) -> tuple[float, str]:
    return (-car.idle_s, car.driver_id)


def _why(place: _Place, outlook: Outlook) -> str:
    """The reason, for people."""
    expected, cars = _counted(place.expected, "request"), _counted(round(place.there), "car")
    words = f"About {expected} expected here in the next half hour, {cars} free."
    unmet = round(added_up(place.zone, outlook.unmet))
    return f"{words} {_counted(unmet, 'rider')} found no car here lately." if unmet else words


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count or 'no'} {noun}s"
