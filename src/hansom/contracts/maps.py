"""What `maps` is asked and answers: roads, road times, traces put on roads, segments and places."""

from __future__ import annotations

from dataclasses import dataclass

from hansom.contracts.errors import Invalid, NotFound, Unavailable, error
from hansom.values import Point

MAX_TABLE_SIDE = 1000
"""Sources, and destinations, of one `table`."""

MAX_TABLE_CELLS = 250_000
MAX_PAIRS = 1000
"""Pairs of one `etas`."""

MAX_TRACE_POINTS = 20_000
"""Points of one `match_trace`: five and a half hours at one a second."""

MAX_QUERY_LENGTH = 100
MAX_PLACES = 50


PICKUP, TRIP = "pickup", "trip"
"""What a time is promised for, `kind` of an `etas`: the way to the rider, or the ride. Each has its own correction."""


@error
class NoRoute(Invalid):
    """Both points are on roads, and no road leads from the one to the other."""

    code = "no_route"
    message = "No road leads from the pickup to the drop-off."


@error
class UnknownCity(NotFound):
    """`details`: `city` with a sentence."""

    code = "unknown_city"
    message = "There is no such city in the settings."


@error
class RoadsUnavailable(Unavailable):
    code = "roads_unavailable"
    message = "The road service is down: try again in a moment."


@error
class CityNotPrepared(Unavailable):
    """The files of a city are missing: an operator has to prepare it."""

    code = "city_not_prepared"
    message = "This city's map is not ready yet."


@dataclass(frozen=True, slots=True)
class Route:
    """The quickest way between two points of a city, by road.

    `estimated`: the road service did not answer, and this is an older route between nearly the same points, or was
    reckoned from the straight distance (then the line is straight too). `correction`: the factor in `duration_s` that
    was learnt from how long rides really took.
    """

    city: str
    distance_m: int
    duration_s: int
    line: tuple[Point, ...]
    estimated: bool = False
    correction: float = 1.0


@dataclass(frozen=True, slots=True)
class RoadTimes:
    """Seconds by road from each source (row) to each destination (column); None where no road leads.

    `estimated` says that the road service did not answer, or that ends lie in two cities, and some of these are older
    answers or were reckoned from straight distances.
    """

    durations_s: list[list[float | None]]
    estimated: bool


@dataclass(frozen=True, slots=True)
class MatchedTrace:
    """A driven trace put on the roads.

    `method`: how most of the distance was found: `matched` (map matching), `routed` (quickest road between the points),
    `hops` (straight lines), `none` (no trace). `confidence` is 0 to 1; `credible` says whether a fare may rest on it.
    """

    distance_m: int
    line: tuple[Point, ...]
    method: str
    confidence: float
    credible: bool


@dataclass(frozen=True, slots=True)
class NearestRoad:
    """The nearest place on a road, its street's name and how far away it is.

    `estimated`: from the city's own list of roads, which has no names, since the road service did not answer.
    """

    point: Point
    name: str
    distance_m: float
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class PlaceFound:
    """A place that fits what was typed."""

    name: str
    kind: str
    point: Point
