"""`./hansom bench dispatch`: what each policy makes of the same days, how near it comes to hindsight, how it scales.

Days are lived by the simulator (services/matching/simulation) with the very policies that `matching` runs, on road
times of OSRM: the city that the project carries and any other extract. Each seed is another city laid out on the same
roads and another day in it; policies are compared seed by seed. Drivers are scarce, balanced or plentiful by a rule
that no policy has a part in (bench/dispatching/towns.py). Then one batch of thousands, two `./hansom demo` with the
same seed, and an evening when a stadium empties, with fares that surge and without.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench import report
from bench.dispatching import compared, stadium
from bench.dispatching.days import Lived, Task, Workers, live, workers
from bench.dispatching.live import City, demos
from bench.dispatching.scale import scale
from bench.dispatching.tables import show
from bench.dispatching.towns import LOADS, Town, towns
from bench.dispatching.verdict import targets
from bench.load.road_server import NoRoadServer
from hansom.settings import load_config
from hansom.stack.problems import StackProblem
from services.matching.simulation.grid import RoadsDown

REPOSITORY = Path(__file__).resolve().parents[1]
PARTS = ("policies", "day", "scale", "stadium", "live")
GREAT_DAY = (20_000, 1_000)
"""Rides and drivers of the day by which the simulator's own speed is judged."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Asked:
    """The command line."""

    parts: tuple[str, ...]
    extracts: tuple[Path, ...]
    seeds: tuple[int, ...]
    rides: int
    crowded: int
    live: City
    home: str
    json: bool


def parse(arguments: Sequence[str] | None = None) -> Asked:
    parser = argparse.ArgumentParser(prog="hansom bench dispatch", description=__doc__)
    parser.add_argument("--extract", type=Path, action="append", default=[], help="another .osm.pbf to live days in")
    parser.add_argument("--parts", default=",".join(PARTS), help="which of them (%(default)s)")
    parser.add_argument("--seeds", type=int, default=12, metavar="N", help="days of each kind (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="the first of them (%(default)s)")
    parser.add_argument("--rides", type=int, default=10_000, help="asked for in a day (%(default)s)")
    parser.add_argument(
        "--live-seconds", type=float, default=45.0, help="riders of a demo ask for so long (%(default)s)"
    )
    parser.add_argument("--live-drivers", type=int, default=80, help="cars of a demo (%(default)s)")
    parser.add_argument("--live-riders", type=int, default=80, help="riders of a demo (%(default)s)")
    parser.add_argument("--home", default=os.environ.get("HANSOM_HOME") or str(REPOSITORY / ".hansom"))
    parser.add_argument("--quick", action="store_true", help="3 seeds of 3,000 rides, no demos: to see that it works")
    parser.add_argument("--json", action="store_true", help="the JSON line only")
    given = parser.parse_args(arguments)
    chosen = tuple(given.parts.split(","))
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"unknown parts: {', '.join(sorted(unknown))}")
    if given.quick:
        given.seeds, given.rides, chosen = 3, 3_000, tuple(part for part in chosen if part != "live")
    return Asked(
        parts=tuple(part for part in PARTS if part in chosen),
        extracts=tuple(given.extract),
        seeds=tuple(range(given.seed, given.seed + given.seeds)),
        rides=given.rides,
        crowded=2 * given.rides,
        live=City(given.live_seconds, given.live_drivers, given.live_riders, given.seed),
        home=str(Path(given.home).absolute()),
        json=given.json,
    )


def main() -> int:
    """Runs the benchmark; 0 when every target that was measured is met, 2 when it cannot be run."""
    asked = parse()
    console = Console(stderr=True, quiet=asked.json)
    began = time.monotonic()
    try:
        lots, found = run(asked, console)
    except (NoRoadServer, RoadsDown, StackProblem, OSError, ValueError) as failure:
        print(f"bench dispatch: {failure}", file=sys.stderr)
        return 2
    found["took_s"] = round(time.monotonic() - began)
    found["targets"] = targets(lots, found)
    found["targets_met"] = all(target["ok"] for target in found["targets"].values())
    if not asked.json:
        show(lots, found)
    print(report.last_line("dispatch", asked.seeds[0], found), flush=True)
    return 0 if found["targets_met"] else 1


