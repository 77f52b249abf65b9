"""`./hansom simulate`: one day of a city under one or several policies, compared on the same riders and drivers."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.status import Status
from rich.table import Table

from hansom.cities import City, UnknownCity, city_of
from hansom.settings import load_config
from services.matching.domain.model import Rules
from services.matching.domain.policies import policies
from services.matching.simulation.day import Dispatching, Scenario, Tariff
from services.matching.simulation.demand import WEEKDAY, draw, read_trips
from services.matching.simulation.engine import simulate
from services.matching.simulation.figures import Figures, figures
from services.matching.simulation.grid import RoadsDown, load_grid
from services.matching.simulation.people import Habits, draw_shifts
from services.matching.solver import solve

ROWS = (
    ("completed, of 100", "completed_share", 100),
    ("nobody found, of 100", "unserved", None),
    ("gave up waiting, of 100", "gave_up", None),
    ("cancelled, of 100", "cancelled", None),
    ("pickup time, mean s", "pickup_mean_s", 1),
    ("pickup time, p50 s", "pickup_p50_s", 1),
    ("pickup time, p90 s", "pickup_p90_s", 1),
    ("request to car, mean s", "wait_mean_s", 1),
    ("request to car, p90 s", "wait_p90_s", 1),
    ("empty kilometres, of 100", "empty_share", 100),
    ("earned an hour, mean", "earned_an_hour", 0.01),
    ("earned an hour, p10", "earned_p10_an_hour", 0.01),
    ("spread of earnings, Gini", "gini", 1),
)
"""What it says, whose figure it is, and its scale; None: a count, shown as a share of the requests."""


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
    json: bool


def parse(arguments: Sequence[str] | None = None) -> Asked:
    parser = argparse.ArgumentParser(prog="hansom simulate", description=__doc__)
    parser.add_argument("--city", default="", help="the default city if not given")
    parser.add_argument("--policy", default="nearest,batch", help="one or several, separated by commas (%(default)s)")
    parser.add_argument("--rides", type=int, default=20_000, help="asked for in the day (%(default)s)")
    parser.add_argument("--drivers", type=int, default=1_000, help="each works one shift (%(default)s)")
    columns = "requested_at, pickup_lat, pickup_lng, dropoff_lat, dropoff_lng"
    parser.add_argument("--trips", type=Path, help=f"a CSV of real trips instead of a drawn day: {columns}")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--places", type=int, default=1_000, help="places on the roads that people go between")
    parser.add_argument("--json", action="store_true", help="the JSON line only")
    given = parser.parse_args(arguments)
    known = policies(solve)
    names = tuple(name.strip() for name in given.policy.split(","))
    for name in names:
        if name not in known:
            parser.error(f"there is no policy {name}: there are {', '.join(known)}")
    return Asked(given.city, names, given.rides, given.drivers, given.seed, given.places, given.trips, given.json)


def main() -> int:
    asked, config = parse(), load_config()
    console = Console(stderr=True, quiet=asked.json)
    try:
        city = city_of(config, asked.city or config["DEFAULT_CITY"])
        found = run(asked, city, config, console)
    except (UnknownCity, RoadsDown, OSError, ValueError) as exc:
        print(f"hansom simulate: {exc}", file=sys.stderr)
        return 2
    if not asked.json:
        show(found, city)
    print(orjson.dumps(as_dict(asked, city, found)).decode())
    return 0


def run(asked: Asked, city: City, config: dict[str, Any], console: Console) -> dict[str, tuple[Figures, float]]:
    """Policy → the day's figures and the seconds it took."""
    folder = Path(config["CITY_DATA"]) / city.key
    grid = load_grid(city.osrm_url, city.service_area, asked.places, folder, console.print)
    requests = read_trips(asked.trips, grid, city.service_area) if asked.trips else draw(grid, asked.rides, asked.seed)
    habits = Habits()
    shifts = draw_shifts(grid, asked.drivers, asked.seed, WEEKDAY, habits)
    scenario = Scenario(grid, requests, shifts, habits, asked.seed, tariff_of(city))
    found = {}
    for name in asked.policies:
        dispatching = Dispatching(
            policies(solve)[name],
            Rules(max_pickup_s=float(config["MATCHING_MAX_PICKUP_S"])),
            float(config["BATCH_WINDOW_S"]),
            int(config["MATCHING_CANDIDATES"]),
            float(config["OFFER_TTL_S"]),
        )
        began = time.monotonic()
        with console.status(f"{name}: {len(requests)} riders, {asked.drivers} drivers") as status:
            day = simulate(scenario, dispatching, partial(_tell, status, name))
        found[name] = (figures(day), time.monotonic() - began)
    return found


def _tell(status: Status, name: str, at_s: float) -> None:
    status.update(f"{name}: {at_s // 3600:02.0f}:{at_s % 3600 // 60:02.0f}")


def tariff_of(city: City) -> Tariff:
    """The city's standard tariff, by which simulated drivers are paid."""
    for tariff in city.tariffs:
        if tariff["category"] == "standard":
            return Tariff(*(float(tariff[name]) for name in ("base", "per_km", "per_minute", "minimum")))
    return Tariff()


def show(found: dict[str, tuple[Figures, float]], city: City) -> None:
    table = Table(title=f"A simulated day in {city.name}", title_justify="left")
    table.add_column("")
    for name in found:
        table.add_column(name, justify="right")
    for label, field, scale in ROWS:
        table.add_row(label, *(_cell(day, field, scale) for day, _ in found.values()))
    table.add_row("took, s", *(f"{took_s:.1f}" for _, took_s in found.values()))
    Console().print(table)


def _cell(day: Figures, field: str, scale: float | None) -> str:
    value = float(getattr(day, field))
    scaled = 100 * value / max(1, day.requests) if scale is None else value * scale
    return f"{scaled:.3f}" if field == "gini" else f"{scaled:.1f}"


def as_dict(asked: Asked, city: City, found: dict[str, tuple[Figures, float]]) -> dict[str, Any]:
    return {
        "simulation": city.key,
        "seed": asked.seed,
        "drivers": asked.drivers,
        "policies": {name: {**day.as_dict(), "took_s": round(took_s, 2)} for name, (day, took_s) in found.items()},
    }


if __name__ == "__main__":
    sys.exit(main())
