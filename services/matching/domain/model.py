"""What a batch is made of, and what a policy says about it. Seconds, metres, WGS 84 degrees; no clock, no store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hansom.contracts.matching import Dropped
from hansom.values import Point


@dataclass(frozen=True, slots=True)
class WaitingTrip:
    """A trip that needs a driver. `returned`: a driver had it and gave it back. `excluded`: who must not get it.

    `patience_left_s`: until it expires without a driver (None: not known). `worth_s`: how much sooner than in the
    city's mean a driver who ends it at its dropoff gets his next trip, in seconds; negative: later. `ride_s`: from the
    pickup to the dropoff, as quoted (None: reckoned from a straight line).
    """

    trip_id: str
    category: str
    pickup: Point
    waited_s: float = 0.0
    returned: bool = False
    excluded: frozenset[str] = frozenset()
    dropoff: Point | None = None
    patience_left_s: float | None = None
    worth_s: float = 0.0
    ride_s: float | None = None


@dataclass(frozen=True, slots=True)
class FreeDriver:
    """A driver who could take a trip. `categories` None: whoever found him has already made sure of the category.

    `free_in_s` above 0: he is finishing a ride, whose dropoff is `point`; only `foresight` looks at such drivers, and a
    trip is held for him, never offered before he is free. `idle_s`: how long he has been without a ride.
    `accept_rate`: the learnt share of offers that he takes, 0 to 1 (None: not known). `worth_s`: how much sooner than
    in the city's mean a driver gets a trip where this one is now, in seconds.
    """

    driver_id: str
    point: Point
    categories: frozenset[str] | None = None
    free_in_s: float = 0.0
    idle_s: float = 0.0
    accept_rate: float | None = None
    worth_s: float = 0.0


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
    """What holds for every policy, and how much what `foresight` sees counts. All weights are seconds of pickup time.

    `max_pickup_s`: no offer further away than this. `wait_weight`: how many seconds of pickup time a second of
    waiting is worth when there are fewer drivers than trips. `returned_bonus_s`: the same for having been given back.

    Only `foresight` looks at these, and `batch` at `idle_long_s` and `idle_long_weight`. The numbers are those that
    served simulated days best (`docs/benchmarks.md`).
    `finishing_max_s`: a driver who is free within this counts. `hold_margin_s`: holding a trip for him must save at
    least this. `hold_penalty`: what a second of being held costs, as riders give up sooner without a driver than with
    one. `hold_waited_max_s`: no rider is held longer than until he has waited this.
    `accept_rate`: of a driver of whom nothing is learnt, two minutes away. `accept_minds`: how much the log-odds of
    accepting fall with each minute further away. `retry_s`: what an offer that is not taken costs the rider.
    `worth_weight`: of where a driver is and ends up; `worth_most_s`: no place is better or worse than the mean by more.
    `ride_weight`: of how long the ride keeps him; one longer than `ride_most_s` counts as long as that.
    `rider_weight`: what a rider's second of waiting is worth (small: the nearest riders are served while drivers are
    scarce, and more of them); `rider_long_weight`: what it is worth more after `rider_long_s`, so that nobody starves.
    `idle_weight`, `idle_long_s`, `idle_long_weight`: the same for a driver's second without a ride.
    """

    max_pickup_s: float = 1200.0
    wait_weight: float = 1.0
    returned_bonus_s: float = 3600.0
    finishing_max_s: float = 60.0
    hold_margin_s: float = 15.0
    hold_penalty: float = 3.0
    hold_waited_max_s: float = 300.0
    accept_rate: float = 0.85
    accept_minds: float = 0.25
    retry_s: float = 30.0
    worth_weight: float = 0.25
    worth_most_s: float = 300.0
    ride_weight: float = 0.0
    ride_most_s: float = 1200.0
    rider_weight: float = 0.2
    rider_long_s: float = 300.0
    rider_long_weight: float = 2.0
    idle_weight: float = 0.02
    idle_long_s: float = 2700.0
    idle_long_weight: float = 0.25

    def priority_s(self, trip: WaitingTrip) -> float:
        """How far ahead of a trip that came this moment, in seconds of pickup time."""
        return self.wait_weight * trip.waited_s + (self.returned_bonus_s if trip.returned else 0.0)


@dataclass(frozen=True, slots=True)
class Considered:
    """A driver who was looked at for a trip. `score`: lower is better. `dropped` None: the pair is proposed.

    `parts`: what the score is made of, in seconds, summing to it: `road`, `waited`, `finishing`, `acceptance`, `worth`,
    `ride`, `idle` (those that the policy knows; none when the score is not in seconds). `free_in_s` above 0: he is
    finishing a ride, and `pickup_eta_s` counts from its dropoff.
    """

    trip_id: str
    driver_id: str
    distance_m: float
    pickup_eta_s: float | None
    score: float | None
    dropped: Dropped | None
    parts: Mapping[str, float] = field(default_factory=dict, hash=False)
    free_in_s: float = 0.0


class Reasoned(Sequence[Considered]):
    """Pairs that were looked at, and what became of each. A policy's own kind makes them only when they are read."""

    def because(self, dropped: Dropped | None) -> tuple[Considered, ...]:
        """The pairs that were dropped for this reason; None: those that are proposed."""
        return tuple(each for each in self if each.dropped is dropped)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a policy says: every pair that it looked at, and of these the ones to offer, one to one.

    `policy`: who decided. `fallback`: why that is not the city's own policy (`"deadline"`: it was not ready in time).
    """

    considered: Sequence[Considered]
    policy: str = ""
    fallback: str | None = None

    @property
    def pairs(self) -> tuple[Considered, ...]:
        """What to offer now."""
        return self._because(None)

    @property
    def held(self) -> tuple[Considered, ...]:
        """Trips that wait for the driver who is about to finish, one to one; no offer is made."""
        return self._because(Dropped.HELD)

    def _because(self, dropped: Dropped | None) -> tuple[Considered, ...]:
        if isinstance(self.considered, Reasoned):
            return self.considered.because(dropped)
        return tuple(each for each in self.considered if each.dropped is dropped)


Policy = Callable[[Batch, Rules], Proposal]
"""Pure: the same batch gives the same proposal, in whatever order its trips and drivers come."""

Edge = tuple[int, int, float]
"""(row, column, cost) of a pair that may be made."""

Solve = Callable[[int, int, Sequence[Edge]], list[tuple[int, int]]]
"""(rows, columns, edges) → (row, column) pairs, one to one: as many as can be, and of those the least total cost."""
