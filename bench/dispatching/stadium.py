"""A stadium empties within twenty minutes: the same evening with fares that surge and with fares that do not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bench.dispatching.days import town_of
from bench.dispatching.paired import difference, interval
from bench.dispatching.towns import LOADS, Town, fleet
from hansom.cities import city_of
from hansom.settings import load_config
from services.matching.simulation.day import Trip
from services.matching.simulation.demand import draw, stadium
from services.matching.simulation.engine import simulate
from services.matching.simulation.figures import Figures, figures
from services.matching.simulation.people import Habits
from services.matching.simulation.planning import a_day, dispatching
from services.matching.simulation.surging import Surging, surge_rule

RULE = "services.pricing.domain.surge"
POLICY = "batch"
FROM_S, FOR_S, CROWD_S = 22 * 3600.0, 5400.0, 1200.0
"""When the crowd begins to ask, for how long riders are counted, and in how long it has asked."""

SHARE = 0.03
"""The crowd who want a ride, of the day's requests: the whole city usually has 1.1 % of them in that time."""

COUNTED = ("crowd", "others")


@dataclass(frozen=True, slots=True)
class Evening:
    """One day with a stadium; `surges`: whether fares rise."""

    town: str
    rides: int
    drivers: int
    seed: int
    surges: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of the crowd, and of those who asked elsewhere meanwhile. `paid_more`: mean multiplier of the crowd's
    completed rides."""

    evening: Evening
    counted: dict[str, dict[str, float]]
    paid_more: float


def evenings(town: Town, rides: int, seeds: Sequence[int]) -> list[Evening]:
    """Each seed twice, with as many drivers as are balanced on a day without a stadium."""
    drivers = fleet(LOADS["balanced"], town.grid, draw(town.grid, rides, seed=0), Habits())
    return [Evening(town.name, rides, drivers, seed, surges) for seed in seeds for surges in (False, True)]


def live_evening(evening: Evening) -> Ended:
    """Live it in a worker."""
    grid, config = town_of(evening.town).grid, load_config()
    day = a_day(grid, evening.rides, evening.drivers, evening.seed, layout=evening.seed)
    riders = int(evening.rides * SHARE)
    crowd = stadium(grid, day.requests, evening.seed, riders=riders, at_s=FROM_S, within_s=CROWD_S, layout=evening.seed)
    cap = city_of(config, config["DEFAULT_CITY"]).surge_cap
    surging = Surging(surge_rule(RULE), cap_tenths=round(cap * 10)) if evening.surges else None
    lived = simulate(replace(day, requests=crowd, surging=surging), dispatching(POLICY, config))
    multipliers = [trip.multiplier for trip in lived.trips if trip.request.crowd and trip.outcome == "completed"]
    counted = {"crowd": figures(lived, _of_crowd), "others": figures(lived, _of_others)}
    return Ended(
        evening,
        {name: _short(found) for name, found in counted.items()},
        sum(multipliers) / len(multipliers) if multipliers else 1.0,
    )


def _of_crowd(trip: Trip) -> bool:
    return trip.request.crowd


def _of_others(trip: Trip) -> bool:
    return not trip.request.crowd and FROM_S <= trip.request.at_s < FROM_S + FOR_S


def _short(found: Figures) -> dict[str, float]:
    """Shares in points of 100 of all who wanted a ride; of those who asked, how many were left without."""
    asked = found.requests - found.priced_out
    return {
        "requests": found.requests,
        "completed": 100 * found.completed_share,
        "priced_out": 100 * found.priced_out / max(1, found.requests),
        "left_of_asked": 100 * (found.unserved + found.gave_up) / max(1, asked),
        "wait_mean_s": found.wait_mean_s,
        "wait_worst_s": found.wait_worst_s,
    }


def compared(ended: Iterable[Ended]) -> dict[str, Any]:
    """Means without and with surge, and the difference with its interval, seed by seed."""
    by_seed: dict[bool, dict[int, Ended]] = {False: {}, True: {}}
    for each in ended:
        by_seed[each.evening.surges][each.evening.seed] = each
    seeds = sorted(by_seed[True])
    found: dict[str, Any] = {
        "town": by_seed[True][seeds[0]].evening.town,
        "drivers": by_seed[True][seeds[0]].evening.drivers,
        "rides": by_seed[True][seeds[0]].evening.rides,
        "multiplier": interval([by_seed[True][seed].paid_more for seed in seeds]).as_dict(),
    }
    for group in COUNTED:
        names = by_seed[True][seeds[0]].counted[group]
        found[group] = {}
        for name in names:
            without, surged = (
                [by_seed[with_it][seed].counted[group][name] for seed in seeds] for with_it in (False, True)
            )
            found[group][name] = {
                "without": interval(without).as_dict(1)["mean"],
                "with": interval(surged).as_dict(1)["mean"],
                "difference": difference(surged, without).as_dict(1),
            }
    return found
