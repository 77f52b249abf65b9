"""Policies compared seed by seed, and against the best in hindsight."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.dispatching.days import TOLD, Lived, Task
from bench.dispatching.paired import Interval, change, difference, interval
from bench.dispatching.towns import LOADS, Town, fleet
from services.matching.simulation.demand import draw
from services.matching.simulation.people import Habits

POLICIES = ("nearest", "nearest_eta", "batch", "foresight")
PAIRS = (("batch", "nearest"), ("batch", "nearest_eta"), ("foresight", "batch"))
"""Whose days are set against whose."""

FIGURES = (
    "completed_share",
    "pickup_mean_s",
    "wait_mean_s",
    "wait_worst_s",
    "empty_share",
    "earned_an_hour",
    "earned_p10_an_hour",
    "gini",
)
TOLD_SEEDS = 3
"""To tell a policy what comes makes its batches many times as large; the first so many seeds have to do."""

LOOKED_BACK = "balanced"
"""The load at which days are compared with what could have been known."""


@dataclass(frozen=True, slots=True)
class Lot:
    """Days that differ in their policies and seeds alone."""

    town: str
    load: str
    days: Mapping[str, Mapping[int, Lived]]
    """Policy → seed → day."""

    def values(self, policy: str, figure: str) -> list[float]:
        """In the order of the seeds."""
        days = self.days[policy]
        return [float(days[seed].figures[figure]) for seed in sorted(days)]

    @property
    def drivers(self) -> int:
        return next(lived.task.drivers for days in self.days.values() for lived in days.values())


def tasks(towns: Sequence[Town], rides: int, seeds: Sequence[int], loads: Sequence[str] = tuple(LOADS)) -> list[Task]:
    """Every day that is lived, the dearest first, so that no core idles at the end."""
    made = []
    habits = Habits()
    for town in towns:
        typical = draw(town.grid, rides, seed=0)
        for load in loads:
            drivers = fleet(LOADS[load], town.grid, typical, habits)
            policies = (*POLICIES, TOLD) if load == LOOKED_BACK else POLICIES
            made += [
                Task(town.name, load, rides, drivers, policy, seed, looks_back=load == LOOKED_BACK)
                for policy in policies
                for seed in (seeds[:TOLD_SEEDS] if policy == TOLD else seeds)
            ]
    dear = {TOLD: 0, "foresight": 1}
    return sorted(made, key=lambda task: (dear.get(task.policy, 2), -task.drivers))


def lots(lived: Sequence[Lived]) -> list[Lot]:
    """Days by town and load."""
    found: dict[tuple[str, str], dict[str, dict[int, Lived]]] = {}
    for day in lived:
        of_policy = found.setdefault((day.task.town, day.task.load), {}).setdefault(day.task.policy, {})
        of_policy[day.task.seed] = day
    return [Lot(town, load, days) for (town, load), days in sorted(found.items(), key=lambda each: _place(each[0]))]


def _place(town_and_load: tuple[str, str]) -> tuple[str, int]:
    town, load = town_and_load
    return town, list(LOADS).index(load)


def rows(lot: Lot) -> Iterator[dict[str, Any]]:
    """Each policy's means."""
    for policy in (*POLICIES, TOLD):
        if policy in lot.days:
            means = {name: interval(lot.values(policy, name)).as_dict(4) for name in FIGURES}
            cpu_s = interval([day.cpu_s for day in lot.days[policy].values()]).mean
            yield {"policy": policy, "cpu_s_a_day": round(cpu_s, 1), **means}


def differences(lot: Lot) -> Iterator[tuple[str, str, dict[str, Interval]]]:
    """What the one policy has over the other: completed in points of 100, pickup and earnings in per cent, waits in
    seconds (request to car, mean and of the slowest tenth), Gini's coefficient in hundredths."""
    for ours, theirs in PAIRS:
        if {ours, theirs} <= set(lot.days):

            def both(figure: str, scale: float = 1.0, ours: str = ours, theirs: str = theirs) -> list[list[float]]:
                return [[scale * value for value in lot.values(policy, figure)] for policy in (ours, theirs)]

            yield (
                ours,
                theirs,
                {
                    "completed_points": difference(*both("completed_share", 100)),
                    "pickup_percent": change(*both("pickup_mean_s")),
                    "wait_s": difference(*both("wait_mean_s")),
                    "wait_worst_s": difference(*both("wait_worst_s")),
                    "earned_percent": change(*both("earned_an_hour")),
                    "earned_p10_percent": change(*both("earned_p10_an_hour")),
                    "gini_hundredths": difference(*both("gini", 100)),
                },
            )


def gaps(lot: Lot) -> Iterator[dict[str, Any]]:
    """How far each policy's pickup times are from the best in hindsight for the same riders."""
    for policy in (*POLICIES, TOLD):
        days = lot.days.get(policy, {})
        backs = [days[seed].hindsight for seed in sorted(days)]
        if backs and all(backs):
            actual = [back["actual_s"] for back in backs]
            best = [back["best_s"] for back in backs]
            yield {
                "town": lot.town,
                "load": lot.load,
                "policy": policy,
                "actual_s": round(interval(actual).mean, 1),
                "best_s": round(interval(best).mean, 1),
                "gap_percent": change(actual, best).as_dict(1),
            }
