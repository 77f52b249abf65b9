"""What a batch is made of, and what a policy says about it. Seconds, metres, WGS 84 degrees; no clock, no store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hansom.contracts.matching import Dropped
from hansom.values import Point


@dataclass(frozen=True, slots=True)
class WaitingTrip:
    """A trip that needs a driver. `returned`: a driver had it and gave it back. `excluded`: who must not get it."""

    trip_id: str
    category: str
    pickup: Point
    waited_s: float = 0.0
    returned: bool = False
    excluded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FreeDriver:
    """A driver who could take a trip. `categories` None: whoever found him has already made sure of the category."""

    driver_id: str
    point: Point
    categories: frozenset[str] | None = None


RoadTimes = Mapping[tuple[str, str], float | None]
"""(trip_id, driver_id) → seconds from the driver to the pickup; None where no road leads. Absent: not looked at."""


@dataclass(frozen=True, slots=True)
class Batch:
    """All waiting trips, the free drivers near them and the road times between those that were looked at."""

    trips: tuple[WaitingTrip, ...]
    drivers: tuple[FreeDriver, ...]
    road_times: RoadTimes


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for every policy.

    `max_pickup_s`: no offer further away than this. `wait_weight`: how many seconds of pickup time a second of
    waiting is worth when there are fewer drivers than trips. `returned_bonus_s`: the same for having been given back.
    """

    max_pickup_s: float = 1200.0
    wait_weight: float = 1.0
    returned_bonus_s: float = 3600.0

    def priority_s(self, trip: WaitingTrip) -> float:
        """How far ahead of a trip that came this moment, in seconds of pickup time."""
        return self.wait_weight * trip.waited_s + (self.returned_bonus_s if trip.returned else 0.0)


@dataclass(frozen=True, slots=True)
class Considered:
    """A driver who was looked at for a trip. `score`: lower is better. `dropped` None: the pair is proposed."""

    trip_id: str
    driver_id: str
    distance_m: float
    pickup_eta_s: float | None
    score: float | None
    dropped: Dropped | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a policy says: every pair that it looked at, and of these the ones to offer, one to one."""

    considered: tuple[Considered, ...]

    @property
    def pairs(self) -> tuple[Considered, ...]:
        return tuple(each for each in self.considered if each.dropped is None)


Policy = Callable[[Batch, Rules], Proposal]
"""Pure: the same batch gives the same proposal, in whatever order its trips and drivers come."""

Edge = tuple[int, int, float]
"""(row, column, cost) of a pair that may be made."""

Solve = Callable[[int, int, Sequence[Edge]], list[tuple[int, int]]]
"""(rows, columns, edges) → (row, column) pairs, one to one: as many as can be, and of those the least total cost."""
