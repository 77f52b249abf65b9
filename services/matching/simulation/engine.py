"""The day, event by event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from math import ceil
from typing import Any

import numpy as np

from hansom.values import Point
from services.matching.domain.model import Batch, Considered, FreeDriver, Policy, Rules, WaitingTrip
from services.matching.simulation import people
from services.matching.simulation.demand import Request
from services.matching.simulation.grid import RoadGrid
from services.matching.simulation.people import Dice, Habits, Shift

CATEGORY = "standard"


@dataclass(frozen=True, slots=True)
class Dispatching:
    """How trips are dispatched: the policy and its rules, seconds from batch to batch, cars looked at for a trip, and
    how long an offer stands."""

    policy: Policy
    rules: Rules = field(default_factory=Rules)
    window_s: float = 2.0
    candidates: int = 30
    offer_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Tariff:
    """What a ride brings, in minor units; `share` is the driver's part."""

    base: float = 390.0
    per_km: float = 110.0
    per_minute: float = 45.0
    minimum: float = 700.0
    share: float = 0.8

    def fare(self, metres: float, seconds: float) -> float:
        return max(self.minimum, self.base + self.per_km * metres / 1000 + self.per_minute * seconds / 60)


@dataclass(slots=True)
class Trip:
    """A request and what became of it. `outcome`: completed, unserved (nobody found), gave_up, cancelled.

    `waiting_since_s`: when it was asked for or last given back; `over_at_s`: when the outcome came about.
    """

    request: Request
    outcome: str = ""
    driver: int | None = None
    offered_to: int | None = None
    excluded: set[str] = field(default_factory=set)
    waiting_since_s: float = 0.0
    returned: bool = False
    offers: int = 0
    assigned_at_s: float | None = None
    pickup_s: float | None = None
    wait_s: float | None = None
    over_at_s: float | None = None
    round: int = 0
    """Counts what ended: an event that was planned before is about nothing any more."""


@dataclass(slots=True)
class Driver:
    """A driver on shift. `place` is where he is, or will be when `busy` is over."""

    shift: Shift
    place: int
    state: str = "off"
    idle_since_s: float = 0.0
    worked_s: float = 0.0
    carried_s: float = 0.0
    empty_m: float = 0.0
    paid_m: float = 0.0
    earned: float = 0.0
    rides: int = 0


