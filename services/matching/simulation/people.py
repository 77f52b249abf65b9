"""How drivers and riders behave: shifts, answers, patience, changes of mind. Every draw is a function of who asks what.

A draw is a hash of the seed and of what it is about, so that the same driver asked the same trip answers the same under
every policy (common random numbers: Law, Simulation Modeling and Analysis, ch. 11).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, exp, log, pi, sqrt

import numpy as np

from services.matching.simulation.grid import RoadGrid

_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Habits:
    """What people are like. Times in seconds.

    `accepts`: the chance that a driver takes an offer two minutes away; it falls with every minute more by the factor
    exp(-`minds_minutes`) of the odds. `answer_s`: shortest and longest time to answer. `gives_up_s`: median patience
    without a driver, at most `patience_s`. `late_hazard`: chance a minute, while the car is on its way, that a rider
    cancels. `drops`: chance that a driver gives an accepted trip back. `boarding_s`: from arrival to start.
    `choosy`: how far drivers differ in taking offers, the standard deviation of their log-odds. `finish_error`: how far
    the promised rest of a ride is off, the standard deviation of its logarithm.

    With surge: at a fare m times the usual one, m ** -`elasticity` of the riders still ask (Cohen, Hahn, Hall, Levitt
    and Metcalfe, NBER 22627, 2016, found 0.4 to 0.6). `follows`: the share of drivers who drive to where fares are
    higher, or who heed a hint, when they are without a ride. `stays`: the chance that a driver whose shift ends where
    fares are high goes on for `longer_s` (drivers work longer for surge: Chen and Sheldon, EC 2016).
    """

    accepts: float = 0.90
    minds_minutes: float = 0.25
    answer_s: tuple[float, float] = (2.0, 10.0)
    silent: float = 0.03
    gives_up_s: float = 240.0
    patience_s: float = 300.0
    late_hazard: float = 0.012
    choosy: float = 0.5
    drops: float = 0.01
    boarding_s: tuple[float, float] = (20.0, 90.0)
    shift_s: tuple[float, float] = (6 * 3600.0, 10 * 3600.0)
    finish_error: float = 0.15
    elasticity: float = 0.5
    follows: float = 0.3
    stays: float = 0.3
    longer_s: float = 1800.0


class Dice:
    """Numbers in [0, 1) that depend on nothing but the seed and what they are for."""

    def __init__(self, seed: int) -> None:
        self._seed = seed * 0x9E3779B97F4A7C15 & _MASK

    def roll(self, *about: int) -> float:
        """splitmix64 (Steele, Lea and Flood, OOPSLA 2014) over the numbers."""
        state = self._seed
        for number in about:
            state = (state ^ (number + 1) * 0xD1B54A32D192ED03) + 0x9E3779B97F4A7C15 & _MASK
            state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & _MASK
            state = (state ^ state >> 27) * 0x94D049BB133111EB & _MASK
            state ^= state >> 31
        return state / 2**64

    def between(self, bounds: tuple[float, float], *about: int) -> float:
        low, high = bounds
        return low + (high - low) * self.roll(*about)

    def normal(self, *about: int) -> float:
        """Of mean 0 and standard deviation 1 (Box and Muller 1958)."""
        return sqrt(-2 * log(1 - self.roll(*about, 0))) * cos(2 * pi * self.roll(*about, 1))


ANSWER, ACCEPT, SILENT, PATIENCE, REGRET, WHEN_REGRET, DROP, WHEN_DROP, BOARDING = range(9)
CHOOSY, FINISH, PRICE, FOLLOW, STAY = range(9, 14)


@dataclass(frozen=True, slots=True)
class Shift:
    """A driver's day: where he starts, from when to when he takes offers."""

    driver: int
    home: int
    from_s: float
    until_s: float


def draw_shifts(grid: RoadGrid, drivers: int, seed: int, hours: tuple[float, ...], habits: Habits) -> list[Shift]:
    """Shifts that begin before the hours that are busiest; homes anywhere on the grid."""
    dice = np.random.default_rng([seed, 3])
    # somebody who works eight hours serves the demand of the hours to come, so starts follow it
    ahead = np.array([sum(hours[(hour + later) % 24] for later in range(8)) for hour in range(24)], dtype=float) ** 2
    starts = dice.choice(24, size=drivers, p=ahead / ahead.sum())
    lengths = dice.uniform(*habits.shift_s, drivers)
    homes = dice.integers(len(grid), size=drivers)
    late = dice.random(drivers)
    shifts = []
    for driver in range(drivers):
        from_s = (float(starts[driver]) + float(late[driver])) * 3600
        shifts.append(Shift(driver, int(homes[driver]), from_s, from_s + float(lengths[driver])))
        if from_s + lengths[driver] > 86_400:
            # who works past midnight has also worked past the midnight before
            until_s = from_s + float(lengths[driver]) - 86_400
            shifts.append(Shift(driver + drivers, int(homes[driver]), 0.0, until_s))
    return shifts


def accepts(habits: Habits, dice: Dice, driver: int, trip: int, pickup_eta_s: float) -> bool:
    leaning = habits.choosy * dice.normal(CHOOSY, driver)
    return dice.roll(ACCEPT, driver, trip) < acceptance(habits, pickup_eta_s, leaning)


def acceptance(habits: Habits, pickup_eta_s: float, leaning: float = 0.0) -> float:
    """The chance that an offer is accepted, logistic in the minutes to the pickup. `leaning`: this driver's log-odds
    above the others'."""
    at_two_minutes = log(habits.accepts / (1 - habits.accepts)) + leaning
    return 1 / (1 + exp(-(at_two_minutes - habits.minds_minutes * (pickup_eta_s - 120) / 60)))


def finish_told(habits: Habits, dice: Dice, trip: int) -> float:
    """How many times as long as it is the rest of this ride is thought to be."""
    return exp(habits.finish_error * dice.normal(FINISH, trip))


def patience_s(habits: Habits, dice: Dice, trip: int) -> float:
    """How long a rider waits without a driver: exponential from a quarter of the median on."""
    least = habits.gives_up_s / 4
    drawn = least - log(1 - dice.roll(PATIENCE, trip)) * (habits.gives_up_s - least) / log(2)
    return min(drawn, habits.patience_s)


def regrets_after_s(habits: Habits, dice: Dice, trip: int, driver: int, pickup_eta_s: float) -> float | None:
    """When, after a driver was found, the rider cancels; None when he never does before the car is there."""
    hazard = habits.late_hazard / 60
    if hazard <= 0:
        return None
    after_s = -log(1 - dice.roll(REGRET, trip, driver)) / hazard
    return after_s if after_s < pickup_eta_s else None


def pays(habits: Habits, dice: Dice, trip: int, multiplier: float) -> bool:
    """Whether the rider asks for a ride at so many times the usual fare."""
    return dice.roll(PRICE, trip) < multiplier**-habits.elasticity


def follows(habits: Habits, dice: Dice, driver: int) -> bool:
    """Whether this driver goes where fares are higher, or where he is told that rides will be."""
    return dice.roll(FOLLOW, driver) < habits.follows


def stays(habits: Habits, dice: Dice, driver: int) -> bool:
    """Whether he goes on after his shift when fares are high."""
    return dice.roll(STAY, driver) < habits.stays
