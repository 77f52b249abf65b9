"""Drivers through their shifts: who is free, who is on a ride, who has gone home."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import numpy as np

from services.matching.simulation import people
from services.matching.simulation.clockwork import Clockwork
from services.matching.simulation.day import Day, Driver, Scenario, Spell
from services.matching.simulation.people import Dice
from services.matching.simulation.roaming import LEAST_GAIN


class Fleet:
    """`idle` and `riding`: drivers by number. `on_idle` is called whenever somebody takes offers again; `fares` gives
    what fares are multiplied by just now, by place."""

    def __init__(
        self,
        scenario: Scenario,
        day: Day,
        clock: Clockwork,
        *,
        on_idle: Callable[[], None],
        fares: Callable[[], np.ndarray],
    ) -> None:
        self.idle: dict[int, Driver] = {}
        self.riding: dict[int, Driver] = {}
        self._day, self._clock, self._on_idle, self._fares = day, clock, on_idle, fares
        self._habits, self._dice = scenario.habits, Dice(scenario.seed)
        for number, driver in enumerate(day.drivers):
            clock.at(driver.shift.from_s, self._start_shift, number)
            clock.at(driver.shift.until_s, self._end_shift, number)

    # -- shifts ------------------------------------------------------------------------------------------------------
    def _start_shift(self, number: int) -> None:
        driver = self._day.drivers[number]
        driver.empty_since_s, driver.empty_from = self._clock.now_s, driver.place
        self.free(number)

    def _end_shift(self, number: int) -> None:
        """Who is busy goes home when he has finished."""
        driver = self._day.drivers[number]
        if self._clock.now_s < driver.until_s:
            return
        if self._goes_on(number, driver):
            driver.until_s = self._clock.now_s + self._habits.longer_s
            self._clock.at(driver.until_s, self._end_shift, number)
        elif driver.state == "idle":
            self._go_home(number)

    def _goes_on(self, number: int, driver: Driver) -> bool:
        """Once, when fares are high where he is or about to be."""
        place = driver.ends_at if driver.finishes_at_s < inf else driver.place
        first_time = driver.until_s == driver.shift.until_s
        dear = self._fares()[place] >= 1 + LEAST_GAIN
        return bool(first_time and dear and people.stays(self._habits, self._dice, number))

    def _go_home(self, number: int) -> None:
        driver = self._day.drivers[number]
        driver.state = "off"
        driver.worked_s = self._clock.now_s - driver.shift.from_s
        self._end_idle(driver, by_ride=False)
        self._end_empty(driver, by_ride=False)
        self.idle.pop(number, None)

    # -- offers and rides --------------------------------------------------------------------------------------------
    def free(self, number: int) -> None:
        """He has no ride from now on."""
        self._day.drivers[number].idle_since_s = self._clock.now_s
        self.take_offers(number)

    def take_offers(self, number: int) -> None:
        """He may be asked, unless his shift is over."""
        driver = self._day.drivers[number]
        driver.state = "idle"
        if self._clock.now_s >= driver.until_s:
            self._go_home(number)
            return
        self.idle[number] = driver
        self._on_idle()

    def set_out(self, driver: Driver) -> None:
        """To a rider."""
        driver.state = "to_pickup"
        self._end_idle(driver, by_ride=True)

    def arrive(self, driver: Driver, place: int) -> None:
        driver.place, driver.state = place, "on_trip"
        self._end_empty(driver, by_ride=True)

    def ride(self, number: int, until_s: float, dropoff: int, told: float) -> None:
        """With the rider, until then. `told`: how many times as long the rest of the ride is thought to be."""
        driver = self._day.drivers[number]
        driver.finishes_at_s, driver.ends_at, driver.finish_told = until_s, dropoff, told
        self.riding[number] = driver

    def finish(self, number: int) -> None:
        driver = self.riding.pop(number)
        driver.place, driver.finishes_at_s = driver.ends_at, inf
        driver.empty_since_s, driver.empty_from = self._clock.now_s, driver.place
        self.free(number)

    # -- what is noted -----------------------------------------------------------------------------------------------
    def _end_idle(self, driver: Driver, *, by_ride: bool) -> None:
        since_s = driver.idle_since_s
        self._day.spells.append(Spell(since_s, driver.place, self._clock.now_s - since_s, by_ride))

    def _end_empty(self, driver: Driver, *, by_ride: bool) -> None:
        since_s = driver.empty_since_s
        self._day.empties.append(Spell(since_s, driver.empty_from, self._clock.now_s - since_s, by_ride))
