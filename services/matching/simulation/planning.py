"""A day to be lived, and how it is dispatched: a policy's name, and the settings by which `matching` dispatches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from services.matching.domain.model import Rules
from services.matching.settings import POLICIES, dispatch_of
from services.matching.simulation.day import Dispatching, Scenario, Tariff
from services.matching.simulation.demand import DAY_S, LAYOUT, WEEKDAY, Request, draw
from services.matching.simulation.grid import RoadGrid
from services.matching.simulation.people import Habits, Shift, draw_shifts
from services.matching.simulation.worths import Worths

FINISHING = 10
"""Drivers about to finish a ride who are looked at for a trip."""

LOOKING_AHEAD = ("foresight",)
"""Policies that hold trips for drivers who are not free yet, and know what places are worth."""


def a_day(
    grid: RoadGrid,
    rides: int,
    drivers: int,
    seed: int,
    *,
    habits: Habits | None = None,
    tariff: Tariff | None = None,
    layout: int = LAYOUT,
) -> Scenario:
    """A working day of the city that `layout` makes of these roads: who asks and who drives is the seed's."""
    habits = habits or Habits()
    requests = draw(grid, rides, seed, WEEKDAY, layout)
    shifts = draw_shifts(grid, drivers, seed, WEEKDAY, habits)
    return Scenario(grid, requests, shifts, habits, seed, tariff or Tariff())


def shifts_for(requests: Sequence[Request], grid: RoadGrid, drivers: int, seed: int, habits: Habits) -> list[Shift]:
    """Shifts for as many days as the requests last."""
    days = 1 + int(max((request.at_s for request in requests), default=0.0) // DAY_S)
    shifts = draw_shifts(grid, drivers, seed, WEEKDAY, habits)
    for number in range(1, days):
        # those who work past a midnight were drawn the day before
        anew = [shift for shift in draw_shifts(grid, drivers, seed + number, WEEKDAY, habits) if shift.driver < drivers]
        shifts += [
            replace(shift, from_s=shift.from_s + number * DAY_S, until_s=shift.until_s + number * DAY_S)
            for shift in anew
        ]
    return shifts


def dispatching(
    name: str,
    config: Mapping[str, Any],
    worths: Worths | None = None,
    *,
    city: str = "",
    rules: Rules | None = None,
) -> Dispatching:
    """The policy of this name, with the windows, candidates and limits of the settings for `city` (none: the default
    city). `rules`, when given, are taken instead of theirs. Raises KeyError for a policy that there is not."""
    settings = dispatch_of(config, city or config["DEFAULT_CITY"])
    found = Dispatching(
        POLICIES[name],
        rules or settings.rules,
        float(config["BATCH_WINDOW_S"]),
        settings.candidates,
        settings.ttl_s,
    )
    return replace(found, finishing=FINISHING, worths=worths) if name in LOOKING_AHEAD else found
