"""What the parts of the location bench share: a stack full of drivers, and what became of their positions."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import gevent
from pymongo import MongoClient
from redis import Redis

from bench import report
from bench.load.enrol import People
from bench.load.fleet import Fleet
from bench.load.processes import Growth, Processes, spent
from bench.load.watch import seqs

LATE_MS = 100.0
"""Positions later than this behind their timetable, at the 99th percentile: the clients were too slow."""
RECENT_S = 60.0
COUNTED_WITHIN_S = 60.0
TOLD_EVERY_S = 30.0
LOOKS = 5
"""At all drivers in a drive. Each costs half a second of a core: more of them would be what is measured."""

Say = Callable[[str], None]


class Stage:
    """One stack with its fleet. Measures are plain dictionaries that go into the JSON line."""

    def __init__(self, environment: dict[str, str], home: str, people: People, fleet: Fleet, say: Say) -> None:
        self.environment, self.people, self.fleet, self.say = environment, people, fleet, say
        self.processes = Processes(home, fleet.pids)
        self.redis = Redis.from_url(environment["REDIS_URI"], decode_responses=True)
        self._mongo: MongoClient[dict[str, Any]] = MongoClient(environment["MONGO_URI"])
        self.traces = self._mongo[environment.get("MONGO_DATABASE", "hansom")]["location_traces"]
        self.trip_ids = [person.trip_id for person in people.riders]
        self._driver_ids = [person.id for person in people.drivers]
        self._steps: list[tuple[float, int]] = []

    def newest(self) -> int:
        """The sum of the numbers of all drivers' newest live positions: each that is searchable adds one."""
        return sum(max(0, seq) for seq in seqs(self.redis, self._driver_ids).values())

    def drive(
        self, rate: float, seconds: float, *, during: Callable[[], None] | None = None, probes_a_second: float = 20.0
    ) -> dict[str, Any]:
        """Positions at `rate` a second for so long; what was sent, searchable, late, told and used.

        `during` runs beside it, from its beginning.
        """
        growth, before = Growth(self.processes, max(5.0, seconds / 40)), self.processes.cpu_s()
        first, began = self.newest(), time.monotonic()
        beside = gevent.spawn(during) if during else None
        watch = gevent.spawn(self._watch_newest, first, max(10.0, seconds / LOOKS))
        driven = self.fleet.drive(rate, seconds, probes_a_second=probes_a_second, on_tick=self._ticker(rate))
        lasted_s = time.monotonic() - began
        used = spent(before, self.processes.cpu_s())
        watch.kill()
        if beside is not None:
            beside.get()
        sent = driven["sent"]
        return {
            "rate": rate,
            "seconds": round(lasted_s, 1),
            "sent": sent,
            "searchable": self._settled_newest(first, sent) - first,
            "searchable_a_second": _steady(self._steps),
            "report_to_searchable_ms": report.quantiles([latency for _, latency in driven["searchable"]]),
            "by_minute_p99_ms": _by_minute(driven["searchable"]),
            "never_searchable": driven["never_searchable"],
            "driver_moved_ms": report.quantiles(driven["moves"]),
            "riders_told": driven["moves_by_rider"],
            "rides": self.count_traces(driven["trip_sent"]),
            "sockets": {
                name: driven["counts"][name] for name in ("lost", "reconnected", "held_back", "skipped", "pings")
            },
            "clients_late_ms": report.quantiles(driven["late"]),
            "cpu_us_a_position": {name: round(1e6 * used_s / max(1, sent), 1) for name, used_s in used.items()},
            "cpu_cores_used": round(sum(used.values()) / lasted_s, 2),
            "memory": growth.stop(),
            "_searchable": driven["searchable"],
        }

    def _ticker(self, rate: float) -> Callable[[int], None]:
        told = [0.0, 0.0]

        def tick(sent: int) -> None:
            now = time.monotonic()
            if now - told[0] >= TOLD_EVERY_S:
                if told[0]:
                    self.say(f"  {sent} sent, {(sent - told[1]) / (now - told[0]):.0f} a second of {rate:g}")
                told[:] = [now, sent]

        return tick

    def _watch_newest(self, first: int, every_s: float) -> None:
        self._steps, began = [], time.monotonic()
        gevent.sleep(2.0)
        while True:
            self._steps.append((time.monotonic() - began, self.newest() - first))
            gevent.sleep(every_s)

    def _settled_newest(self, first: int, sent: int) -> int:
        """`newest` when all that was sent has arrived, or nothing more has for a while."""
        seen, until = -1, time.monotonic() + RECENT_S
        while time.monotonic() < until:
            now = self.newest()
            if now - first >= sent:
                return now
            if now == seen:
                break
            seen = now
            gevent.sleep(3.0)
        return seen

    def count_traces(self, trip_sent: Counter[str]) -> dict[str, Any]:
        """Positions of running rides: sent over all drives so far, and how many MongoDB has of each ride."""
        sent, until = sum(trip_sent.values()), time.monotonic() + COUNTED_WITHIN_S
        while True:
            group = {"$group": {"_id": "$trip_id", "count": {"$sum": 1}}}
            pipeline: list[dict[str, Any]] = [{"$match": {"trip_id": {"$in": self.trip_ids}}}, group]
            kept = Counter({row["_id"]: row["count"] for row in self.traces.aggregate(pipeline)})
            if sum(kept.values()) >= sent or time.monotonic() > until:
                break
            gevent.sleep(0.5)
        return {
            "rides": len(self.trip_ids),
            "sent": sent,
            "in_mongodb": sum(kept.values()),
            "lost": sum(max(0, count - kept[trip]) for trip, count in trip_sent.items()),
        }

    def remove(self) -> None:
        """Take the traces of this run out again."""
        self.traces.delete_many({"trip_id": {"$in": self.trip_ids}})
        self._mongo.close()
        self.redis.close()


def _steady(steps: list[tuple[float, int]]) -> float | None:
    """Positions that became searchable a second, between the first and the last look."""
    if len(steps) < 2:
        return None
    (began, first), (ended, last) = steps[0], steps[-1]
    return round((last - first) / (ended - began), 1)


def _by_minute(found: list[tuple[float, float]]) -> list[float]:
    """The 99th percentile of each whole minute, ms."""
    if not found:
        return []
    began = min(sent for sent, _ in found)
    minutes: dict[int, list[float]] = {}
    for sent, latency in found:
        minutes.setdefault(int((sent - began) // 60), []).append(latency)
    return [report.quantiles(minutes[minute])["p99"] for minute in sorted(minutes)]
