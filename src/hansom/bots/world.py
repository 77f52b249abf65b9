"""The run: it enrols everybody, lets them live, stops the asking in time and waits for the last rides to end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from random import Random
from time import monotonic, process_time
from typing import Any
from zoneinfo import ZoneInfo

import gevent
from gevent.pool import Group, Pool

from hansom.bots import habits
from hansom.bots.client import Account, Http
from hansom.bots.driver import Driver
from hansom.bots.measures import Measures
from hansom.bots.navigator import Navigator
from hansom.bots.options import Options
from hansom.bots.person import Person
from hansom.bots.rider import Rider
from hansom.bots.rides import Rides
from hansom.bots.summary import Span, summary

ENROL_AT_ONCE = 12
"""Registrations on the way at a time: each costs the server a password hash."""

Say = Callable[[str], None]


class World:
    """All bots of one process and what they share."""

    def __init__(self, options: Options, say: Say) -> None:
        self.options = options
        self.run_name = f"{int(time.time() * 1000):x}"
        """Part of the e-mails: a second run with the same seed makes the same draws and other accounts."""
        self.measures = Measures()
        self.rides = Rides()
        self.http = Http(options.url, self.measures, patience_s=options.patience_s)
        self._greenlets = Group()
        self.drivers_by_id: dict[str, Driver] = {}
        self.closing = False
        self.phase = "starting"
        self.opened_at = monotonic()
        self._say = say
        self._zone = ZoneInfo(options.time_zone)
        self._asking = 0
        self._hurry = False
        rng = Random(f"{options.seed}:navigator")
        self.navigator = Navigator(Account(self.http, self.measures, rng), rng)
        self.drivers = [Driver(self, number) for number in range(options.drivers)]
        self.riders = [Rider(self, number) for number in range(options.riders)]

    def run(self) -> dict[str, Any]:
        """The whole run; gives its summary. Raises NoRoads, Refused or Unreachable when it cannot even start."""
        self._enter("learning the roads")
        self.navigator.enrol(self.run_name)
        self.navigator.learn(self.options.area)
        self._enrol()
        self.opened_at, cpu_s = monotonic(), process_time()
        self._enter("running")
        people: list[Driver | Rider] = [*self.drivers, *self.riders]
        for person in people:
            self.start(gevent.Greenlet(person.live))
        self._wait(self.options.run_for_s, lambda: self.closing)
        self._close()
        self._wait(self.options.drain_s, self._all_ended)
        ran_s = monotonic() - self.opened_at
        self._enter("over")
        cpu_s = process_time() - cpu_s
        self._dismiss()
        return summary(self.options, self.rides, self.measures, Span(ran_s, cpu_s))

    def start(self, greenlet: gevent.Greenlet, after_s: float = 0.0) -> None:
        """Runs it, later if asked, until the world ends. One that fails is a fault of the bots, and counted as that."""
        greenlet.link_exception(self._died)
        self._greenlets.add(greenlet)
        greenlet.start_later(after_s)

    def _died(self, _: gevent.Greenlet) -> None:
        self.measures.died += 1

    def stop(self) -> None:
        """First call: no more rides are asked for, those under way end. Second call: at once."""
        self._hurry = self.closing
        self.closing = True

    def stop_now(self) -> None:
        """Ends the run without waiting for rides."""
        self.closing = self._hurry = True

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Around a request for a trip: the end waits until it is known whether there is one."""
        self._asking += 1
        try:
            yield
        finally:
            self._asking -= 1

    def rate(self, person: Person, trip_id: str, comments: float) -> None:
        """Stars from one to the other, sometimes with a word."""
        body: dict[str, Any] = {"stars": habits.one_of(person.rng, habits.STARS)}
        if person.tries(comments):
            body["comment"] = person.rng.choice(("Kiitos!", "Smooth ride.", "Right on time.", "A bit late."))
        person.account.post("/v1/trips/{id}/rating", body, id=trip_id)

    def traffic_speed(self) -> float:
        """How fast traffic is now, as a share of the roads' own speed."""
        return self.options.traffic.speed(datetime.now(self._zone).hour)

    def drivers_by_state(self) -> dict[str, int]:
        counts = Counter(driver.state for driver in self.drivers)
        return {state: counts.get(state, 0) for state in ("free", "busy", "away", "offline")}

    def _enrol(self) -> None:
        people: list[Driver | Rider] = [*self.drivers, *self.riders]
        self._enter(f"enrolling {len(self.drivers)} drivers and {len(self.riders)} riders")
        for done, _ in enumerate(Pool(ENROL_AT_ONCE).imap_unordered(_enrol_one, people), start=1):
            if done % 100 == 0 and done < len(people):
                self._say(f"{done} of {len(people)} enrolled")

    def _close(self) -> None:
        self.closing = True
        self._enter("letting the last rides end")

    def _all_ended(self) -> bool:
        return self._hurry or (not self._asking and not self.rides.unfinished())

    def _wait(self, seconds: float | None, over: Callable[[], bool]) -> None:
        until = None if seconds is None else monotonic() + seconds
        while not over() and (until is None or monotonic() < until):
            gevent.sleep(0.2)

    def _dismiss(self) -> None:
        self._greenlets.kill(block=True, timeout=5)
        for person in (*self.drivers, *self.riders):
            person.socket.close()

    def _enter(self, phase: str) -> None:
        self.phase = phase
        self._say(phase)


def _enrol_one(person: Driver | Rider) -> None:
    person.enrol()
