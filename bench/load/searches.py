"""What a search for near cars takes by itself, without HTTP, RPC and road times, while the cars move.

`python -m bench.load.searches` fills a Redis database of its own with cars, through the scripts that `location` uses;
another process then moves them all the time, each about every 5 s, while this one searches. The last line is
`{"sizes": [{"drivers", "moved_a_second", "p50_ms", "p95_ms", ...}], ...}`. Redis is `REDIS_URI`'s server.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from redis import Redis

from bench import report
from bench.load.cars import SPEED_MPS, Box, Car, seeded
from hansom.cities import city_of
from hansom.cities.files import read_segments
from hansom.redis import live_redis
from hansom.segments import SegmentIndex
from hansom.settings import load_config
from hansom.values import Point
from services.location.domain.positions import Position
from services.location.storage.live import Doubt, Known, LiveCars
from services.location.usecases.near import Town, find_candidates, find_nearby_many

COUNTS = (1_000, 25_000, 100_000)
DATABASE = 14
"""Of the Redis server: the live one is another, so that a running city is not disturbed."""

REPORT_EVERY_S = 5.0
MOST_A_SECOND = 5_000
"""Positions written a second: what 25,000 drivers send. More drivers report less often here, so that two cores do."""

AT_ONCE = 200
NEARBY_LIMIT = 20
CANDIDATES_LIMIT = 30
TRIPS_AT_ONCE = 20
"""Waiting trips of one call of `find_candidates`."""

STRAIGHT_MPS = 5.0
"""A car leaves so much of the straight line behind in a second: times are told, not measured here."""

OFFERED_WITHIN_S = 30
DOUBT = Doubt(20, 300_000)
CATEGORIES = (("standard",), ("standard",), ("standard",), ("comfort", "standard"), ("van",))


def run(counts: Sequence[int] = COUNTS, seconds: float = 8.0, seed: int = 1) -> dict[str, Any]:
    """For each number of drivers: the times of searches while they move, with the plain round trip beside them."""
    config = load_config()
    with _redis(config) as redis:
        return {"limit": NEARBY_LIMIT, "sizes": [_one_size(redis, config, count, seconds, seed) for count in counts]}


def _one_size(redis: Redis, config: dict[str, Any], count: int, seconds: float, seed: int) -> dict[str, Any]:
    redis.flushdb()
    cars = LiveCars(redis)
    town, box = Town(cars, _index(config), lambda point: STRAIGHT_MPS), _box(config)
    fleet = _fleet(count, box, seed)
    _settle(fleet, cars, town.index)
    rng = seeded(seed, "searches", count)

    def look() -> None:
        (found,) = find_nearby_many([_anywhere(rng, box)], NEARBY_LIMIT, _since_ms(), town)
        if len(found) < NEARBY_LIMIT:
            raise RuntimeError(f"a search found {len(found)} of {count} cars")

    def choose() -> None:
        requests = [_request(number, rng, box) for number in range(TRIPS_AT_ONCE)]
        find_candidates(requests, CANDIDATES_LIMIT, _since_ms(), town)

    with _moving(count, seed) as moved:
        times = {"ping": _times(redis.ping, 500), "look": _timed(look, seconds), "choose": _timed(choose, seconds / 2)}
    searches = report.quantiles(times["look"], digits=3)
    return {
        "drivers": count,
        "moved_a_second": round(moved[0] / moved[1], 1),
        "searches": searches["count"],
        **{f"{name}_ms": searches[name] for name in ("p50", "p95", "p99", "max")},
        "candidates_ms": report.quantiles(times["choose"], digits=3),
        "trips_a_call": TRIPS_AT_ONCE,
        "ping_ms": report.quantiles(times["ping"], digits=3),
    }


def _times(call: Callable[[], object], times: int) -> list[float]:
    found = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return found


def _timed(call: Callable[[], object], seconds: float) -> list[float]:
    """Times of one call after the other for so long; the first ones warm up."""
    _times(call, 20)
    found, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        found += _times(call, 10)
        # as rarely as a busy service does it: searching all the time would only measure the processor's queue
        time.sleep(0.02)
    return found


@contextmanager
def _redis(config: dict[str, Any]) -> Iterator[Redis]:
    """A database of its own. Raises RuntimeError when somebody keeps something in it."""
    own = config["REDIS_URIS"]["live"].rsplit("/", 1)[0] + f"/{DATABASE}"
    redis = live_redis({"REDIS_URIS": {"live": own}})
    foreign = [key for key in redis.scan_iter(count=1000) if not key.startswith("location:")]
    if foreign:
        raise RuntimeError(f"Redis database {DATABASE} is not empty")
    try:
        yield redis
    finally:
        redis.flushdb()
        redis.close()


@contextmanager
def _moving(count: int, seed: int) -> Iterator[list[float]]:
    """Another process moves the cars meanwhile; afterwards: how many positions it wrote, in how many seconds."""
    command = [sys.executable, "-W", "ignore", "-m", "bench.load.searches", "--move", str(count), "--seed", str(seed)]
    mover = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_repository())
    found = [0.0, 1.0]
    try:
        if mover.stdout is None or mover.stdout.readline().strip() != "moving":
            raise RuntimeError("the cars do not move")
        yield found
    finally:
        said, _ = mover.communicate(timeout=30)
        found[:] = [float(word) for word in said.split()] or found


def move(count: int, seed: int) -> None:
    """Move the cars until the standard input ends; says at last how many positions in how many seconds."""
    config = load_config()
    over = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    own = config["REDIS_URIS"]["live"].rsplit("/", 1)[0] + f"/{DATABASE}"
    cars, index = LiveCars(live_redis({"REDIS_URIS": {"live": own}})), _index(config)
    fleet = _fleet(count, _box(config), seed)
    print("moving", flush=True)
    rate = min(MOST_A_SECOND, count / REPORT_EVERY_S)
    began, written = time.monotonic(), 0
    while not over.is_set():
        batch = [fleet[(written + i) % count] for i in range(min(AT_ONCE, count))]
        for car in batch:
            car.move()
        _report(batch, cars, index)
        written += len(batch)
        time.sleep(max(0.0, began + written / rate - time.monotonic()))
    print(written, time.monotonic() - began)


def _fleet(count: int, box: Box, seed: int) -> list[Car]:
    rng, step_m = seeded(seed, "fleet", count), SPEED_MPS * max(REPORT_EVERY_S, count / MOST_A_SECOND)
    return [Car(f"{number:032x}", "", box, step_m, rng) for number in range(count)]


def _settle(fleet: Sequence[Car], cars: LiveCars, index: SegmentIndex) -> None:
    now_ms = _now_ms()
    for first in range(0, len(fleet), 1000):
        piece = fleet[first : first + 1000]
        known = [
            Known(car.id, "/", True, CATEGORIES[number % len(CATEGORIES)], None, None)
            for number, car in enumerate(piece, first)
        ]
        cars.learn(known, now_ms)
        _report(piece, cars, index)


def _report(fleet: Sequence[Car], cars: LiveCars, index: SegmentIndex) -> None:
    now_ms = _now_ms()
    positions = [
        Position(car.id, car.lat, car.lng, now_ms, car.seq, float(car.bearing_deg), SPEED_MPS, 6.0) for car in fleet
    ]
    cars.apply(positions, [index.locate(car.lat, car.lng) for car in fleet], now_ms, DOUBT)


def _request(number: int, rng: Random, box: Box) -> dict[str, Any]:
    point, category = _anywhere(rng, box), rng.choice(("standard", "standard", "comfort", "van"))
    return {"trip_id": str(number), "point": point, "category": category, "exclude": []}


def _anywhere(rng: Random, box: Box) -> Point:
    return Point(rng.uniform(box.south, box.north), rng.uniform(box.west, box.east))


def _index(config: dict[str, Any]) -> SegmentIndex:
    return SegmentIndex(read_segments(Path(config["CITY_DATA"]) / config["DEFAULT_CITY"]))


def _box(config: dict[str, Any]) -> Box:
    area = city_of(config, config["DEFAULT_CITY"]).service_area
    return Box(area.south, area.west, area.north, area.east)


def _now_ms() -> int:
    return int(time.time() * 1000)


def _since_ms() -> int:
    return _now_ms() - OFFERED_WITHIN_S * 1000


def _repository() -> Path:
    return Path(__file__).resolve().parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--drivers", type=int, nargs="+", default=list(COUNTS))
    parser.add_argument("--seconds", type=float, default=8.0, help="of searching, for each number of drivers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--move", type=int, metavar="DRIVERS", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.move is not None:
        move(asked.move, asked.seed)
        return 0
    found = run(asked.drivers, asked.seconds, asked.seed)
    report.table(
        f"The nearest {NEARBY_LIMIT} cars, while they move, ms",
        ("drivers", "moved a second", "p50", "p95", "p99", f"{TRIPS_AT_ONCE} trips' candidates p95", "bare ping p95"),
        [
            (
                size["drivers"],
                size["moved_a_second"],
                *(size[f"{name}_ms"] for name in ("p50", "p95", "p99")),
                size["candidates_ms"]["p95"],
                size["ping_ms"]["p95"],
            )
            for size in found["sizes"]
        ],
    )
    print(report.last_line("searches", asked.seed, found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
