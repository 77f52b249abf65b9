"""What it costs to watch a whole city: CPU of each process while nobody, one operator and many operators look on.

Positions are published straight to the queues, as gateways do, one every 5 s for each driver. What watching costs is
what the processes use beside that, so the ratio is of one run. It fills the databases of the stack that it runs on and
clears them again: `./hansom bench city` with a stack of its own.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from socket import create_connection
from threading import Thread
from typing import Any

import orjson
from redis import Redis

from bench import report
from bench.load.cars import Box, Car, seeded
from bench.load.enrol import TOKEN_TTL_S, Enrolment, Person
from bench.load.processes import CLIENTS, Processes, spent
from bench.relearn import INTERVAL_S, STEP_M, Publisher, until_all_live
from hansom.bots import frames
from hansom.cities import cities
from hansom.settings import load_config
from hansom.tokens import make_access_token, read_access_token
from hansom.values import Point

READ_BYTES = 1 << 20


class Watcher(Thread):
    """An operator's socket that watches a city: how old each state is when it is here, and how large."""

    def __init__(self, address: tuple[str, int], token: str, city: str) -> None:
        super().__init__(daemon=True)
        self._socket, self._going = create_connection(address, timeout=20), True
        request, accept = frames.upgrade_request(f"{address[0]}:{address[1]}", "/ws")
        self._socket.sendall(request)
        head = b""
        while b"\r\n\r\n" not in head:
            head += self._socket.recv(READ_BYTES)
        head, _, self._early = head.partition(b"\r\n\r\n")
        frames.check_upgrade(head, accept)
        for method, data in (("authenticate", {"token": token}), ("watch_city", {"city": city})):
            self._socket.sendall(frames.encode(frames.TEXT, orjson.dumps({"method": method, "data": data})))
        self.ages_s: list[float] = []
        self.bytes = self.cars = 0

    def run(self) -> None:
        reader, data = frames.Reader(), self._early
        while self._going:
            for opcode, payload in reader.feed(data):
                if opcode == frames.TEXT and b'"event":"city_state"' in payload[:100]:
                    self._take(payload)
            try:
                data = self._socket.recv(READ_BYTES)
            except OSError:
                return

    def _take(self, payload: bytes) -> None:
        state = orjson.loads(payload)["data"]
        self.ages_s.append(time.time() - datetime.fromisoformat(state["at"]).timestamp())
        self.bytes, self.cars = len(payload), len(state["drivers"])

    def stop(self) -> None:
        self._going = False
        self._socket.close()
        self.join()


def an_operator(environment: dict[str, str], rider: Person) -> str:
    """A token of the role ops for the session of an enrolled account."""
    settings = {**environment, "ACCESS_TOKEN_TTL_S": TOKEN_TTL_S}
    session_id = read_access_token(settings, rider.token).session_id
    now = datetime.now(UTC)
    return make_access_token(
        settings, user_id=rider.id, role="ops", session_id=session_id, token_id="bench", issued_at=now
    )


def measure(environment: dict[str, str], drivers: int, watchers: int, seed: int, seconds: float) -> dict[str, Any]:
    """CPU seconds a second of each process with nobody, one and `watchers` operators."""
    config = load_config()
    key, city = next(iter(cities(config).items()))
    area = city.service_area
    box = Box(area.south, area.west, area.north, area.east)
    enrolment = Enrolment(environment, seed)
    enrolment.remove()
    people = enrolment.enrol(drivers, max(drivers // 10, 1), key, Point(area.south, area.west))
    rng = seeded(seed, "city")
    cars = [Car(each.id, each.trip_id, box, STEP_M, rng) for each in people.drivers]
    publisher = Publisher(environment["AMQP_URI"], cars, int(config["LOCATION_PARTITIONS"]))
    token = an_operator(environment, people.riders[0])
    redis = Redis.from_url(environment["REDIS_URI"], decode_responses=True)
    try:
        publisher.start()
        live = until_all_live(redis, publisher, drivers, time.monotonic(), 60)["live"]
        found = [_look_on(environment, token, key, number, seconds) for number in (0, 1, watchers)]
    finally:
        publisher.stop()
        enrolment.remove()
        redis.flushall()
    return {"drivers": drivers, "live": live, "positions_a_second": round(drivers / INTERVAL_S), "watched": found}


def _look_on(environment: dict[str, str], token: str, city: str, number: int, seconds: float) -> dict[str, Any]:
    host, _, port = environment["HANSOM_URL"].removeprefix("http://").partition(":")
    watching = [Watcher((host, int(port)), token, city) for _ in range(number)]
    for each in watching:
        each.start()
    processes = Processes(environment["HANSOM_HOME"])
    time.sleep(INTERVAL_S)
    began, before = time.monotonic(), processes.cpu_s()
    seen = sum(len(each.ages_s) for each in watching)
    time.sleep(seconds)
    used, took_s = spent(before, processes.cpu_s()), time.monotonic() - began
    seen = sum(len(each.ages_s) for each in watching) - seen
    ages = [age for each in watching for age in each.ages_s]
    for each in watching:
        each.stop()
    return {
        "operators": number,
        "states_a_second_each": round(seen / took_s / number, 2) if number else None,
        "age_ms": report.quantiles(ages),
        "state_kib": round(watching[0].bytes / 1024, 1) if number else None,
        "cars": watching[0].cars if number else None,
        "cpu_share": {name: round(cpu_s / took_s, 3) for name, cpu_s in used.items() if name != CLIENTS},
        "cpu_share_all": round(sum(cpu_s for name, cpu_s in used.items() if name != CLIENTS) / took_s, 3),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """`./hansom bench city [--drivers N --operators N --seconds S --seed N]`."""
    parser = argparse.ArgumentParser(prog="bench city", description=__doc__)
    parser.add_argument("--drivers", type=int, default=5000)
    parser.add_argument("--operators", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each look")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    found = measure(dict(os.environ), options.drivers, options.operators, options.seed, options.seconds)
    looks = found["watched"]
    found["all_against_nobody"] = [round(look["cpu_share_all"] / looks[0]["cpu_share_all"], 2) for look in looks]
    rows = [
        [look["operators"], look["cars"], look["states_a_second_each"], look["state_kib"], look["age_ms"]["p95"],
         *(look["cpu_share"].get(name, 0.0) for name in ("roads", "gateway", "rides", "redis")),
         look["cpu_share_all"]]
        for look in looks
    ]  # fmt: skip
    columns = ("operators", "cars", "states/s", "KiB", "age p95 ms", "roads", "gateway", "rides", "redis", "all CPU")
    report.table(
        f"{options.drivers} cars, {found['positions_a_second']} positions a second: CPU by process", columns, rows
    )
    print(report.last_line("city", options.seed, found))


if __name__ == "__main__":
    main()
