"""Who is offered what: pure functions from a batch to a proposal.

Every policy keeps the hard rules (category, excluded drivers, a road there, the largest pickup time) and gives a
reason for each driver that it looked at. They differ in whom they prefer:

- `nearest`: trips one by one, the longest waiting first, each the driver nearest in a straight line: the reference.
- `nearest_eta`: the same by road time.
- `batch`: all trips at once. As many pairs as can be made, and of all such assignments the least sum of
  `pickup_eta_s - priority_s`. A trip's priority is the same for each of its drivers, so it decides *who* is served
  when drivers are scarce and never makes a served rider's car come from further away. The sets of trips that can be
  served together are a transversal matroid (Edmonds and Fulkerson 1965), so nobody is left out for the sake of the
  number alone: a trip is never passed over for one that came more than `max_pickup_s / wait_weight` seconds later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from operator import itemgetter

from hansom.contracts.matching import Dropped
from hansom.values import distance_m
from services.matching.domain.model import Batch, Considered, FreeDriver, Policy, Proposal, Rules, Solve, WaitingTrip

Score = Callable[[float, float, float], float]
"""(metres in a straight line, seconds on the road, the trip's priority in seconds) → score, lower is better."""


def by_distance(line_m: float, eta_s: float, priority_s: float) -> float:
    """Metres in a straight line."""
    return line_m


def by_road_time(line_m: float, eta_s: float, priority_s: float) -> float:
    """Seconds on the road."""
    return eta_s


def by_road_time_and_wait(line_m: float, eta_s: float, priority_s: float) -> float:
    """Seconds on the road, less the trip's priority."""
    return eta_s - priority_s


def nearest(batch: Batch, rules: Rules) -> Proposal:
    """One trip after the other, each the driver nearest in a straight line."""
    return _one_by_one(batch, rules, by_distance)


def nearest_eta(batch: Batch, rules: Rules) -> Proposal:
    """One trip after the other, each the driver who is there first."""
    return _one_by_one(batch, rules, by_road_time)


def batched(solve: Solve) -> Policy:
    """The policy `batch`, with what solves its assignment problem."""

    def batch_policy(batch: Batch, rules: Rules) -> Proposal:
        pairs = look_at(batch, rules, by_road_time_and_wait)
        rows = {trip_id: row for row, trip_id in enumerate(sorted({pair.trip_id for pair in pairs}))}
        columns = {driver_id: column for column, driver_id in enumerate(sorted({pair.driver_id for pair in pairs}))}
        edges = [
            (rows[pair.trip_id], columns[pair.driver_id], pair.score)
            for pair in pairs
            if pair.dropped is None and pair.score is not None
        ]
        trip_ids, driver_ids = list(rows), list(columns)
        chosen = {trip_ids[row]: driver_ids[column] for row, column in solve(len(rows), len(columns), edges)}
        return Proposal(tuple(_with_reasons(pairs, chosen)))

    return batch_policy


def policies(solve: Solve) -> dict[str, Policy]:
    """Every policy by the name that settings call it."""
    return {"nearest": nearest, "nearest_eta": nearest_eta, "batch": batched(solve)}


def look_at(batch: Batch, rules: Rules, score: Score) -> list[Considered]:
    """Every pair with a road time, scored, or dropped by a hard rule; in the order of trip and driver ids."""
    trips = {trip.trip_id: (trip, rules.priority_s(trip)) for trip in batch.trips}
    drivers = {driver.driver_id: driver for driver in batch.drivers}
    pairs = []
    for (trip_id, driver_id), eta_s in sorted(batch.road_times.items(), key=itemgetter(0)):
        (trip, priority_s), driver = trips[trip_id], drivers[driver_id]
        line_m = distance_m(driver.point, trip.pickup)
        dropped = forbidden(trip, driver, eta_s, rules)
        scored = None if dropped is not None or eta_s is None else score(line_m, eta_s, priority_s)
        pairs.append(Considered(trip_id, driver_id, line_m, eta_s, scored, dropped))
    return pairs


def forbidden(trip: WaitingTrip, driver: FreeDriver, eta_s: float | None, rules: Rules) -> Dropped | None:
    """The hard rule that this pair would break, or None. `eta_s`: seconds to the pickup, None without a road."""
    if driver.categories is not None and trip.category not in driver.categories:
        return Dropped.CATEGORY
    if driver.driver_id in trip.excluded:
        return Dropped.EXCLUDED
    if eta_s is None:
        return Dropped.NO_ROAD
    if eta_s > rules.max_pickup_s:
        return Dropped.TOO_FAR
    return None


def _one_by_one(batch: Batch, rules: Rules, score: Score) -> Proposal:
    pairs = look_at(batch, rules, score)
    allowed: dict[str, list[Considered]] = {}
    for pair in pairs:
        if pair.dropped is None:
            allowed.setdefault(pair.trip_id, []).append(pair)
    chosen: dict[str, str] = {}
    taken: set[str] = set()
    for trip in sorted(batch.trips, key=lambda each: (-rules.priority_s(each), each.trip_id)):
        free = [pair for pair in allowed.get(trip.trip_id, ()) if pair.driver_id not in taken]
        if free:
            best = min(free, key=lambda pair: (pair.score, pair.driver_id))
            chosen[trip.trip_id] = best.driver_id
            taken.add(best.driver_id)
    return Proposal(tuple(_with_reasons(pairs, chosen)))


def _with_reasons(pairs: list[Considered], chosen: dict[str, str]) -> list[Considered]:
    """Say of each allowed pair that was not chosen why. `chosen`: trip_id → driver_id."""
    taken = set(chosen.values())
    return [
        replace(pair, dropped=_left_out(pair, chosen, taken))
        if pair.dropped is None and chosen.get(pair.trip_id) != pair.driver_id
        else pair
        for pair in pairs
    ]


def _left_out(pair: Considered, chosen: dict[str, str], taken: set[str]) -> Dropped:
    if pair.trip_id in chosen:
        return Dropped.ANOTHER_DRIVER
    return Dropped.ANOTHER_TRIP if pair.driver_id in taken else Dropped.NOT_MATCHED
