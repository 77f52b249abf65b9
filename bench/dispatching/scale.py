"""One batch of a thousand and of five thousand trips: seconds and memory of the road times and of the policy.

Trips and drivers are at random places near the city's roads, road times are OSRM's own. Sparse is what the service
does: the 30 nearest drivers of each trip, put into tables by its own code and answered by maps' own, the first time and
once more (what was asked in the window before is remembered). Dense is every driver for every trip. Each size is
measured in a process of its own, and each policy in a copy of it, so that its memory is its own.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from math import cos, exp, log, radians
from pathlib import Path
from random import Random
from time import perf_counter, process_time
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from bench.dispatching.towns import Town, roads_of
from bench.load.road_server import NoRoadServer
from hansom.cities import Area
from hansom.settings import load_config
from hansom.values import METRES_A_DEGREE, Point
from services.maps.storage.atlas import Atlas
from services.maps.usecases import road_table
from services.matching.domain.model import Batch, FreeDriver, Rules, WaitingTrip
from services.matching.domain.tables import TablePlan, plan_tables, road_times
from services.matching.settings import POLICIES

CANDIDATES = 30
SPARSE = (500, 1_000, 2_000, 5_000)
DENSE = (250, 500, 1_000)
MEASURED = ("nearest_eta", "batch", "foresight")
TIMES = 3
"""The least of so many runs of a policy counts."""

AT_ONCE = 2
"""Tables asked for at the same time; the road server has two threads. Each has a memory of road times of its own."""

SIDE = 500
SCATTER_M = 150.0
MEAN_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Size:
    """So many trips and as many drivers, on the roads that answer at `url`."""

    extract: Path
    area: Area
    url: str
    points: np.ndarray
    count: int
    dense: bool
    seed: int


def scale(town: Town, seed: int, say: Callable[[str], Any]) -> dict[str, Any]:
    """Every size in this town, and how fast seconds and memory grow with the number of trips."""
    rows = []
    with roads_of(town.extract) as url:
        for dense, counts in ((False, SPARSE), (True, DENSE)):
            for count in counts:
                size = Size(town.extract, town.area, url, town.grid.points, count, dense, seed)
                say(f"{town.name}: a batch of {count} x {count}, {'dense' if dense else 'sparse'}")
                rows.append(_alone(size))
    return {"town": town.name, "rows": rows, "growth": {kind: growth(rows, kind) for kind in ("sparse", "dense")}}


def growth(rows: Sequence[Mapping[str, Any]], kind: str) -> dict[str, float]:
    """The power of the number of trips by which seconds of the policy `batch` and its memory grow (least squares)."""
    own = [row for row in rows if row["kind"] == kind]
    counts = np.log([row["count"] for row in own])
    return {
        "seconds": round(float(np.polyfit(counts, np.log([row["batch_s"] for row in own]), 1)[0]), 2),
        "memory": round(float(np.polyfit(counts, np.log([max(0.1, row["batch_mib"]) for row in own]), 1)[0]), 2),
    }


def _alone(size: Size) -> dict[str, Any]:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
        return alone.submit(measure, size).result()


def measure(size: Size) -> dict[str, Any]:
    """Seconds to ask for the road times, to put them together, and of each policy, with the memory that it took."""
    logging.getLogger("services.maps").setLevel(logging.CRITICAL)  # only roads are needed, and no edges are there
    trips, drivers = people(size)
    candidates = _candidates(trips, drivers, len(drivers) if size.dense else CANDIDATES)
    plans = _blocks(trips, drivers) if size.dense else plan_tables(trips, candidates)
    maps = [_atlas(size.url) for _ in range(AT_ONCE)]
    began = perf_counter()
    _ask(maps, trips, drivers, plans)
    asked_s = perf_counter() - began
    began = perf_counter()
    tables = _ask(maps, trips, drivers, plans)
    again_s = perf_counter() - began
    began = perf_counter()
    times = road_times(plans, tables, candidates)
    joined_s = perf_counter() - began
    del tables, candidates
    batch = Batch(tuple(trips), tuple(drivers), times)
    found: dict[str, Any] = {
        "kind": "dense" if size.dense else "sparse",
        "count": size.count,
        "pairs": len(times),
        "tables": len(plans),
        "cells": sum(len(plan.driver_ids) * len(plan.trip_ids) for plan in plans),
        "road_times_s": round(asked_s, 3),
        "again_s": round(again_s, 3),
        "joined_s": round(joined_s, 3),
    }
    for name in MEASURED:
        # a copy of this process, which has the batch: what one policy leaves behind is not the next one's
        with ProcessPoolExecutor(1, multiprocessing.get_context("fork"), initializer=_keep, initargs=(batch,)) as copy:
            found |= copy.submit(_policy, name).result()
    return found


_kept: list[Batch] = []


def _keep(batch: Batch) -> None:
    _kept.append(batch)
    gc.collect()
    gc.freeze()


def _policy(name: str) -> dict[str, Any]:
    batch = _kept[0]
    policy, rules = POLICIES[name], Rules()
    spent: list[tuple[float, float]] = []
    before_mib = _memory_mib("VmRSS", forget_peak=True)
    for _ in range(TIMES):
        began, began_cpu_s = perf_counter(), process_time()
        proposal = policy(batch, rules)
        spent.append((perf_counter() - began, process_time() - began_cpu_s))
    return {
        f"{name}_s": round(min(took_s for took_s, _ in spent), 3),
        f"{name}_cpu_s": round(min(cpu_s for _, cpu_s in spent), 3),
        f"{name}_mib": round(_memory_mib("VmHWM") - before_mib, 1),
        f"{name}_pairs": len(proposal.pairs),
    }


def people(size: Size) -> tuple[list[WaitingTrip], list[FreeDriver]]:
    """As many trips as drivers, waiting for a minute in the mean, each within the service area."""
    rng = Random(size.seed * 1_000_003 + size.count)

    def somewhere() -> Point:
        lat, lng = size.points[rng.randrange(len(size.points))]
        north, east = rng.gauss(0, SCATTER_M) / METRES_A_DEGREE, rng.gauss(0, SCATTER_M) / METRES_A_DEGREE
        lat, lng = float(lat) + north, float(lng) + east / cos(radians(lat))
        area = size.area
        return Point(min(max(lat, area.south), area.north), min(max(lng, area.west), area.east))

    trips = []
    for number in range(size.count):
        waited_s = min(290.0, -log(1 - rng.random()) * MEAN_WAIT_S)
        trips.append(
            WaitingTrip(
                f"trip-{number}",
                "standard",
                somewhere(),
                waited_s,
                dropoff=somewhere(),
                patience_left_s=300.0 - waited_s,
                worth_s=rng.gauss(0, 60),
            )
        )
    drivers = [
        FreeDriver(
            f"driver-{number}",
            somewhere(),
            idle_s=rng.expovariate(1 / 600),
            accept_rate=1 / (1 + exp(-rng.gauss(2, 0.5))),
            worth_s=rng.gauss(0, 60),
        )
        for number in range(size.count)
    ]
    return trips, drivers


def _candidates(trips: Sequence[WaitingTrip], drivers: Sequence[FreeDriver], count: int) -> dict[str, list[FreeDriver]]:
    """The nearest drivers of each trip in a straight line."""
    east = cos(radians(trips[0].pickup.lat))
    tree = cKDTree([(driver.point.lat, driver.point.lng * east) for driver in drivers])
    _, near = tree.query([(trip.pickup.lat, trip.pickup.lng * east) for trip in trips], k=count)
    return {trip.trip_id: [drivers[n] for n in own] for trip, own in zip(trips, near.tolist(), strict=True)}


def _ask(
    maps: Sequence[Atlas], trips: Sequence[WaitingTrip], drivers: Sequence[FreeDriver], plans: Sequence[TablePlan]
) -> list[list[list[float | None]]]:
    """What maps' own code answers to each plan, as many at once as the road server has threads."""
    cars = {driver.driver_id: (driver.point.lat, driver.point.lng) for driver in drivers}
    pickups = {trip.trip_id: (trip.pickup.lat, trip.pickup.lng) for trip in trips}
    now = datetime.now(UTC)

    def some(number: int) -> list[list[list[float | None]]]:
        answers = []
        for plan in plans[number::AT_ONCE]:
            ends = [cars[driver] for driver in plan.driver_ids], [pickups[trip] for trip in plan.trip_ids]
            answer = road_table(maps[number], *ends, now)
            if answer.estimated:
                raise NoRoadServer("osrm-routed did not answer in time")
            answers.append(answer.durations_s)
        return answers

    with ThreadPoolExecutor(AT_ONCE) as pool:
        shares = list(pool.map(some, range(AT_ONCE)))
    return [shares[number % AT_ONCE][number // AT_ONCE] for number in range(len(plans))]


def _blocks(trips: Sequence[WaitingTrip], drivers: Sequence[FreeDriver]) -> list[TablePlan]:
    return [
        TablePlan(
            tuple(driver.driver_id for driver in drivers[top : top + SIDE]),
            tuple(trip.trip_id for trip in trips[left : left + SIDE // 2]),
        )
        for top in range(0, len(drivers), SIDE)
        for left in range(0, len(trips), SIDE // 2)
    ]


def _atlas(url: str) -> Atlas:
    config = load_config()
    everywhere = [-89.0, -179.0, 89.0, 179.0]
    city = {**config["CITIES"][config["DEFAULT_CITY"]], "service_area": everywhere, "osrm_url": url}
    return Atlas({**config, "CITIES": {"asked": city}, "DEFAULT_CITY": "asked", "CITY_DATA": "", "OSRM_TIMEOUT_S": 20})


def _memory_mib(name: str, *, forget_peak: bool = False) -> float:
    """Resident memory of this process (VmRSS) or its peak (VmHWM), as Linux counts it."""
    if forget_peak:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    return int(found.group(1)) / 1024 if found else float("nan")