def run(asked: Asked, console: Console) -> tuple[list[compared.Lot], dict[str, Any]]:
    """The parts that were asked for: days by town and load, and all figures. Demos run in real time beside the days."""
    places = towns(load_config(), asked.extracts, console.print)
    found: dict[str, Any] = {
        "seeds": list(asked.seeds),
        "rides": asked.rides,
        "towns": {town.name: {"places": len(town.grid), "area": _edges(town)} for town in places},
        "loads": LOADS,
    }
    lots: list[compared.Lot] = []
    with ThreadPoolExecutor(1) as beside, workers(places) as pool:
        shown = beside.submit(demos, asked.live, asked.home, console.print) if "live" in asked.parts else None
        if "policies" in asked.parts:
            tasks = compared.tasks(places, asked.rides, asked.seeds)
            lots = compared.lots(_shown(console, "days", pool.run(live, tasks), len(tasks)))
            found |= figures_of(lots)
        if "day" in asked.parts:
            found["day"] = _great_day(pool, places[0], asked.seeds[0], console)
        if "stadium" in asked.parts:
            evenings = [each for town in places for each in stadium.evenings(town, asked.crowded, asked.seeds)]
            ended = _shown(console, "evenings", pool.run(stadium.live_evening, evenings), len(evenings))
            found["stadium"] = [
                stadium.compared([each for each in ended if each.evening.town == town.name]) for town in places
            ]
        if shown is not None:
            found["live"] = shown.result()
    if "scale" in asked.parts:
        # alone: its seconds are those of a machine that does nothing else
        found["scale"] = [scale(town, asked.seeds[0], console.print) for town in places]
    return lots, found


def figures_of(lots: Sequence[compared.Lot]) -> dict[str, Any]:
    """Means, differences and gaps of all days, for the JSON line."""
    return {
        "policies": [
            {"town": lot.town, "load": lot.load, "drivers": lot.drivers, "rows": list(compared.rows(lot))}
            for lot in lots
        ],
        "differences": [
            {"town": lot.town, "load": lot.load, "ours": ours, "theirs": theirs}
            | {name: gain.as_dict() for name, gain in gained.items()}
            for lot in lots
            for ours, theirs, gained in compared.differences(lot)
        ],
        "hindsight": [gap for lot in lots for gap in compared.gaps(lot)],
    }


def _great_day(pool: Workers, town: Town, seed: int, console: Console) -> list[dict[str, Any]]:
    rides, drivers = GREAT_DAY
    tasks = [Task(town.name, "given", rides, drivers, policy, seed) for policy in reversed(compared.POLICIES)]
    lived: list[Lived] = _shown(console, f"{rides:,} rides, {drivers:,} drivers", pool.run(live, tasks), len(tasks))
    return [
        {"policy": day.task.policy, "took_s": round(day.took_s, 1), "completed_share": day.figures["completed_share"]}
        for day in sorted(lived, key=lambda day: compared.POLICIES.index(day.task.policy))
    ]


def _edges(town: Town) -> list[float]:
    return [town.area.south, town.area.west, town.area.north, town.area.east]


def _shown(console: Console, title: str, items: Iterable[Item], count: int) -> list[Item]:
    """All of them, with a bar while they come; a line for each tenth where nobody watches."""
    if console.is_terminal:
        with _bar(console) as bar:
            return list(bar.track(items, total=count, description=title))
    found: list[Item] = []
    for item in items:
        found.append(item)
        if 10 * len(found) // count > 10 * (len(found) - 1) // count:
            console.print(f"{title}: {len(found)} of {count}")
    return found


def _bar(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, disable=console.quiet)


if __name__ == "__main__":
    sys.exit(main())
