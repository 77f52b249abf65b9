"""The cities whose days are lived, and how many drivers each has when they are scarce, balanced and plentiful."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.load.road_server import prepared, road_server
from hansom.cities import Area, city_of
from hansom.cities.deriving import area_of_roads
from hansom.cities.extract import read
from hansom.stack import wheels
from services.matching.simulation.demand import Request
from services.matching.simulation.grid import RoadGrid, load_grid
from services.matching.simulation.people import Habits

PLACES = 1_000
LOADS = {"scarce": 4 / 3, "balanced": 1.0, "plentiful": 0.5}
"""Driver time that the day's requests would take if all were served, over the driver time on shift."""


@dataclass(frozen=True, slots=True)
class Town:
    """A city of the benchmark: its service area, and road times of OSRM between places on its roads."""

    name: str
    extract: Path
    area: Area
    grid: RoadGrid


def towns(config: dict[str, Any], extracts: Sequence[Path], say: Callable[[str], Any]) -> list[Town]:
    """The default city from the extract that the project carries, and each of these. Raises NoRoadServer, OSError."""
    city = city_of(config, config["DEFAULT_CITY"])
    carried = wheels.carried_extract("Helsinki.osm.pbf")
    return [_town(city.key, carried, city.service_area, say)] + [
        _town(extract.name.removesuffix(".osm.pbf").lower(), extract, area_served(extract), say) for extract in extracts
    ]


def area_served(extract: Path) -> Area:
    """What `./hansom city add` would serve of it: the box around its roads. Raises NotDerived, OSError."""
    found = read(extract)
    return area_of_roads(found.roads, found.bounds)


def _town(name: str, extract: Path, area: Area, say: Callable[[str], Any]) -> Town:
    folder = prepared(extract).parent
    with roads_of(extract) as url:
        return Town(name, extract, area, load_grid(url, area, PLACES, folder, lambda text: say(f"{name}: {text}")))


@contextmanager
def roads_of(extract: Path) -> Iterator[str]:
    """The address of a road server of its own, for as long as the block runs."""
    with road_server(extract) as url:
        yield url


def service_s(grid: RoadGrid, requests: Sequence[Request], habits: Habits) -> float:
    """Mean seconds that a driver needs for one request, whoever chooses him.

    The ride, boarding and his answer; for the way to the pickup, which is what policies differ in, half the mean road
    time between two places of the city.
    """
    ride_s = float(np.mean([grid.seconds[request.pickup, request.dropoff] for request in requests]))
    between_s = float(grid.seconds[np.isfinite(grid.seconds) & (grid.seconds > 0)].mean())
    return ride_s + between_s / 2 + sum(habits.boarding_s) / 2 + sum(habits.answer_s) / 2


def fleet(load: float, grid: RoadGrid, requests: Sequence[Request], habits: Habits) -> int:
    """How many drivers, each with a shift of mean length, bring this load."""
    shift_s = sum(habits.shift_s) / 2
    return max(1, round(len(requests) * service_s(grid, requests, habits) / (shift_s * load)))
