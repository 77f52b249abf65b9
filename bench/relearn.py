"""How long live state takes to be right again after Redis was emptied under load, and what a position costs.

Positions are published straight to the queues, as gateways do, one every 5 s for each driver: this is about `location`
and whom it asks, not about sockets. It empties the Redis of the stack that it runs on: `./hansom bench relearn` with a
stack of its own.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from random import Random
from threading import Thread
from typing import Any

import amqp
import orjson
from redis import Redis

from bench import report
from bench.load.cars import Box, Car, seeded
from bench.load.enrol import Enrolment
from bench.load.processes import Processes, spent
from hansom.amqp import connect
from hansom.cities import cities
from hansom.contracts.topology import position_partition, positions_queue
from hansom.settings import load_config
from hansom.values import Point

INTERVAL_S = 5.0
FLUSH_S = 0.1
LOOK_EVERY_S = 0.1
STEP_M = 40.0


class Publisher(Thread):
    """Drivers report in turn, every 5 s each; `reported_at` is when each did so last."""

    def __init__(self, uri: str, cars: Sequence[Car], partitions: int) -> None:
        super().__init__(daemon=True)
        self._channel = connect(uri).channel()
        self._cars, self._going = cars, True
        self._queues = [positions_queue(position_partition(car.id, partitions)) for car in cars]
        self.reported_at: dict[str, float] = {}
        self.first_at: dict[str, float] = {}
        self.sent, self.late_s = 0, 0.0

    def run(self) -> None:
        began, turn = time.monotonic(), 0
        at_once = max(1, round(len(self._cars) * FLUSH_S / INTERVAL_S))
        while self._going:
            first = turn * at_once % len(self._cars)
            self._publish(range(first, min(first + at_once, len(self._cars))))
            turn += 1
            ahead_s = began + turn * FLUSH_S - time.monotonic()
            self.late_s = max(self.late_s, -ahead_s)
            time.sleep(max(0.0, ahead_s))

    def stop(self) -> None:
        self._going = False
        self.join()

    def _publish(self, numbers: range) -> None:
        at_ms = int(time.time() * 1000)
        rows: dict[str, list[list[Any]]] = {}
        for number in numbers:
            car = self._cars[number]
            car.move()
            row = [car.id, car.lat, car.lng, at_ms, car.seq, car.bearing_deg, 8.0, 6.0]
            rows.setdefault(self._queues[number], []).append(row)
        for queue, part in rows.items():
            body = orjson.dumps({"positions": part})
            self._channel.basic_publish(amqp.Message(body, delivery_mode=2), "", queue)
        now = time.monotonic()
        for number in numbers:
            self.first_at.setdefault(self._cars[number].id, now)
        self.sent += len(numbers)


def until_all_live(redis: Redis, publisher: Publisher, count: int, since: float, patience_s: float) -> dict[str, Any]:
    """Waits until every driver is on the map. Seconds from each one's first report since `since`, and of the whole."""
    live: set[str] = set()
    latencies: list[float] = []
    while len(live) < count and time.monotonic() < since + patience_s:
        time.sleep(LOOK_EVERY_S)
        seen, now = {*redis.zrange("location:free", 0, -1), *redis.zrange("location:busy", 0, -1)}, time.monotonic()
        latencies += [now - publisher.first_at.get(driver_id, since) for driver_id in seen - live]
        live |= seen
    return {
        "live": len(live),
        "all_after_s": round(time.monotonic() - since, 1),
        "report_to_searchable_ms": report.quantiles(latencies),
    }


def measure(environment: dict[str, str], drivers: int, rides: int, seed: int, steady_s: float) -> dict[str, Any]:
    """Fills the map, drives steadily, empties Redis."""
    config = load_config()
    key, city = next(iter(cities(config).items()))
    area = city.service_area
    box, centre = Box(area.south, area.west, area.north, area.east), Point(area.south, area.west)
    enrolment = Enrolment(environment, seed)
    enrolment.remove()
    people = enrolment.enrol(drivers, rides, key, centre)
    rng: Random = seeded(seed, "relearn")
    cars = [Car(each.id, each.trip_id, box, STEP_M, rng) for each in people.drivers]
    publisher = Publisher(environment["AMQP_URI"], cars, int(config["LOCATION_PARTITIONS"]))
    try:
        return {
            "drivers": drivers,
            "rides": rides,
            "positions_a_second": round(drivers / INTERVAL_S),
            **_drive(environment, publisher, drivers, steady_s),
        }
    finally:
        publisher.stop()
        enrolment.remove()


def _drive(environment: dict[str, str], publisher: Publisher, drivers: int, steady_s: float) -> dict[str, Any]:
    redis = Redis.from_url(environment["REDIS_URI"], decode_responses=True)
    processes = Processes(environment["HANSOM_HOME"])
    began = time.monotonic()
    publisher.start()
    first = until_all_live(redis, publisher, drivers, began, 60)
    steady = _steady(redis, publisher, processes, steady_s)
    before, emptied_at = processes.cpu_s(), time.monotonic()
    redis.flushall()
    publisher.first_at = {}
    emptied = until_all_live(redis, publisher, drivers, emptied_at, 60)
    emptied["cpu_s"] = {name: round(used, 2) for name, used in spent(before, processes.cpu_s()).items()}
    return {"first": first, "steady": steady, "emptied": emptied, "publisher_late_s": round(publisher.late_s, 2)}


def _steady(redis: Redis, publisher: Publisher, processes: Processes, seconds: float) -> dict[str, Any]:
    """CPU of location's process and of Redis for each position."""
    time.sleep(INTERVAL_S)
    redis.config_resetstat()
    before, sent = processes.cpu_s(), publisher.sent
    time.sleep(seconds)
    used, sent = spent(before, processes.cpu_s()), publisher.sent - sent
    scripts = redis.info("commandstats").get("cmdstat_evalsha", {})
    return {
        "positions": sent,
        "cpu_us_a_position": {name: round(1e6 * cpu_s / sent, 1) for name, cpu_s in used.items()},
        "redis_script_us_a_position": round(scripts.get("usec", 0) / sent, 1),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """`./hansom bench relearn [--drivers N --rides N --steady S --seed N]`."""
    parser = argparse.ArgumentParser(prog="bench relearn", description=__doc__)
    parser.add_argument("--drivers", type=int, default=25_000)
    parser.add_argument("--rides", type=int, default=1000)
    parser.add_argument("--steady", type=float, default=15.0, help="seconds")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    found = measure(dict(os.environ), options.drivers, options.rides, options.seed, options.steady)
    rows = [[what, *(found[what][key] for key in ("live", "all_after_s"))] for what in ("first", "emptied")]
    report.table("On the map again", ("after", "drivers", "all after s"), rows)
    print(report.last_line("relearn", options.seed, found))


if __name__ == "__main__":
    main()
