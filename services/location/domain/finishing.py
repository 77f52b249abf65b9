"""Drivers who are about to end a ride, and which of them are soonest at a pickup."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from heapq import nsmallest
from typing import NamedTuple

from hansom.values import Point, plane_distance_m

MOST = 10
"""Finishing drivers told of for one trip: each costs a road time, and few of them beat a free car."""

LEAST_S = 5.0
"""A ride under way takes at least so long, whatever was reckoned: the rider gets out, and the driver has to say so."""


class Finishing(NamedTuple):
    """A driver who will be free at `dropoff` in about `free_in_s` seconds."""

    driver_id: str
    dropoff: Point
    free_in_s: float
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FinishingWindow:
    """Rides that end within `within_s` of `now_ms`, of drivers who have reported since `since_ms` (0 s: none)."""

    now_ms: int
    within_s: float
    since_ms: int

    @property
    def until_ms(self) -> int:
        return self.now_ms + round(1000 * self.within_s)

    def free_in_s(self, free_at_ms: float) -> float:
        return max(LEAST_S, (free_at_ms - self.now_ms) / 1000)


def soonest(
    pickup: Point, category: str, exclude: Collection[str], drivers: Iterable[Finishing], straight_mps: float
) -> list[Finishing]:
    """Those who may carry the category and are first at the pickup, by a guess at the way there; at most MOST."""
    guessed = [
        (one.free_in_s + plane_distance_m(pickup.lat, pickup.lng, one.dropoff.lat, one.dropoff.lng) / straight_mps, one)
        for one in drivers
        if category in one.categories and one.driver_id not in exclude
    ]
    return [one for _, one in nsmallest(MOST, guessed)]
