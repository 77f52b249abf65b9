"""`./hansom simulate`: one day of a city under one or several policies, compared on the same riders and drivers."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.status import Status

from hansom.cities import City, UnknownCity, city_of
from hansom.settings import load_config
from services.matching.settings import POLICIES
from services.matching.simulation.day import Day, Scenario, Tariff
from services.matching.simulation.demand import draw, read_trips, stadium
from services.matching.simulation.engine import simulate
from services.matching.simulation.figures import figures
from services.matching.simulation.grid import RoadGrid, RoadsDown, load_grid
from services.matching.simulation.hints import forecast
from services.matching.simulation.learning import earlier_seeds, learn
from services.matching.simulation.page import Words, page
from services.matching.simulation.planning import LOOKING_AHEAD, a_day, dispatching, shifts_for
from services.matching.simulation.report import figures_of, show, table_rows
from services.matching.simulation.surging import Surging, surge_rule
from services.matching.simulation.worths import Worths

SURGE_RULE = "services.pricing.domain.surge"
SCENARIOS = ("day", "stadium")


@dataclass(frozen=True, slots=True)
class Asked:
    """The command line."""

    city: str
    policies: tuple[str, ...]
    rides: int
    drivers: int
    seed: int
    places: int
    trips: Path | None
    scenario: str
    crowd: int
    surge: bool
    surge_rule: str
    hints: bool
    earlier_days: int
    page: Path | None
    json: bool


def parse(arguments: Sequence[str] | None = None) -> Asked:
    parser = argparse.ArgumentParser(prog="hansom simulate", description=__doc__)
    parser.add_argument("--city", default="", help="the default city if not given")
    parser.add_argument(
        "--policy", default="nearest,batch,foresight", help="one or several, separated by commas (%(default)s)"
    )
    parser.add_argument("--rides", type=int, default=20_000, help="asked for in the day (%(default)s)")
    parser.add_argument("--drivers", type=int, default=1_000, help="each works one shift (%(default)s)")
    columns = "requested_at, pickup_lat, pickup_lng, dropoff_lat, dropoff_lng"
    parser.add_argument("--trips", type=Path, help=f"a CSV of real trips instead of a drawn day: {columns}")
    parser.add_argument("--scenario", choices=SCENARIOS, default="day", help="stadium: a crowd leaves it at 22:00")
    parser.add_argument("--crowd", type=int, default=2_000, help="how many leave the stadium (%(default)s)")
    parser.add_argument("--surge", action="store_true", help="fares surge up to the city's cap, and people mind")
    parser.add_argument("--surge-rule", default=SURGE_RULE, help="the module of the rule (%(default)s)")
    parser.add_argument("--hints", action="store_true", help="drivers without a ride are told where cars are missing")
    told = "days that foresight learns from before, other than the one that is shown (%(default)s)"
    parser.add_argument("--earlier-days", type=int, default=2, help=told)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--places", type=int, default=1_000, help="places on the roads that people go between")
    parser.add_argument("--page", type=Path, metavar="FILE.html", help="write a page of plots")
    parser.add_argument("--json", action="store_true", help="the JSON line only")
    given = vars(parser.parse_args(arguments))
    names = tuple(name.strip() for name in given.pop("policy").split(","))
    for name in names:
        if name not in POLICIES:
            parser.error(f"there is no policy {name}: there are {', '.join(POLICIES)}")
    return Asked(policies=names, **given)


def main() -> int:
    asked, config = parse(), load_config()
    console = Console(stderr=True, quiet=asked.json)
    try:
        city = city_of(config, asked.city or config["DEFAULT_CITY"])
        scenario = prepare(asked, city, config, console)
        days = live(asked, scenario, city, config, console)
        found = {name: (figures(day), took_s) for name, (day, took_s) in days.items()}
        line = orjson.dumps(as_dict(asked, city, figures_of(found))).decode()
        rows, title = table_rows(found), f"A simulated day in {city.name}"
        if asked.page is not None:
            words = Words(title, about(asked), rows, line)
            asked.page.write_text(page({name: day for name, (day, _) in days.items()}, words), encoding="utf-8")
    except (UnknownCity, RoadsDown, OSError, ValueError) as exc:
        print(f"hansom simulate: {exc}", file=sys.stderr)
        return 2
    if not asked.json:
        show(rows, title)
    print(line)
    return 0


def prepare(asked: Asked, city: City, config: dict[str, Any], console: Console) -> Scenario:
    """The day that is asked for. Raises RoadsDown, OSError, ValueError."""
    folder = Path(config["CITY_DATA"]) / city.key
    grid = load_grid(city.osrm_url, city.service_area, asked.places, folder, console.print)
    day = a_day(grid, asked.rides, asked.drivers, asked.seed, tariff=tariff_of(city))
    if asked.trips:
        requests = read_trips(asked.trips, grid, city.service_area)
        day = replace(day, requests=requests, shifts=shifts_for(requests, grid, asked.drivers, asked.seed, day.habits))
    if asked.scenario == "stadium":
        day = replace(day, requests=stadium(grid, day.requests, asked.seed, riders=asked.crowd))
    if asked.surge:
        day = replace(day, surging=Surging(surge_rule(asked.surge_rule), round(10 * city.surge_cap)))
    if asked.hints:
        earlier_days = (draw(grid, asked.rides, seed) for seed in earlier_seeds(asked.seed, max(1, asked.earlier_days)))
        day = replace(day, expected=forecast(earlier_days, len(grid)))
    return day


def live(
    asked: Asked, scenario: Scenario, city: City, config: dict[str, Any], console: Console
) -> dict[str, tuple[Day, float]]:
    """Policy → the day under it, and the seconds that it took."""
    found = {}
    for name in asked.policies:
        worths = earlier(asked, scenario.grid, city, config, console) if name in LOOKING_AHEAD else None
        how = dispatching(name, config, worths, city=city.key)
        began = time.monotonic()
        with console.status(f"{name}: {len(scenario.requests)} riders, {asked.drivers} drivers") as status:
            day = simulate(scenario, how, partial(_tell, status, name))
        found[name] = (day, time.monotonic() - began)
    return found


def earlier(asked: Asked, grid: RoadGrid, city: City, config: dict[str, Any], console: Console) -> Worths | None:
    """What earlier days taught; of real trips there are none."""
    if asked.trips or asked.earlier_days < 1:
        return None
    seeds = earlier_seeds(asked.seed, asked.earlier_days)
    with console.status(f"{len(seeds)} days before"):
        days = (a_day(grid, asked.rides, asked.drivers, seed) for seed in seeds)
        return learn(days, dispatching("batch", config, city=city.key))


def _tell(status: Status, name: str, at_s: float) -> None:
    status.update(f"{name}: {at_s // 3600:02.0f}:{at_s % 3600 // 60:02.0f}")


def tariff_of(city: City) -> Tariff:
    """The city's standard tariff, by which simulated drivers are paid."""
    for tariff in city.tariffs:
        if tariff["category"] == "standard":
            return Tariff(*(float(tariff[name]) for name in ("base", "per_km", "per_minute", "minimum")))
    return Tariff()


def about(asked: Asked) -> str:
    """The scenario in a sentence."""
    riders = f"the trips of {asked.trips.name}" if asked.trips else f"{asked.rides:,} requests"
    crowd = f", {asked.crowd:,} more who leave a stadium at 22:00" if asked.scenario == "stadium" else ""
    fares = "fares that surge" if asked.surge else "steady fares"
    hints = ", hints to drivers" if asked.hints else ""
    return f"{riders}{crowd}, {asked.drivers:,} drivers, {fares}{hints}, seed {asked.seed}."


def as_dict(asked: Asked, city: City, policies: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "simulation": city.key,
        "seed": asked.seed,
        "drivers": asked.drivers,
        "scenario": asked.scenario,
        "surge": asked.surge,
        "hints": asked.hints,
        "policies": policies,
    }


if __name__ == "__main__":
    sys.exit(main())