@dataclass(slots=True)
class Day:
    """All that happened."""

    trips: list[Trip]
    drivers: list[Driver]
    batches: int = 0
    pairs: int = 0
    offers: int = 0
    declined: int = 0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A day before it is lived: the roads, who wants to go where, who drives, and what they are like."""

    grid: RoadGrid
    requests: Sequence[Request]
    shifts: Sequence[Shift]
    habits: Habits = field(default_factory=Habits)
    seed: int = 1
    tariff: Tariff = field(default_factory=Tariff)


def simulate(scenario: Scenario, dispatching: Dispatching, progress: Callable[[float], Any] | None = None) -> Day:
    """Live through the day; what is under way at its end is driven to its end.

    `progress` is told the simulated time, seconds since midnight, about every simulated quarter of an hour.
    """
    return _Engine(scenario, dispatching, progress).run()


class _Engine:
    def __init__(self, scenario: Scenario, dispatching: Dispatching, progress: Callable[[float], Any] | None) -> None:
        self.grid, self.habits, self.tariff = scenario.grid, scenario.habits, scenario.tariff
        self.how = dispatching
        self.dice = Dice(scenario.seed)
        self.trips = [Trip(request) for request in scenario.requests]
        self.drivers = [Driver(shift, shift.home) for shift in scenario.shifts]
        self.day = Day(self.trips, self.drivers)
        self.points = [Point(float(lat), float(lng)) for lat, lng in scenario.grid.points]
        self.waiting: dict[int, Trip] = {}
        self.idle: dict[int, Driver] = {}
        self.now_s = 0.0
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = count()
        self._batch_at_s = -1.0
        self._progress, self._told_s = progress, 0.0

    # -- time --------------------------------------------------------------------------------------------------------
    def run(self) -> Day:
        for number, trip in enumerate(self.trips):
            self._at(trip.request.at_s, self._ask, number)
        for number, driver in enumerate(self.drivers):
            self._at(driver.shift.from_s, self._start_shift, number)
            self._at(driver.shift.until_s, self._end_shift, number)
        while self._events:
            self.now_s, _, what, about = heappop(self._events)
            if self._progress is not None and self.now_s - self._told_s >= 900:
                self._told_s = self.now_s
                self._progress(self.now_s)
            what(*about)
        return self.day

    def _at(self, at_s: float, what: Callable[..., None], *about: Any) -> None:
        heappush(self._events, (at_s, next(self._order), what, about))

    def _in(self, after_s: float, what: Callable[..., None], *about: Any) -> None:
        self._at(self.now_s + after_s, what, *about)

    # -- riders ------------------------------------------------------------------------------------------------------
    def _ask(self, number: int) -> None:
        self._begin_wait(number, self.trips[number])

    def _begin_wait(self, number: int, trip: Trip) -> None:
        """Patience counts from here: a rider whose driver gave the ride back waits as long again."""
        trip.waiting_since_s = self.now_s
        self._wait(number, trip)
        self._in(people.patience_s(self.habits, self.dice, number), self._lose_patience, number, trip.round)

    def _wait(self, number: int, trip: Trip) -> None:
        self.waiting[number] = trip
        self._plan_batch()

    def _lose_patience(self, number: int, at_round: int) -> None:
        trip = self.trips[number]
        if trip.round != at_round or trip.driver is not None:
            return
        waited_s = self.now_s - trip.waiting_since_s
        self._end(trip, "unserved" if waited_s >= self.habits.patience_s - 0.5 else "gave_up")
        self.waiting.pop(number, None)
        self._withdraw(trip)

    def _end(self, trip: Trip, outcome: str) -> None:
        trip.outcome, trip.over_at_s = outcome, self.now_s

    def _withdraw(self, trip: Trip) -> None:
        """An open offer of a trip that is over: its driver is free again."""
        if trip.offered_to is not None:
            self._free(trip.offered_to)
            trip.offered_to = None
        trip.round += 1

    # -- dispatch ----------------------------------------------------------------------------------------------------
    def _plan_batch(self) -> None:
        """Windows close on a fixed grid; one in which nothing can change is left out."""
        if not self.waiting or not self.idle or self._batch_at_s > self.now_s:
            return
        window_s = self.how.window_s
        self._batch_at_s = max(ceil(self.now_s / window_s) * window_s, self._batch_at_s + window_s)
        self._at(self._batch_at_s, self._close_batch)

    def _close_batch(self) -> None:
        if not self.waiting or not self.idle:
            return
        batch = self._batch()
        self.day.batches += 1
        self.day.pairs += len(batch.road_times)
        for pair in self.how.policy(batch, self.how.rules).pairs:
            self._offer(pair)

    def _batch(self) -> Batch:
        trips = list(self.waiting.items())
        drivers = np.fromiter(self.idle, dtype=int, count=len(self.idle))
        places = np.fromiter((driver.place for driver in self.idle.values()), dtype=int, count=len(drivers))
        pickups = np.fromiter((trip.request.pickup for _, trip in trips), dtype=int, count=len(trips))
        near = self._nearest(pickups, places)
        times: dict[tuple[str, str], float | None] = {}
        seen: set[int] = set()
        for (number, trip), columns in zip(trips, near, strict=True):
            seconds = self.grid.seconds[places[columns], trip.request.pickup]
            for column, eta_s in zip(columns.tolist(), seconds.tolist(), strict=True):
                times[str(number), str(drivers[column])] = eta_s if eta_s < np.inf else None
            seen.update(columns.tolist())
        waiting = tuple(self._waiting_trip(number, trip) for number, trip in trips)
        free = tuple(FreeDriver(str(drivers[column]), self.points[places[column]]) for column in sorted(seen))
        return Batch(waiting, free, times)

    def _nearest(self, pickups: np.ndarray, places: np.ndarray) -> np.ndarray:
        """For each pickup the columns of the nearest free drivers, in a straight line."""
        wanted = min(self.how.candidates, len(places))
        if wanted == len(places):
            return np.tile(np.arange(wanted), (len(pickups), 1))
        plane_m = self.grid.plane_m
        apart = plane_m[pickups][:, None, :] - plane_m[places][None, :, :]
        return np.argpartition((apart**2).sum(axis=2), wanted - 1, axis=1)[:, :wanted]

    def _waiting_trip(self, number: int, trip: Trip) -> WaitingTrip:
        return WaitingTrip(
            str(number),
            CATEGORY,
            self.points[trip.request.pickup],
            self.now_s - trip.waiting_since_s,
            trip.returned,
            frozenset(trip.excluded),
        )

    def _offer(self, pair: Considered) -> None:
        number, driver_number = int(pair.trip_id), int(pair.driver_id)
        trip, driver = self.waiting.pop(number), self.idle.pop(driver_number)
        assert pair.pickup_eta_s is not None
        driver.state, trip.offered_to = "offered", driver_number
        trip.offers += 1
        self.day.offers += 1
        silent = self.dice.roll(people.SILENT, driver_number, number) < self.habits.silent
        after_s = self.how.offer_s if silent else self._answer_s(driver_number, number)
        taken = not silent and people.accepts(self.habits, self.dice, driver_number, number, pair.pickup_eta_s)
        self._in(after_s, self._answer, number, driver_number, trip.round, taken, pair.pickup_eta_s)

    def _answer_s(self, driver: int, trip: int) -> float:
        return min(self.dice.between(self.habits.answer_s, people.ANSWER, driver, trip), self.how.offer_s)

    def _answer(self, number: int, driver_number: int, at_round: int, taken: bool, eta_s: float) -> None:
        trip = self.trips[number]
        if trip.round != at_round:
            return
        trip.offered_to = None
        if taken:
            self._assign(number, driver_number, eta_s)
            return
        self.day.declined += 1
        trip.excluded.add(str(driver_number))
        self._free(driver_number)
        self._wait(number, trip)

    # -- rides -------------------------------------------------------------------------------------------------------
    def _assign(self, number: int, driver_number: int, eta_s: float) -> None:
        trip, driver = self.trips[number], self.drivers[driver_number]
        trip.driver, trip.assigned_at_s = driver_number, self.now_s
        driver.state = "to_pickup"
        ends = [(eta_s, self._arrive)]
        regret_s = people.regrets_after_s(self.habits, self.dice, number, driver_number, eta_s)
        if regret_s is not None:
            ends.append((regret_s, self._cancel))
        if self.dice.roll(people.DROP, driver_number, number) < self.habits.drops:
            ends.append((eta_s * self.dice.roll(people.WHEN_DROP, driver_number, number), self._give_back))
        after_s, what = min(ends, key=lambda end: end[0])
        self._in(after_s, what, number, driver_number, after_s / eta_s if eta_s > 0 else 1.0)

    def _arrive(self, number: int, driver_number: int, share: float) -> None:
        trip, driver = self.trips[number], self.drivers[driver_number]
        assert trip.assigned_at_s is not None
        trip.pickup_s = self.now_s - trip.assigned_at_s
        trip.wait_s = self.now_s - trip.request.at_s
        driver.empty_m += float(self.grid.metres[driver.place, trip.request.pickup])
        driver.place = trip.request.pickup
        driver.state = "on_trip"
        boarding_s = self.dice.between(self.habits.boarding_s, people.BOARDING, number)
        ride_s = float(self.grid.seconds[trip.request.pickup, trip.request.dropoff])
        self._in(boarding_s + ride_s, self._finish, number, driver_number, ride_s)

    def _finish(self, number: int, driver_number: int, ride_s: float) -> None:
        trip, driver = self.trips[number], self.drivers[driver_number]
        metres = float(self.grid.metres[trip.request.pickup, trip.request.dropoff])
        self._end(trip, "completed")
        driver.place = trip.request.dropoff
        driver.rides += 1
        driver.paid_m += metres
        driver.carried_s += ride_s
        driver.earned += self.tariff.fare(metres, ride_s) * self.tariff.share
        self._free(driver_number)

    def _cancel(self, number: int, driver_number: int, share: float) -> None:
        """The rider changed his mind while the car was on its way."""
        self._end(self.trips[number], "cancelled")
        self._turn_back(number, driver_number, share)

    def _give_back(self, number: int, driver_number: int, share: float) -> None:
        """The driver changed his: the trip goes to the head."""
        trip = self.trips[number]
        trip.driver, trip.assigned_at_s, trip.returned = None, None, True
        trip.excluded.add(str(driver_number))
        trip.round += 1
        self._turn_back(number, driver_number, share)
        self._begin_wait(number, trip)

    def _turn_back(self, number: int, driver_number: int, share: float) -> None:
        """He is somewhere on the way: at whichever of its ends is nearer."""
        driver, pickup = self.drivers[driver_number], self.trips[number].request.pickup
        driver.empty_m += share * float(self.grid.metres[driver.place, pickup])
        if share > 0.5:
            driver.place = pickup
        self._free(driver_number)

    # -- drivers -----------------------------------------------------------------------------------------------------
    def _start_shift(self, number: int) -> None:
        self._free(number)

    def _end_shift(self, number: int) -> None:
        """Who is busy goes home when he has finished."""
        driver = self.drivers[number]
        if driver.state == "idle":
            self._go_home(number)

    def _free(self, number: int) -> None:
        driver = self.drivers[number]
        driver.state, driver.idle_since_s = "idle", self.now_s
        if self.now_s >= driver.shift.until_s:
            self._go_home(number)
            return
        self.idle[number] = driver
        self._plan_batch()

    def _go_home(self, number: int) -> None:
        driver = self.drivers[number]
        driver.state = "off"
        driver.worked_s = self.now_s - driver.shift.from_s
        self.idle.pop(number, None)
