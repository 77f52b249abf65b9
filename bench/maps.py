"""`./hansom bench maps`: what remembering road times saves and what it costs in accuracy, and how long a search takes.

A city of cars drives on real roads (bench/load/drives.py); their questions, as the services ask them, are put to the
code behind `maps.table` and `maps.etas`, once without memory and once with, on a road server of the benchmark's own.
Every answer from memory is compared with the road server's own answer to the same question.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import psutil

from bench import report
from bench.load.drives import Country, Drive, scattered
from bench.load.road_server import NoRoadServer, road_server
from hansom.cities.edges import edges_of
from hansom.cities.extract import read
from hansom.cities.files import Place
from hansom.stack import wheels
from hansom.values import Point
from services.maps.storage.edges import EdgeIndex
from services.maps.storage.osrm import Osrm
from services.maps.storage.places import PlaceIndex
from services.maps.storage.remembered import Memory, RememberedTimes
from services.maps.storage.times import RoadTimesMemory

NOISE_M = 5.0
CARS, TICKS, TICK_S = 120, 100, 2.0
"""Half of the cars carry somebody, half are free. A tick is a batch of the matcher."""

WAITING, PATIENCE_TICKS = 4, 5
NEAR_CARS = 30
ETA_EVERY_TICKS = 3
COLD_SIDE = TABLE_MAX = 500
ENTRIES = 1_000_000
MANY_PLACES = 50_000

Coordinates = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Question:
    """A table of all from all, or `pairs` of the first with the first, the second with the second, and so on."""

    sources: list[Coordinates]
    destinations: list[Coordinates]
    pairs: bool

    def ask(self, times: RememberedTimes) -> Any:
        if self.pairs:
            return times.pairs(list(zip(self.sources, self.destinations, strict=True))).seconds
        return times.table(self.sources, self.destinations).seconds


def main() -> int:
    """Runs the benchmark; 2 when there is no road server for it."""
    parser = argparse.ArgumentParser(prog="hansom bench maps", description=__doc__)
    parser.add_argument("--extract", type=Path, action="append", default=[], help="another .osm.pbf to drive in")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="the JSON line only")
    given = parser.parse_args()
    say = (lambda *_: None) if given.json else (lambda text: print(text, flush=True))
    try:
        found = run(given.extract, given.seed, say)
    except (NoRoadServer, OSError) as failure:
        print(f"bench maps: {failure}", file=sys.stderr)
        return 2
    if not given.json:
        show(found)
    print(report.last_line("maps", given.seed, found), flush=True)
    return 0


def run(extracts: Sequence[Path], seed: int, say: Callable[[str], Any]) -> dict[str, Any]:
    """Figures of the carried extract of Helsinki and of these. Raises NoRoadServer, OSError."""
    cities = []
    for extract in (wheels.carried_extract("Helsinki.osm.pbf"), *extracts):
        name = extract.name.removesuffix(".osm.pbf").lower()
        say(f"driving in {name}")
        contents = read(extract)
        with road_server(extract) as url:
            edges = EdgeIndex(edges_of(contents.roads))
            roads = _road_times(Country(extract, url), url, edges, Random(f"{name}:{seed}"))
        cities.append({"city": name, "road_times": roads, "places": _search(contents.places, seed)})
    say(f"searching {MANY_PLACES} places")
    return {"cities": cities, "many_places": _search(many_places(seed), seed)}


def questions(country: Country, rng: Random) -> Iterator[Question]:
    """What the services ask: matching a table a tick, location the times to go, pricing those of the cars near."""
    drives = [_started(country, rng) for _ in range(CARS)]
    waiting: list[Coordinates] = []
    for tick in range(TICKS):
        cars = []
        for number, (drive, began) in enumerate(drives):
            at_s = tick * TICK_S - began
            if at_s > drive.duration_s:
                drives[number] = country.drive(rng), tick * TICK_S
            cars.append(_spot(scattered(drive.place(at_s), NOISE_M, rng)))
        free = cars[: CARS // 2]
        waiting = [*waiting, _spot(country.place(rng))][-WAITING:] if tick % (PATIENCE_TICKS // 2) == 0 else waiting
        near = sorted(free, key=lambda car: abs(car[0] - waiting[-1][0]) + abs(car[1] - waiting[-1][1]))
        yield Question(near[:NEAR_CARS], waiting, False)
        yield Question(near[:8], [waiting[-1]], False)
        if tick % ETA_EVERY_TICKS == 0:
            ends = [_spot(drive.line[-1]) for drive, _ in drives[CARS // 2 :]]
            yield Question(cars[CARS // 2 :], ends, True)


def _started(country: Country, rng: Random) -> tuple[Drive, float]:
    drive = country.drive(rng)
    return drive, -rng.uniform(0, drive.duration_s)


def _spot(point: Point) -> Coordinates:
    return round(point.lat, 6), round(point.lng, 6)


def _road_times(country: Country, url: str, edges: EdgeIndex, rng: Random) -> dict[str, Any]:
    asked = list(questions(country, rng))
    plain, plain_cost = _replay(asked, url, edges, fresh_s=-1.0)
    remembered, cost = _replay(asked, url, edges, fresh_s=300.0)
    errors = [np.abs(a - b).ravel() for a, b in zip(plain, remembered, strict=True)]
    off_s = np.concatenate(errors)
    span = np.concatenate([each.ravel() for each in plain])
    area = np.array([spot for question in asked for spot in question.destinations])
    return {
        "questions": len(asked),
        "cells": len(off_s),
        "stretches": len(edges),
        "mean_time_s": round(float(span.mean()), 1),
        "plain": plain_cost,
        "remembered": cost,
        "cpu_saved_share": round(1 - cost["cpu_s"] / plain_cost["cpu_s"], 3),
        "off_s": {
            "mean": round(float(off_s.mean()), 2),
            "p95": round(float(np.quantile(off_s, 0.95)), 1),
            "p99": round(float(np.quantile(off_s, 0.99)), 1),
            "over_30_share": round(float((off_s > 30).mean()), 5),
        },
        "cold_table": _cold(url, edges, area, rng),
    }


def _replay(asked: Sequence[Question], url: str, edges: EdgeIndex, fresh_s: float) -> tuple[list[Any], dict[str, Any]]:
    """All answers, and processor seconds of the road server and of this process together, with the share of hits."""
    osrm = _Counting(url, 10.0, 4)
    times = RememberedTimes(osrm, edges, Memory(RoadTimesMemory(ENTRIES), fresh_s, fresh_s), 0, TABLE_MAX)
    server = _server()
    began_s, began_own_s, began_at = _cpu_s(server), time.process_time(), time.perf_counter()
    answers = [question.ask(times) for question in asked]
    own_s, server_s = time.process_time() - began_own_s, _cpu_s(server) - began_s
    took_s = time.perf_counter() - began_at
    osrm.close()
    cells = sum(answer.size for answer in answers)
    return answers, {
        "cpu_s": round(own_s + server_s, 2),
        "road_server_cpu_s": round(server_s, 2),
        "ms_a_question": round(1000 * took_s / len(asked), 2),
        "calls": osrm.calls,
        "hit_share": round(1 - osrm.cells / cells, 3),
    }


class _Counting(Osrm):
    calls = cells = 0

    def table(self, sources: Any, destinations: Any, snapped: bool = False) -> Any:
        self.calls += 1
        # of pairs only the diagonal is wanted
        self.cells += len(sources) if len(sources) == len(destinations) else len(sources) * len(destinations)
        return super().table(sources, destinations, snapped)


def _server() -> psutil.Process:
    return next(child for child in psutil.Process().children() if "osrm" in child.name())


def _cpu_s(process: psutil.Process) -> float:
    used = process.cpu_times()
    return used.user + used.system


def _cold(url: str, edges: EdgeIndex, area: Any, rng: Random) -> dict[str, Any]:
    """A large table that nobody asked before: the cost without memory, with it, and asked again."""
    (south, west), (north, east) = area.min(axis=0), area.max(axis=0)
    spots = [(rng.uniform(south, north), rng.uniform(west, east)) for _ in range(2 * COLD_SIDE)]
    sources, destinations = spots[:COLD_SIDE], spots[COLD_SIDE:]
    osrm, server = Osrm(url, 10.0, 4), _server()

    def cost(ask: Callable[[], Any]) -> dict[str, float]:
        began_s, began_at = time.process_time() + _cpu_s(server), time.perf_counter()
        ask()
        took_s, used_s = time.perf_counter() - began_at, time.process_time() + _cpu_s(server) - began_s
        return {"ms": round(1000 * took_s, 1), "cpu_ms": round(1000 * used_s)}

    def cheapest(asks: Iterable[Callable[[], Any]]) -> dict[str, float]:
        return min((cost(ask) for ask in asks), key=lambda each: each["cpu_ms"])

    memories = [Memory(RoadTimesMemory(ENTRIES), 300.0, 300.0) for _ in range(3)]
    times = [RememberedTimes(osrm, edges, memory, 0, TABLE_MAX) for memory in memories]
    found = {
        "plain": cheapest([lambda: osrm.table(sources, destinations)] * 3),
        "cold": cheapest([partial(each.table, sources, destinations) for each in times]),
        "warm": cheapest([partial(each.table, sources, destinations) for each in times]),
    }
    osrm.close()
    return found


def many_places(seed: int) -> list[Place]:
    """As many named places as a large city has: streets, their house numbers, shops, with other names."""
    rng = Random(seed)
    first = ["man", "rau", "töö", "kal", "hel", "lau", "itä", "poh", "kat", "ala", "ylä", "mer", "kes", "vuo", "puu"]
    middle = ["ner", "ta", "lön", "lio", "sin", "tas", "kes", "jois", "aja", "tori", "maa", "lin", "nan", "koi", "ran"]
    last = ["heimintie", "katu", "kuja", "polku", "tie", "ranta", "puisto", "aukio", "mäki", "väylä"]
    kinds = ["street", "shop", "restaurant", "cafe", "school", "station", "building"]
    parts = (first, middle, middle, last)
    streets = ["".join(rng.choice(part) for part in parts).title() for _ in range(6000)]
    places = [Place(street, "street", _somewhere(rng), (street.replace("katu", "gatan"),), 0.8) for street in streets]
    while len(places) < MANY_PLACES:
        street = rng.choice(streets)
        if rng.random() < 0.7:
            places.append(Place(f"{street} {rng.randint(1, 120)}", "address", _somewhere(rng), (), 0.3))
        else:
            name = f"{rng.choice(['Kahvila', 'Ravintola', 'Apteekki', 'Koulu', 'Kauppa'])} {street[:8]}"
            places.append(Place(name, rng.choice(kinds), _somewhere(rng), (), 0.5))
    return places


def _somewhere(rng: Random) -> Point:
    return Point(60.1 + rng.random() * 0.3, 24.6 + rng.random() * 0.6)


def _search(places: Sequence[Place], seed: int) -> dict[str, Any]:
    """Milliseconds of one search, over names of the places as people type them: letter by letter, some with a typo."""
    began = time.perf_counter()
    index = PlaceIndex(places)
    took_s = time.perf_counter() - began
    rng = Random(seed)
    typed = [text for place in rng.sample(list(places), 60) for text in typing(place.name, rng)]
    near = places[0].point
    for text in typed[:50]:
        index.search(text, near, 10)
    spent, worked = [], []
    for text in typed:
        began, began_cpu = time.perf_counter(), time.process_time()
        index.search(text, near, 10)
        worked.append(time.process_time() - began_cpu)
        spent.append(time.perf_counter() - began)
    return {
        "places": len(places),
        "index_s": round(took_s, 2),
        "search_ms": report.quantiles(spent, digits=2),
        "search_cpu_ms": report.quantiles(worked, digits=2),
    }


def typing(name: str, rng: Random) -> list[str]:
    """What is in the field after each letter of a name; in a third of them two letters change places."""
    letters = list(name)
    if rng.random() < 1 / 3 and len(letters) > 4:
        at = rng.randrange(1, len(letters) - 2)
        letters[at], letters[at + 1] = letters[at + 1], letters[at]
    return ["".join(letters[:length]) for length in range(1, min(len(letters), 25) + 1)]


def show(found: dict[str, Any]) -> None:
    """Tables for people."""
    roads = [(each["city"], each["road_times"]) for each in found["cities"]]
    report.table(
        "Road times, without memory and with",
        ["city", "cells", "hits", "CPU s", "with", "saved", "mean s", "off, mean s", "p95", "p99"],
        [
            [name, r["cells"], r["remembered"]["hit_share"], r["plain"]["cpu_s"], r["remembered"]["cpu_s"],
             r["cpu_saved_share"], r["mean_time_s"], r["off_s"]["mean"], r["off_s"]["p95"], r["off_s"]["p99"]]
            for name, r in roads
        ],
    )  # fmt: skip
    report.table(
        f"A table of {COLD_SIDE} x {COLD_SIDE}: ms, and ms of processor",
        ["city", "without memory", "cpu", "cold", "cpu", "asked again", "cpu"],
        [
            [name, *(r["cold_table"][key][what] for key in ("plain", "cold", "warm") for what in ("ms", "cpu_ms"))]
            for name, r in roads
        ],
    )
    searches = [(each["city"], each["places"]) for each in found["cities"]] + [("synthetic", found["many_places"])]
    report.table(
        "Place search, ms",
        ["city", "places", "p50", "p95", "p99", "p95 of processor"],
        [
            [name, s["places"], *(s["search_ms"][key] for key in ("p50", "p95", "p99")), s["search_cpu_ms"]["p95"]]
            for name, s in searches
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
