"""What it is worth to a driver to be somewhere: how much sooner than elsewhere his next trip comes.

Cars that stand free in a place and requests that come there make a queue, in which a car waits as many seconds as
there are cars for each request a second: Little's law (J. D. C. Little, Operations Research 9(3), 1961). A place takes
in what lies around it, for less the longer the drive. Nobody has to wait where it is bad, so a wait is never longer
than the drive to a better place and the wait there. A worth is the difference to the city's mean, and the less of it is
believed the fewer requests it rests on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp

from services.analytics.domain.zones import Zone, added_up, drive_s

HALF_HOUR_S = 1800.0

REACH_S = 120.0
"""A request so many seconds away counts for a third (1/e) of one at the door."""

PSEUDO_REQUESTS = 1.0
"""So many requests at the city's own ratio of cars to requests are added to each place: none is without any."""

DOUBT = 60.0
"""After so many requests half of a worth is believed."""

MOST_WORTH_S = 1800.0
LEAST_WORTH_S = 1.0
"""Less is nothing."""


@dataclass(frozen=True, slots=True)
class Worths:
    """Segment → seconds sooner than in the city's mean, which is `mean_wait_s`. `trust`: which part is believed."""

    items: Mapping[str, float] = field(default_factory=dict)
    mean_wait_s: float | None = None
    trust: float = 0.0


@dataclass(frozen=True, slots=True)
class Nearness:
    """Zones of a city and, from each to each, the seconds by car and how much one counts at the other."""

    zones: tuple[Zone, ...]
    drives_s: tuple[tuple[float, ...], ...]
    weights: tuple[tuple[float, ...], ...]


def nearness(zones: Sequence[Zone], straight_mps: float) -> Nearness:
    """Reckoned once for a city: it grows with the square of its zones. `straight_mps`: see `drive_s`."""
    drives = tuple(tuple(drive_s(one.centre, other.centre, straight_mps) for other in zones) for one in zones)
    return Nearness(tuple(zones), drives, tuple(tuple(exp(-each / REACH_S) for each in row) for row in drives))


def worths(near: Nearness, requests: Mapping[str, float], free: Mapping[str, float], evidence: float) -> Worths:
    """`requests` expected in the half hour and `free` cars, by segment; `evidence`: requests that the first rest on."""
    asked = [added_up(zone, requests) for zone in near.zones]
    cars = [added_up(zone, free) for zone in near.zones]
    if not sum(asked) or not sum(cars):
        return Worths()
    alone = _waits_s(near, asked, cars)
    waits = [min(wait + drive for wait, drive in zip(alone, row, strict=True)) for row in near.drives_s]
    mean = _mean(waits, asked, cars)
    trust = evidence / (evidence + DOUBT)
    items: dict[str, float] = {}
    for zone, wait in zip(near.zones, waits, strict=True):
        worth = max(min(trust * (mean - wait), MOST_WORTH_S), -MOST_WORTH_S)
        if abs(worth) >= LEAST_WORTH_S:
            items.update(dict.fromkeys(zone.segments, round(worth, 1)))
    return Worths(items, mean, trust)


def _waits_s(near: Nearness, asked: Sequence[float], cars: Sequence[float]) -> list[float]:
    """Seconds that a car waits in each zone if it stays."""
    ratio = sum(cars) / sum(asked)
    waits = []
    for row in near.weights:
        cars_near = sum(weight * each for weight, each in zip(row, cars, strict=True))
        asked_near = sum(weight * each for weight, each in zip(row, asked, strict=True))
        waits.append(HALF_HOUR_S * (cars_near + PSEUDO_REQUESTS * ratio) / (asked_near + PSEUDO_REQUESTS))
    return waits


def _mean(waits: Sequence[float], asked: Sequence[float], cars: Sequence[float]) -> float:
    """Over the places where drivers become free: half as requests lie, half as free cars do."""
    whole_asked, whole_cars = sum(asked), sum(cars)
    weights = [one / whole_asked + other / whole_cars for one, other in zip(asked, cars, strict=True)]
    return sum(weight * wait for weight, wait in zip(weights, waits, strict=True)) / 2
