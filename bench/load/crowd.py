"""Everybody of a load test, and one step of it: rides started at a steady rate, whether earlier ones ended or not."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from time import monotonic

import gevent
from gevent.pool import Group, Pool

from bench.load.life import LONGEST_S, Offers, Story, ride
from bench.load.people import Driver, Rider, Timings, a_run_name
from hansom.bots.client import Account, Http, Refused, Unreachable
from hansom.bots.navigator import Navigator
from hansom.bots.options import Area
from hansom.bots.roads import Route
from hansom.values import Point

HTTP_CONNECTIONS = 256
ENROL_AT_ONCE = 12
WAYS = 60
FEWEST_TO_JUDGE = 30
"""With fewer rides in a step the matching's batches, not the rate, decide when they end."""
SHORT_M = (25.0, 80.0)
"""Bench rides are a few houses long: what costs the server is a ride, not the waiting in it."""

Way = tuple[Point, Point, Route]


@dataclass(slots=True)
class Step:
    """What one rate gave. Rides that found no free rider or driver were not started: the crowd was too small."""

    rate: float
    stories: list[Story]
    not_started: int
    began_at: float
    ended_at: float

    @property
    def lost(self) -> list[Story]:
        return [story for story in self.stories if story.lost]

    @property
    def achieved(self) -> float | None:
        """Completed rides a second over the middle eight tenths of all completions; None where they are too few.

        Each ride's time on the road is taken off first: a car that had far to go is not a slow server.
        """
        ends = sorted(story.completed_at - story.driven_s for story in self.stories if not story.lost)
        if len(ends) < FEWEST_TO_JUDGE:
            return None
        first, last = len(ends) // 10, len(ends) - 1 - len(ends) // 10
        return (last - first) / (ends[last] - ends[first])


class Crowd:
    """Registered people, ready to be lent to rides."""

    def __init__(self, url: str, area: Area, seed: int) -> None:
        self.measures = Timings()
        self._http = Http(url, self.measures, connections=HTTP_CONNECTIONS)
        self._seed, self._area = seed, area
        self._rng = Random(f"{seed}:crowd")
        self._offers = Offers()
        self._free: deque[Rider] = deque()
        self._drivers: list[Driver] = []
        self._ways: list[Way] = []

    def learn_ways(self) -> None:
        """Roads from quotes, and short ways on them to ride. Raises NoRoads, Refused, Unreachable."""
        navigator = Navigator(Account(self._http, self.measures, self._rng), self._rng)
        navigator.enrol(a_run_name())
        navigator.learn(self._area)
        self._graph = navigator.graph

        def short(_: int) -> Way | None:
            start = self._graph.place(self._rng)
            end = self._graph.place_between(self._rng, start, *SHORT_M)
            try:
                route = navigator.route(start, end)
            except (Refused, Unreachable):
                return None
            return (start, end, route) if SHORT_M[0] <= route.distance_m <= 1.5 * SHORT_M[1] else None

        askers = Pool(8)
        for way in askers.imap_unordered(short, range(20 * WAYS)):
            if way is not None:
                self._ways.append(way)
            if len(self._ways) >= WAYS:
                break
        askers.kill()  # else the rest would be asked for all the same

    def enrol(self, drivers: int, riders: int, said: Callable[[int, int], None]) -> float:
        """Registers so many; gives how long it took in seconds."""
        run, began = a_run_name(), monotonic()
        new_drivers = [self._driver(number, run) for number in range(drivers)]
        new_riders = [
            Rider(self._http, self.measures, Random(f"{self._seed}:rider-{number}"), number, run)
            for number in range(riders)
        ]
        work: list[Callable[[], None]] = [partial(driver.enrol, self._graph) for driver in new_drivers]
        work += [rider.enrol for rider in new_riders]
        for done, _ in enumerate(Pool(ENROL_AT_ONCE).imap_unordered(lambda enrol: enrol(), work), start=1):
            said(done, len(work))
        self._drivers += new_drivers
        self._free.extend(new_riders)
        return monotonic() - began

    def _driver(self, number: int, run: str) -> Driver:
        driver = Driver(self._http, self.measures, Random(f"{self._seed}:driver-{number}"), number, run)
        driver.on_offer = self._offers.made
        return driver

    def step(self, rate: float, seconds: float) -> Step:
        """Starts `rate` rides a second for so long, on a timetable, and waits until all of them are over."""
        stories: list[Story] = []
        running = Group()
        not_started, began_at = 0, monotonic()
        for number in range(round(rate * seconds)):
            due_at = began_at + number / rate
            gevent.sleep(max(due_at - monotonic(), 0.0))
            if not self._free:
                not_started += 1
                continue
            story = Story(due_at)
            stories.append(story)
            running.add(gevent.spawn(self._lend, story, self._free.popleft()))
        running.join(timeout=LONGEST_S + 10)
        return Step(rate, stories, not_started, began_at, monotonic())

    def _lend(self, story: Story, rider: Rider) -> None:
        ride(story, rider, self._rng.choice(self._ways), self._offers)
        if not story.lost:
            self._free.append(rider)
