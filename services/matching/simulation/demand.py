"""Who wants to go where and when: drawn from a profile of the day, or read from a file of real trips."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from hansom.cities import Area
from services.matching.simulation.grid import RoadGrid

DAY_S = 86_400

WEEKDAY = (8, 5, 3, 3, 4, 8, 20, 45, 60, 42, 34, 36, 40, 38, 38, 44, 55, 66, 62, 50, 40, 34, 26, 16)
"""Requests by hour of a working day, any unit: quiet at night, a morning peak and a longer one in the evening."""

ZONES = (
    # share by hour of night, morning, day, evening; how far a zone reaches, of the city's width
    ("homes", (0.25, 0.60, 0.30, 0.25), 0.30),
    ("offices", (0.05, 0.20, 0.40, 0.35), 0.10),
    ("night life", (0.60, 0.05, 0.10, 0.25), 0.06),
    ("station", (0.10, 0.15, 0.20, 0.15), 0.03),
)
TYPICAL_TRIP_S = 540.0
"""Destinations thin out with road time as exp(-t / this)."""

SHORTEST_TRIP_S = 90.0

STADIUM_M = 150.0
"""The gates of a stadium are within this of its middle."""

LAYOUT = 1
"""Where homes, offices, night life and the station lie on the city's roads: a number for each way to put them."""


@dataclass(frozen=True, slots=True)
class Request:
    """A rider who asks at `at_s` (seconds since midnight) for a ride between two places of the grid."""

    number: int
    at_s: float
    pickup: int
    dropoff: int
    crowd: bool = False
    """One of those who leave a place together."""


def draw(
    grid: RoadGrid, rides: int, seed: int, hours: Sequence[float] = WEEKDAY, layout: int = LAYOUT
) -> list[Request]:
    """`rides` requests of one day: a Poisson process by hour, given its total; places by zones and hour.

    Zones lie where the `layout` puts them, on all days, so that one day teaches something about the next.
    """
    dice = np.random.default_rng([seed, 1])
    by_hour = np.asarray(hours, dtype=float)
    hour = dice.choice(24, size=rides, p=by_hour / by_hour.sum())
    at_s = np.sort((hour + dice.random(rides)) * 3600)
    starts, ends = _zone_weights(grid, layout), _zone_weights(grid, layout, ends=True)
    near = np.exp(-grid.seconds / TYPICAL_TRIP_S)
    near[grid.seconds < SHORTEST_TRIP_S] = 0.0
    near[~np.isfinite(grid.seconds)] = 0.0
    requests = []
    for number, moment in enumerate(at_s):
        part = _part_of_day(moment)
        pickup = int(dice.choice(len(grid), p=starts[part]))
        pull = ends[part] * near[pickup]
        dropoff = int(dice.choice(len(grid), p=pull / pull.sum())) if pull.sum() > 0 else pickup
        if dropoff != pickup:
            requests.append(Request(number, float(moment), pickup, dropoff))
    return requests


def stadium(
    grid: RoadGrid,
    requests: Sequence[Request],
    seed: int,
    *,
    riders: int = 2000,
    at_s: float = 22 * 3600.0,
    within_s: float = 1200.0,
    layout: int = LAYOUT,
) -> list[Request]:
    """The day and a crowd: `riders` more who leave one place within so many seconds from `at_s` on.

    They ask from around the stadium, which the layout puts somewhere, more of them in the middle of the time than at
    its ends, and go where people go at that hour.
    """
    gate = int(np.random.default_rng([layout, 4]).integers(len(grid)))
    gates = np.flatnonzero(np.linalg.norm(grid.plane_m - grid.plane_m[gate], axis=1) <= STADIUM_M)
    dice = np.random.default_rng([seed, 5])
    pull = np.exp(-grid.seconds[gate] / TYPICAL_TRIP_S) * _zone_weights(grid, layout, ends=True)[_part_of_day(at_s)]
    pull[~np.isfinite(grid.seconds[gate]) | (grid.seconds[gate] < SHORTEST_TRIP_S)] = 0.0
    moments = at_s + within_s * dice.beta(2, 2, riders)
    pickups, dropoffs = dice.choice(gates, riders), dice.choice(len(grid), riders, p=pull / pull.sum())
    first = 1 + max((request.number for request in requests), default=-1)
    crowd = [
        Request(first + number, float(moment), int(pickup), int(dropoff), crowd=True)
        for number, (moment, pickup, dropoff) in enumerate(zip(moments, pickups, dropoffs, strict=True))
    ]
    return sorted([*requests, *crowd], key=lambda request: request.at_s)


def _part_of_day(at_s: float) -> int:
    """0 night, 1 morning, 2 day, 3 evening."""
    hour = int(at_s // 3600) % 24
    return 0 if hour < 6 or hour >= 22 else 1 if hour < 10 else 2 if hour < 16 else 3


def _zone_weights(grid: RoadGrid, layout: int, *, ends: bool = False) -> np.ndarray:
    """(4, N): how much each place is asked for in each part of the day. Where rides end in the morning they begin in
    the evening."""
    dice = np.random.default_rng([layout, 2])
    width_m = float(np.ptp(grid.plane_m, axis=0).max())
    weights = np.full((4, len(grid)), 0.15 / len(grid))
    for _, shares, reach in ZONES:
        centre = grid.plane_m[dice.integers(len(grid))]
        bump = np.exp(-0.5 * (np.linalg.norm(grid.plane_m - centre, axis=1) / (reach * width_m)) ** 2)
        turned = (shares[3], shares[3], shares[2], shares[1]) if ends else shares
        weights += np.outer(turned, bump / bump.sum())
    return weights / weights.sum(axis=1, keepdims=True)


def read_trips(file: Path, grid: RoadGrid, area: Area) -> list[Request]:
    """Real trips from a CSV `requested_at,pickup_lat,pickup_lng,dropoff_lat,dropoff_lng`, oldest first.

    Trips of another place are moved onto the city: their middle nine tenths are stretched over the service area. Times
    count from the midnight before the first. Raises OSError, ValueError that names the line.
    """
    moments: list[datetime] = []
    rows: list[list[float]] = []
    with open(file, newline="", encoding="utf-8") as source:
        for number, row in enumerate(csv.DictReader(source), start=2):
            try:
                moments.append(datetime.fromisoformat(row["requested_at"]))
                rows.append([float(row[f"{end}_{axis}"]) for end in ("pickup", "dropoff") for axis in ("lat", "lng")])
            except (KeyError, TypeError, ValueError) as exc:
                raise ValueError(f"{file}, line {number}: {exc}") from exc
    if not rows:
        raise ValueError(f"{file} has no trips")
    ends = np.array(rows).reshape(-1, 2)
    inside = (ends >= (area.south, area.west)) & (ends <= (area.north, area.east))
    if inside.all(axis=1).mean() < 0.5:
        ends = _moved(ends, area)
    places = grid.nearest(ends).reshape(-1, 2)
    first = min(moments)
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    order = sorted(range(len(moments)), key=lambda number: moments[number])
    return [
        Request(number, (moments[number] - midnight).total_seconds(), int(places[number, 0]), int(places[number, 1]))
        for number in order
        if places[number, 0] != places[number, 1]
    ]


def _moved(points: np.ndarray, area: Area) -> np.ndarray:
    low, high = np.quantile(points, 0.05, axis=0), np.quantile(points, 0.95, axis=0)
    share = np.clip((points - low) / np.maximum(high - low, 1e-9), 0.0, 1.0)
    south_west, north_east = np.array((area.south, area.west)), np.array((area.north, area.east))
    return south_west + share * (north_east - south_west)
