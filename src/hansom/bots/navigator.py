"""How the drivers' navigation knows roads: it asks quotes as a rider would and remembers every line it was given."""

from __future__ import annotations

from collections import OrderedDict
from random import Random
from typing import Any

from gevent.pool import Pool

from hansom.bots.client import Account, Refused
from hansom.bots.habits import person
from hansom.bots.options import Area
from hansom.bots.roads import RoadGraph, Route, gap_m, line_of
from hansom.values import Point

REMEMBERED = 4000
LEARNING_ROUTES = 80
LEARNING_TRIES = 4 * LEARNING_ROUTES

Key = tuple[float, float, float, float]


class NoRoads(Exception):
    """Hardly a point in the area was taken by the server: it serves another city, or the area is wrong."""


class Navigator:
    """Routes between points, from one rider's quotes. The graph of all roads seen grows with every answer."""

    def __init__(self, account: Account, rng: Random) -> None:
        self._account, self._rng = account, rng
        self._known: OrderedDict[Key, Route] = OrderedDict()
        self.graph = RoadGraph()

    def enrol(self, run_name: str) -> None:
        """Registers the rider whose quotes show the roads. Raises Refused, Unreachable."""
        self._account.register("/v1/riders", person(self._rng, "navigator", 0, run_name))

    def learn(self, area: Area) -> None:
        """Asks for routes between random points until the graph is worth driving on. Raises NoRoads."""
        learned = 0

        def once(ends: tuple[Point, Point]) -> bool:
            try:
                self.route(*ends)
            except Refused:
                return False  # water, a park: no road near that point
            return True

        tries = ((self._somewhere(area), self._somewhere(area)) for _ in range(LEARNING_TRIES))
        askers = Pool(8)
        for found in askers.imap(once, tries, maxsize=16):
            learned += found
            if learned >= LEARNING_ROUTES:
                break
        askers.kill()  # else the rest would be asked for all the same
        if learned < LEARNING_ROUTES / 8:
            raise NoRoads(f"only {learned} of {LEARNING_TRIES} routes were found in {area}")

    def _somewhere(self, area: Area) -> Point:
        point = area.inside(self._rng.random(), self._rng.random())
        return Point(round(point.lat, 6), round(point.lng, 6))

    def route(self, start: Point, end: Point) -> Route:
        """The way from start to end along roads. Raises Refused where there is none, Unreachable."""
        key = _key(start, end)
        known = self._known.get(key)
        if known is not None:
            return known
        if gap_m(start, end) < 5:
            return Route((start, end), gap_m(start, end), 2.0)
        ends = {"pickup": _rounded(start).as_dict(), "dropoff": _rounded(end).as_dict()}
        try:
            return self.remember(start, end, self._account.post("/v1/quotes", ends))
        except Refused:
            known = self.graph.way(start, end)  # a car may stand just outside the area, where no rider may ask
            if known is None:
                raise
            return known

    def remember(self, start: Point, end: Point, quote: dict[str, Any]) -> Route:
        """Keeps the route that a quote came with, whoever asked for it."""
        line = line_of(quote["route"])
        route = Route(line, float(quote["distance_m"]), road_time_s(quote))
        self.graph.learn(route)
        self._known[_key(start, end)] = route
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return route


def road_time_s(quote: dict[str, Any]) -> float:
    """The roads' own time for a quote's route, without the correction for traffic: traffic is what the bots make."""
    return float(quote["duration_s"]) / float(quote.get("correction") or 1.0)


def _rounded(point: Point) -> Point:
    return Point(round(point.lat, 6), round(point.lng, 6))


def _key(start: Point, end: Point) -> Key:
    return round(start.lat, 5), round(start.lng, 5), round(end.lat, 5), round(end.lng, 5)
