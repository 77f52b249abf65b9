"""Drivers and riders of a load test: no habits, no delays, every step as soon as it can be taken.

They are made once and lent to one ride after another, as making an account costs the server a password hash.
"""

from __future__ import annotations

import itertools
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from random import Random
from time import monotonic
from typing import Any

import gevent

from hansom.bots import habits
from hansom.bots.client import Account, Http
from hansom.bots.measures import Measures
from hansom.bots.roads import Drive, RoadGraph
from hansom.bots.socket import LiveSocket
from hansom.values import Point

IDLE_REPORT_S = 8.0
"""A free car's position every so often keeps it among those that are offered rides."""
TRIP_REPORT_S = 1.0
APPROACH_MPS = 14.0
RIDE_MPS = 10.0


class Timings(Measures):
    """The bots' measures with every HTTP time kept, since a benchmark wants exact quantiles."""

    def __init__(self) -> None:
        super().__init__()
        self.times: dict[str, list[float]] = defaultdict(list)

    def request(self, name: str, seconds: float, now: float) -> None:
        self.requests.add(now)
        self.times[name].append(seconds)

    def start_over(self) -> tuple[dict[str, list[float]], dict[str, int]]:
        """Times by request and errors by code since the last call."""
        found = dict(self.times), dict(self.errors)
        self.times.clear()
        self.errors.clear()
        return found


Hear = Callable[[str, dict[str, Any]], None]


class Driver:
    """A car that waits for offers; `on_offer(driver, offer)` is called in a greenlet of its own."""

    def __init__(self, http: Http, measures: Timings, rng: Random, number: int, run: str) -> None:
        self._rng, self._number, self._run = rng, number, run
        self.account = Account(http, measures, rng)
        self.socket = LiveSocket(http, self.account, self._hear, measures, rng)
        self.on_offer: Callable[[Driver, dict[str, Any]], None] = lambda driver, offer: None
        self._measures = measures
        self._seq = itertools.count(1)
        self._drive: Drive

    def enrol(self, graph: RoadGraph) -> None:
        """Registers, goes online on some street and reports positions from then on."""
        body = habits.person(self._rng, "bench-driver", self._number, self._run)
        self.account.register("/v1/drivers", {**body, "vehicle": habits.vehicle(self._rng, 0)})
        self._drive = Drive([graph.place(self._rng)], 1.0, monotonic())
        self.socket.open()
        self.socket.live.wait(30)
        self.account.put("/v1/driver/availability", {"online": True})
        gevent.spawn(self._report_while_idle)

    def drive(self, line: Iterable[Point], speed_mps: float) -> float:
        """Along the line at that speed, a position at its start, every second and at its end; the seconds it took."""
        began = monotonic()
        self._drive = Drive((self._drive.end, *line), speed_mps, began)
        while (left_s := self._drive.ends_at - monotonic()) > 0:
            self.report()
            gevent.sleep(min(TRIP_REPORT_S, left_s))
        self.report()
        return monotonic() - began

    def report(self) -> None:
        fix = self._drive.fix(monotonic())
        sent = self.socket.tell(
            "report_position",
            {
                "lat": round(fix.point.lat, 6),
                "lng": round(fix.point.lng, 6),
                "at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "seq": next(self._seq),
                "bearing_deg": round(fix.bearing_deg, 1) % 360,
                "speed_mps": round(fix.speed_mps, 2),
                "accuracy_m": 5.0,
            },
        )
        if sent:
            self._measures.positions.add(monotonic())

    def _report_while_idle(self) -> None:
        gevent.sleep(self._rng.uniform(0, 1))
        while True:
            if self._drive.ends_at <= monotonic():
                self.report()
            gevent.sleep(IDLE_REPORT_S)

    def _hear(self, event: str, data: dict[str, Any]) -> None:
        if event == "offer_made":
            gevent.spawn(self.on_offer, self, data)


class Rider:
    """A rider whose events go to the ride that he is lent to."""

    def __init__(self, http: Http, measures: Timings, rng: Random, number: int, run: str) -> None:
        self._rng, self._number, self._run = rng, number, run
        self.account = Account(http, measures, rng)
        self.socket = LiveSocket(http, self.account, self._heard, measures, rng)
        self.hear: Hear = lambda event, data: None

    def enrol(self) -> None:
        """Registers and opens the socket."""
        self.account.register("/v1/riders", habits.person(self._rng, "bench-rider", self._number, self._run))
        self.socket.open()
        self.socket.live.wait(30)

    def _heard(self, event: str, data: dict[str, Any]) -> None:
        self.hear(event, data)


def a_run_name() -> str:
    """Part of the e-mails of one run, so that runs do not meet."""
    return f"{int(time.time() * 1000):x}"
