"""Drivers without a ride who drive to where the next one may be."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from services.matching.simulation import people
from services.matching.simulation.clockwork import Clockwork
from services.matching.simulation.day import Driver, Scenario
from services.matching.simulation.people import Dice

LEAST_GAIN = 0.2
"""By so much fares must be higher elsewhere for a driver to go there."""

FURTHEST_S = 600.0
"""And no further away than this."""


class Roaming:
    """Moves drivers without a ride. They take offers meanwhile, which ends the move."""

    def __init__(self, scenario: Scenario, clock: Clockwork, dice: Dice) -> None:
        self._grid, self._habits, self._clock, self._dice = scenario.grid, scenario.habits, clock, dice

    def follow_fares(self, idle: Mapping[int, Driver], multipliers: np.ndarray) -> None:
        """Those who follow surge and are not under way already set out. `multipliers` (N,): of fares, by place."""
        for number, driver in idle.items():
            if self.would_go(number, driver):
                to = worth_the_way(multipliers, self._grid.seconds[driver.place], driver.place)
                if to is not None:
                    self.send(driver, to)

    def heed(self, idle: Mapping[int, Driver], hints: Mapping[int, int]) -> None:
        """Those who follow hints set out. `hints`: driver → place."""
        for number, to in hints.items():
            if self.would_go(number, idle[number]):
                self.send(idle[number], to)

    def would_go(self, number: int, driver: Driver) -> bool:
        under_way = driver.moving_until_s > self._clock.now_s
        return not under_way and people.follows(self._habits, self._dice, number)

    def send(self, driver: Driver, to: int) -> None:
        """He counts as there when he has half the way behind him, and as where he was before."""
        way_s = float(self._grid.seconds[driver.place, to])
        driver.moves += 1
        driver.moving_until_s = self._clock.now_s + way_s
        self._clock.after(way_s / 2, self._pass_half_way, driver, driver.moves, to)

    def _pass_half_way(self, driver: Driver, move: int, to: int) -> None:
        if driver.state == "idle" and driver.moves == move:
            driver.empty_m += float(self._grid.metres[driver.place, to])
            driver.place = to


def worth_the_way(multipliers: np.ndarray, seconds: np.ndarray, place: int) -> int | None:
    """Where a driver at `place` who follows surge drives to: where fares are higher by most for each minute of the way,
    by LEAST_GAIN at least. None: he stays. `seconds` (N,): road times from where he is."""
    gain = multipliers - multipliers[place]
    worth = np.where((gain >= LEAST_GAIN) & (seconds <= FURTHEST_S), gain / (60.0 + seconds), 0.0)
    best = int(worth.argmax())
    return best if worth[best] > 0 else None
