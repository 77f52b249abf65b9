"""A town of equal segments in which riders ask at random and the nearest free car comes: to try on it what is foreseen.

Cars stay where their rides end, unless hints are given and followed. Nothing here knows how worths and hints are made.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from math import exp
from random import Random

import h3

from hansom.values import Point, plane_distance_m

STRAIGHT_MPS = 5.0
STOP_S = 30.0
PATIENCE_S = 600.0
HALF_HOUR_S = 1800.0

Moves = Callable[[float, dict[int, str], dict[int, float]], dict[int, str]]
"""(now, free car → segment, free car → free since) → car → the segment that it now drives to."""


@dataclass
class Lived:
    """What happened: seconds idle by segment in which a car became free, drives to riders, and riders nobody served."""

    idle_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    pickups_s: list[float] = field(default_factory=list)
    unserved: int = 0
    free: dict[str, float] = field(default_factory=dict)
    """Free cars by segment, in the mean."""


class SmallTown:
    """Segments around a middle, where `requests` a half hour are asked for, fewer the further out."""

    def __init__(self, requests: float, radius: int = 6, spread: float = 2.5) -> None:
        middle = h3.latlng_to_cell(60.17, 24.94, 9)
        self.segments = sorted(h3.grid_disk(middle, radius))
        weights = [exp(-h3.grid_distance(middle, segment) / spread) for segment in self.segments]
        self.rates = {
            segment: requests * weight / sum(weights) for segment, weight in zip(self.segments, weights, strict=True)
        }
        centres = {segment: Point(*h3.cell_to_latlng(segment)) for segment in self.segments}
        self._drive_s = {
            (one, other): plane_distance_m(a.lat, a.lng, b.lat, b.lng) / STRAIGHT_MPS
            for one, a in centres.items()
            for other, b in centres.items()
        }

    def live(self, cars: int, hours: float, seed: int, moves: Moves | None = None) -> Lived:
        """So many hours with so many cars; `moves` is asked once a minute."""
        rng, lived, now, minutes = Random(seed), Lived(), 0.0, 0
        where = {car: rng.choice(self.segments) for car in range(cars)}
        since = dict.fromkeys(where, 0.0)
        driving: list[tuple[float, int, str]] = []
        seen: dict[str, int] = defaultdict(int)
        while now < hours * 3600:
            now += rng.expovariate(sum(self.rates.values()) / HALF_HOUR_S)
            self._become_free(driving, where, since, now)
            while minutes * 60 < now:
                minutes += 1
                for segment in where.values():
                    seen[segment] += 1
                if moves is not None:
                    self._move(moves(minutes * 60.0, where, since), where)
            self._serve(rng, lived, (where, since, driving), now)
        lived.free = {segment: count / minutes for segment, count in seen.items()}
        return lived

    @staticmethod
    def _become_free(
        driving: list[tuple[float, int, str]], where: dict[int, str], since: dict[int, float], now: float
    ) -> None:
        while driving and driving[0][0] <= now:
            at, car, segment = heapq.heappop(driving)
            where[car], since[car] = segment, at

    @staticmethod
    def _move(told: dict[int, str], where: dict[int, str]) -> None:
        """One segment a minute, about as fast as a car."""
        for car, goal in told.items():
            if car in where and where[car] != goal:
                where[car] = h3.grid_path_cells(where[car], goal)[1]

    def _serve(
        self,
        rng: Random,
        lived: Lived,
        state: tuple[dict[int, str], dict[int, float], list[tuple[float, int, str]]],
        now: float,
    ) -> None:
        where, since, driving = state
        pickup = rng.choices(self.segments, list(self.rates.values()))[0]
        dropoff = rng.choice(self.segments)
        nearest = min(where, key=lambda car: self._drive_s[where[car], pickup], default=None)
        if nearest is None or self._drive_s[where[nearest], pickup] > PATIENCE_S:
            lived.unserved += 1
            return
        segment = where.pop(nearest)
        drive_s = self._drive_s[segment, pickup]
        lived.idle_s[segment].append(now - since[nearest])
        lived.pickups_s.append(drive_s)
        heapq.heappush(driving, (now + drive_s + STOP_S + self._drive_s[pickup, dropoff], nearest, dropoff))
