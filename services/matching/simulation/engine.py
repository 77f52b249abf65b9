"""The day, event by event."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from math import ceil
from typing import Any

from services.matching.domain.model import Considered
from services.matching.simulation import people
from services.matching.simulation.clockwork import Clockwork
from services.matching.simulation.day import Day, Dispatching, Driver, Scenario, Trip, Watch
from services.matching.simulation.fleet import Fleet
from services.matching.simulation.hints import HINT_EVERY_S, Hints
from services.matching.simulation.people import Dice
from services.matching.simulation.roaming import Roaming
from services.matching.simulation.sight import Sight
from services.matching.simulation.surging import Surge


def simulate(
    scenario: Scenario,
    dispatching: Dispatching,
    progress: Callable[[float], Any] | None = None,
    watch: Watch | None = None,
) -> Day:
    """Live through the day; what is under way at its end is driven to its end.

    `progress` is told the simulated time, seconds since midnight, about every simulated quarter of an hour; `watch` of
    every batch. Requests must be in the order of their times.
    """
    return _Engine(scenario, dispatching, progress, watch).run()


class _Engine:
    def __init__(
        self,
        scenario: Scenario,
        dispatching: Dispatching,
        progress: Callable[[float], Any] | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.grid, self.habits, self.tariff = scenario.grid, scenario.habits, scenario.tariff
        self.how = dispatching
        self.dice = Dice(scenario.seed)
        self.clock = Clockwork(progress)
        self.trips = [Trip(request) for request in scenario.requests]
        self.drivers = [Driver(shift, shift.home, shift.until_s) for shift in scenario.shifts]
        self.day = Day(self.trips, self.drivers)
        self.waiting: dict[int, Trip] = {}
        self.sight = Sight(scenario, dispatching)
        self.roaming = Roaming(scenario, self.clock, self.dice)
        self.surge = Surge(scenario.surging, scenario.grid.points)
        self.fleet = Fleet(
            scenario, self.day, self.clock, on_idle=self._plan_batch, fares=lambda: self.surge.multipliers
        )
        self.idle, self.riding = self.fleet.idle, self.fleet.riding
        self.hints = None if scenario.expected is None else Hints(scenario.grid, scenario.expected)
        self._batch_at_s = -1.0
        self._answers = 0
        self._asked_at_s = [trip.request.at_s for trip in self.trips]
        self._surging, self._watch = scenario.surging, watch

    def run(self) -> Day:
        for number, trip in enumerate(self.trips):
            self.clock.at(trip.request.at_s, self._ask, number)
        if self._surging is not None and self.trips:
            self.clock.at(self._asked_at_s[0], self._reckon_surge, self._surging.tick_s)
        if self.hints is not None and self.trips:
            self.clock.at(self._asked_at_s[0], self._hint)
        self.clock.run()
        return self.day

    # -- riders ------------------------------------------------------------------------------------------------------
    def _ask(self, number: int) -> None:
        trip = self.trips[number]
        trip.multiplier = float(self.surge.multipliers[trip.request.pickup])
        if not people.pays(self.habits, self.dice, number, trip.multiplier):
            self._end(trip, "priced_out")
            return
        self.surge.note_asked(self.clock.now_s, trip.request.pickup)
        self._begin_wait(number, trip)

    def _begin_wait(self, number: int, trip: Trip) -> None:
        """Patience counts from here: a rider whose driver gave the ride back waits as long again."""
        trip.waiting_since_s = self.clock.now_s
        self._wait(number, trip)
        self.clock.after(people.patience_s(self.habits, self.dice, number), self._lose_patience, number, trip.round)

    def _wait(self, number: int, trip: Trip) -> None:
        self.waiting[number] = trip
        self._plan_batch()

    def _lose_patience(self, number: int, at_round: int) -> None:
        trip = self.trips[number]
        if trip.round != at_round or trip.driver is not None:
            return
        waited_s = self.clock.now_s - trip.waiting_since_s
        self._end(trip, "unserved" if waited_s >= self.habits.patience_s - 0.5 else "gave_up")
        self.surge.note_unmet(self.clock.now_s, trip.request.pickup)
        self.waiting.pop(number, None)
        self._withdraw(trip)

    def _end(self, trip: Trip, outcome: str) -> None:
        trip.outcome, trip.over_at_s = outcome, self.clock.now_s

    def _withdraw(self, trip: Trip) -> None:
        """An open offer of a trip that is over: its driver is free again."""
        if trip.offered_to is not None:
            self.fleet.take_offers(trip.offered_to)
            trip.offered_to = None
        trip.round += 1

    # -- dispatch ----------------------------------------------------------------------------------------------------
    def _plan_batch(self) -> None:
        """Windows close on a fixed grid; one in which nothing can change is left out."""
        if not self.waiting or not self.idle or self._batch_at_s > self.clock.now_s:
            return
        window_s = self.how.window_s
        self._batch_at_s = max(ceil(self.clock.now_s / window_s) * window_s, self._batch_at_s + window_s)
        self.clock.at(self._batch_at_s, self._close_batch)

    def _close_batch(self) -> None:
        if not self.waiting or not self.idle:
            return
        fleet_rate = 1 - self.day.declined / self._answers if self._answers else self.how.rules.accept_rate
        batch = self.sight.batch(self.clock.now_s, self.waiting | self._coming(), self.idle, self.riding, fleet_rate)
        proposal = self.how.policy(batch, self.how.rules)
        self.day.batches += 1
        self.day.pairs += len(batch.road_times)
        if self._watch is not None:
            self._watch(self.clock.now_s, batch, proposal)
        for pair in proposal.pairs:
            # a trip of the future, or a driver on a ride: the other one is kept, nobody is asked
            if int(pair.trip_id) in self.waiting and int(pair.driver_id) in self.idle:
                self._offer(pair)
        if self.how.looks_ahead:
            self._plan_batch()

    def _coming(self) -> dict[int, Trip]:
        """For hindsight: the trips of the next seconds."""
        if self.how.foreseen_s <= 0:
            return {}
        first = bisect_right(self._asked_at_s, self.clock.now_s)
        last = bisect_right(self._asked_at_s, self.clock.now_s + self.how.foreseen_s)
        return {number: self.trips[number] for number in range(first, last)}

    def _offer(self, pair: Considered) -> None:
        number, driver_number = int(pair.trip_id), int(pair.driver_id)
        trip, driver = self.waiting.pop(number), self.idle.pop(driver_number)
        driver.moves += 1
        assert pair.pickup_eta_s is not None
        driver.state, trip.offered_to = "offered", driver_number
        trip.offers += 1
        self.day.offers += 1
        silent = self.dice.roll(people.SILENT, driver_number, number) < self.habits.silent
        after_s = self.how.offer_s if silent else self._answer_s(driver_number, number)
        taken = not silent and people.accepts(self.habits, self.dice, driver_number, number, pair.pickup_eta_s)
        self.clock.after(after_s, self._answer, number, driver_number, trip.round, taken, pair.pickup_eta_s)

    def _answer_s(self, driver: int, trip: int) -> float:
        return min(self.dice.between(self.habits.answer_s, people.ANSWER, driver, trip), self.how.offer_s)

    def _answer(self, number: int, driver_number: int, at_round: int, taken: bool, eta_s: float) -> None:
        trip = self.trips[number]
        if trip.round != at_round:
            return
        trip.offered_to = None
        self._answers += 1
        driver = self.drivers[driver_number]
        driver.answered += 1
        if taken:
            driver.accepted += 1
            self._assign(number, driver_number, eta_s)
            return
        self.day.declined += 1
        trip.excluded.add(str(driver_number))
        self.fleet.take_offers(driver_number)
        self._wait(number, trip)

    # -- rides -------------------------------------------------------------------------------------------------------
    def _assign(self, number: int, driver_number: int, eta_s: float) -> None:
        trip, driver = self.trips[number], self.drivers[driver_number]
        trip.driver, trip.assigned_at_s = driver_number, self.clock.now_s
        self.fleet.set_out(driver)
        ends = [(eta_s, self._arrive)]
        regret_s = people.regrets_after_s(self.habits, self.dice, number, driver_number, eta_s)
        if regret_s is not None:
            ends.append((regret_s, self._cancel))
        if self.dice.roll(people.DROP, driver_number, number) < self.habits.drops:
            ends.append((eta_s * self.dice.roll(people.WHEN_DROP, driver_number, number), self._give_back))
        after_s, what = min(ends, key=lambda end: end[0])
        self.clock.after(after_s, what, number, driver_number, after_s / eta_s if eta_s > 0 else 1.0)

    def _arrive(self, number: int, driver_number: int, share: float) -> None:
        trip, driver = self.trips[number], self.drivers[driver_number]
        assert trip.assigned_at_s is not None
        trip.pickup_s = self.clock.now_s - trip.assigned_at_s
        trip.wait_s = self.clock.now_s - trip.request.at_s
        driver.empty_m += float(self.grid.metres[driver.place, trip.request.pickup])
        self.fleet.arrive(driver, trip.request.pickup)
        boarding_s = self.dice.between(self.habits.boarding_s, people.BOARDING, number)
        ride_s = float(self.grid.seconds[trip.request.pickup, trip.request.dropoff])
        self.clock.after(boarding_s, self._ride, number, driver_number, ride_s)

    def _ride(self, number: int, driver_number: int, ride_s: float) -> None:
        until_s, dropoff = self.clock.now_s + ride_s, self.trips[number].request.dropoff
        self.fleet.ride(driver_number, until_s, dropoff, people.finish_told(self.habits, self.dice, number))
        self.clock.at(until_s, self._finish, number, driver_number, ride_s)

    def _finish(self, number: int, driver_number: int, ride_s: float) -> None:
        trip, driver = self.trips[number], self.drivers[driver_number]
        metres = float(self.grid.metres[trip.request.pickup, trip.request.dropoff])
        self._end(trip, "completed")
        driver.rides += 1
        driver.paid_m += metres
        driver.carried_s += ride_s
        driver.earned += self.tariff.fare(metres, ride_s) * self.tariff.share * trip.multiplier
        self.fleet.finish(driver_number)

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
        self.fleet.free(driver_number)

    # -- surge and hints ---------------------------------------------------------------------------------------------
    def _reckon_surge(self, tick_s: float) -> None:
        waiting = (trip.request.pickup for trip in self.waiting.values())
        self.surge.tick(self.clock.now_s, waiting, (driver.place for driver in self.idle.values()))
        if self.surge.multipliers.max() > 1:
            self.roaming.follow_fares(self.idle, self.surge.multipliers)
        if self.clock.now_s < self._asked_at_s[-1]:
            self.clock.after(tick_s, self._reckon_surge, tick_s)

    def _hint(self) -> None:
        assert self.hints is not None
        self.roaming.heed(self.idle, self.hints.now(self.clock.now_s, self.idle))
        if self.clock.now_s < self._asked_at_s[-1]:
            self.clock.after(HINT_EVERY_S, self._hint)
