"""Who is offered what: pure functions from a batch to a proposal.

Every policy keeps the hard rules (`looking.HardRules`) and gives a reason for each driver that it looked at. They
differ in whom they prefer:

- `nearest`: trips one by one, the longest waiting first, each the driver nearest in a straight line: the reference.
- `nearest_eta`: the same by road time.
- `batch`: all trips at once. As many pairs as can be made, and of all such assignments the least sum of
  `pickup_eta_s - priority_s`, less a claim of drivers who have had no ride for very long, so that none of them
  starves. A trip's priority is the same for each of its drivers, so it decides *who* is served
  when drivers are scarce and never makes a served rider's car come from further away. The sets of trips that can be
  served together are a transversal matroid (Edmonds and Fulkerson 1965), so nobody is left out for the sake of the
  number alone: no driver serves a trip that came more than `max_pickup_s / wait_weight` seconds later than another
  that he could have served and that is left without one.
- `foresight`: the same with what is to come (`foresight.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from hansom.values import distance_m
from services.matching.domain.foresight import Foresight, long_idle_claim_s
from services.matching.domain.looking import Scoring, look_at, proposed
from services.matching.domain.model import Batch, FreeDriver, Policy, Proposal, Rules, Solve, WaitingTrip


def batch_driver_bound_s(rules: Rules) -> float:
    """Under `batch` no trip goes to a driver who has been without a ride for this much less time than another who could
    have had it and is left without one: the lead that outweighs the longest way there is."""
    if rules.idle_long_weight <= 0:
        return inf
    return rules.idle_long_s + rules.max_pickup_s / rules.idle_long_weight


@dataclass(frozen=True, slots=True)
class ByDistance:
    """Metres in a straight line."""

    trips: Sequence[WaitingTrip]
    drivers: Sequence[FreeDriver]
    rules: Rules

    def of_row(self, row: int, cells: Sequence[tuple[int, float]]) -> list[float]:
        pickup, drivers = self.trips[row].pickup, self.drivers
        return [distance_m(drivers[column].point, pickup) for column, _ in cells]

    def parts(self, row: int, column: int, eta_s: float) -> Mapping[str, float]:
        return {}


@dataclass(frozen=True, slots=True)
class ByRoadTime:
    """Seconds on the road."""

    trips: Sequence[WaitingTrip]
    drivers: Sequence[FreeDriver]
    rules: Rules

    def of_row(self, row: int, cells: Sequence[tuple[int, float]]) -> list[float]:
        return [eta_s for _, eta_s in cells]

    def parts(self, row: int, column: int, eta_s: float) -> Mapping[str, float]:
        return {"road": eta_s}


class ByRoadTimeAndWait:
    """Seconds on the road, less the trip's priority, and less the claim of a driver without a ride for very long."""

    def __init__(self, trips: Sequence[WaitingTrip], drivers: Sequence[FreeDriver], rules: Rules) -> None:
        self._waited = [-rules.priority_s(trip) for trip in trips]
        self._idle = [-long_idle_claim_s(driver, rules) for driver in drivers]

    def of_row(self, row: int, cells: Sequence[tuple[int, float]]) -> list[float]:
        waited, idle = self._waited[row], self._idle
        return [eta_s + waited + idle[column] for column, eta_s in cells]

    def parts(self, row: int, column: int, eta_s: float) -> Mapping[str, float]:
        return {"road": eta_s, "waited": self._waited[row], "idle": self._idle[column]}


def nearest(batch: Batch, rules: Rules) -> Proposal:
    """One trip after the other, each the driver nearest in a straight line."""
    return _one_by_one(batch, rules, ByDistance, "nearest")


def nearest_eta(batch: Batch, rules: Rules) -> Proposal:
    """One trip after the other, each the driver who is there first."""
    return _one_by_one(batch, rules, ByRoadTime, "nearest_eta")


def batched(solve: Solve) -> Policy:
    """The policy `batch`, with what solves its assignment problem."""
    return _all_at_once(solve, ByRoadTimeAndWait, "batch", hold=False)


def foreseeing(solve: Solve) -> Policy:
    """The policy `foresight`, with what solves its assignment problem."""
    return _all_at_once(solve, Foresight, "foresight", hold=True)


def policies(solve: Solve) -> dict[str, Policy]:
    """Every policy by the name that settings call it."""
    return {
        "nearest": nearest,
        "nearest_eta": nearest_eta,
        "batch": batched(solve),
        "foresight": foreseeing(solve),
    }


def _all_at_once(solve: Solve, scoring: Scoring, name: str, *, hold: bool) -> Policy:
    def policy(batch: Batch, rules: Rules) -> Proposal:
        looked = look_at(batch, rules, scoring, hold=hold)
        chosen = dict(solve(len(looked.trips), len(looked.drivers), looked.edges()))
        return proposed(looked, chosen, name)

    return policy


def _one_by_one(batch: Batch, rules: Rules, scoring: Scoring, name: str) -> Proposal:
    looked = look_at(batch, rules, scoring)
    chosen: dict[int, int] = {}
    taken: set[int] = set()
    rows = range(len(looked.trips))
    for row in sorted(rows, key=lambda row: (-rules.priority_s(looked.trips[row]), row)):
        free = [(score, column) for column, score in looked.allowed[row] if column not in taken]
        if free:
            chosen[row] = min(free)[1]
            taken.add(chosen[row])
    return proposed(looked, chosen, name)
