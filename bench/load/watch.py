"""What became of single positions: when a search would find them, and when the rider was told."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Any

import gevent
from redis import Redis
from redis.exceptions import RedisError

from bench.load.cars import Car

POLL_S = 0.01
"""The resolution of the latency to searchable."""
CROWDED = 20
LOOKED_AT_ONCE = 400
FORGET_S = 60.0


class Searchable:
    """Waits for chosen positions to be live: a search finds the car there from then on.

    Live state is changed by one script, the driver's hash and the segment's list together, so it is enough to look at
    the number of the newest position in `location:driver:<id>`. All that are waited for cost one pipeline every 10 ms.
    """

    def __init__(self, redis_uri: str) -> None:
        self._redis = Redis.from_url(redis_uri, decode_responses=True, socket_timeout=5)
        self.waiting: dict[str, tuple[int, float]] = {}
        self.found: list[tuple[float, float]] = []
        gevent.spawn(self._poll)

    def start_over(self) -> None:
        self.waiting.clear()
        self.found = []

    def expect(self, driver_id: str, seq: int, sent_s: float) -> None:
        """A position was sent; one that is still waited for stays, as it is the older."""
        self.waiting.setdefault(driver_id, (seq, sent_s))

    def wait(self, patience_s: float) -> None:
        """Until nothing is waited for, or no longer."""
        until = time.monotonic() + patience_s
        while self.waiting and time.monotonic() < until:
            gevent.sleep(0.05)

    def _poll(self) -> None:
        while True:
            # a server far behind is not also asked a hundred times a second about each position
            gevent.sleep(POLL_S * (1 + len(self.waiting) / CROWDED))
            if self.waiting:
                try:
                    self._look()
                except RedisError:
                    gevent.sleep(0.1)  # asked again; the time counts on

    def _look(self) -> None:
        asked = list(self.waiting)[:LOOKED_AT_ONCE]
        pipeline = self._redis.pipeline(transaction=False)
        for driver_id in asked:
            pipeline.hget(f"location:driver:{driver_id}", "seq")
        answers = pipeline.execute()
        now = time.time()
        for driver_id, seen in zip(asked, answers, strict=True):
            seq, sent_s = self.waiting.get(driver_id, (0, 0.0))
            if seq and seen is not None and float(seen) >= seq:
                del self.waiting[driver_id]
                self.found.append((sent_s, now - sent_s))


class Moves:
    """From a driver's report to the `driver_moved` on his rider's socket, told by the point that both carry."""

    def __init__(self) -> None:
        self._sent: dict[str, dict[tuple[float, float], float]] = defaultdict(dict)
        self.found: list[float] = []
        self.heard: set[str] = set()

    def start_over(self) -> None:
        self._sent.clear()
        self.found = []
        self.heard = set()

    def sent(self, car: Car, now_s: float) -> None:
        points = self._sent[car.trip_id]
        points[round(car.lat, 6), round(car.lng, 6)] = now_s
        while len(points) > 20:
            del points[next(iter(points))]

    def hear(self, frame: dict[str, Any]) -> None:
        if frame.get("event") != "driver_moved":
            return
        data = frame["data"]
        self.heard.add(data["trip_id"])
        point = data["point"]
        sent_s = self._sent[data["trip_id"]].pop((round(point["lat"], 6), round(point["lng"], 6)), None)
        if sent_s is not None:
            self.found.append(time.time() - sent_s)


def seqs(redis: Redis, driver_ids: list[str]) -> dict[str, int]:
    """The number of each driver's newest live position, -1 where there is none: how many have become searchable."""
    found: dict[str, int] = {}
    for first in range(0, len(driver_ids), 1000):
        asked = driver_ids[first : first + 1000]
        pipeline = redis.pipeline(transaction=False)
        for driver_id in asked:
            pipeline.hget(f"location:driver:{driver_id}", "seq")
        found.update({each: int(float(seq or -1)) for each, seq in zip(asked, pipeline.execute(), strict=True)})
    return found
