"""A driven trace on the roads: cutting it into overlapping pieces, judging what a matcher made of them, joining it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hansom.contracts.maps import MatchedTrace
from hansom.values import Point, distance_m
from services.maps.domain.readings import Spot

MIN_POINTS = 3
MIN_CONFIDENCE = 0.35
MATCHED_LEAST, ROUTED, HOPPED = 0.6, 0.5, 0.2
"""Quality of a leg: matched 0.6 to 1 (with OSRM's own confidence), routed, hopped. A trace's confidence is the mean of
its legs' qualities, weighted by their length."""

DETOUR, HASTE, DETOUR_SLACK_M = 1.5, 1.6, 30.0
"""Between two spots a car goes at most DETOUR times the straight lines through those between them or, once, through
hairpins or round corners, as far beside these as it comes at HASTE times its speed hereabouts in the longest time that
it was not heard of; and the slack for noise."""

HEREABOUTS = 6
"""A car's speed hereabouts is the greatest between two spots of so many before and after, and LEAST_SPEED_MPS."""

LEAST_SPEED_MPS = 6.0
SHORTCUT, SHORTCUT_SLACK_M = 0.75, 60.0
"""A way through many readings is at least SHORTCUT times the straight lines between them, less the slack."""

STOOD_STILL_M = 15.0
MAX_WAYPOINTS = 25


@dataclass(frozen=True, slots=True)
class Leg:
    """The way from the trace's spot number `first` to number `last`."""

    first: int
    last: int
    distance_m: float
    line: tuple[Point, ...]
    method: str
    quality: float


def pieces(count: int, size: int, overlap: int) -> list[tuple[int, int]]:
    """Ranges (first, end) of at most `size` points that cover `count` points, each sharing `overlap` with the next."""
    ranges = []
    first = 0
    while True:
        end = min(count, first + size)
        ranges.append((first, end))
        if end == count:
            return ranges
        first = end - overlap


def join(before: list[Leg], after: list[Leg], overlap: tuple[int, int]) -> list[Leg]:
    """Legs of two pieces as one chain, changing over near the middle of the points (first, end) that they share.

    A matcher is surest in the middle of what it sees, so each piece is left at the middle of the overlap, at a point
    that both have matched if there is one.
    """
    middle = (overlap[0] + overlap[1] - 1) / 2
    ends = {leg.last for leg in before} | {leg.first for leg in before}
    starts = {leg.first for leg in after} | {leg.last for leg in after}
    shared = [number for number in ends & starts if overlap[0] <= number < overlap[1]]
    at = min(shared, key=lambda number: abs(number - middle)) if shared else middle
    kept = [leg for leg in before if leg.last <= at]
    reached = kept[-1].last if kept else -1
    return kept + [leg for leg in after if leg.first >= at and leg.first >= reached]


def holes(legs: Sequence[Leg], count: int) -> list[tuple[int, int]]:
    """Ranges (first, last) of the trace's points that no leg joins, in order."""
    found = []
    reached = 0
    for leg in legs:
        if leg.first > reached:
            found.append((reached, leg.first))
        reached = leg.last
    if reached < count - 1:
        found.append((reached, count - 1))
    return found


def hops(spots: Sequence[Spot], first: int, last: int) -> Leg:
    """Straight lines from spot to spot."""
    line = tuple(spot.point for spot in spots[first : last + 1])
    return Leg(first, last, sum(distance_m(a, b) for a, b in pairwise(line)), line, "hops", HOPPED)


def is_believed(spots: Sequence[Spot], first: int, last: int, length_m: float) -> bool:
    """Whether a car can have gone `length_m` from one spot to another, through those between them."""
    near = pairwise(spots[max(0, first - HEREABOUTS) : last + HEREABOUTS + 1])
    speed_mps = max(LEAST_SPEED_MPS, *(distance_m(a.point, b.point) / (b.at_s - a.at_s) for a, b in near))
    way = spots[first : last + 1]
    straight_m = sum(distance_m(a.point, b.point) for a, b in pairwise(way))
    silence_s = max(b.from_s - a.until_s for a, b in pairwise(way))
    most_m = DETOUR_SLACK_M + max(DETOUR * straight_m, straight_m + HASTE * speed_mps * silence_s)
    return SHORTCUT * straight_m - SHORTCUT_SLACK_M <= length_m <= most_m


def ways_through(first: int, last: int) -> list[list[int]]:
    """The spots to lead a way through from one to another, in the order they are to be tried.

    All of them leave the least to guess, but one that noise put into a side street spoils the way: then every third,
    then both ends alone.
    """
    numbers = tuple(range(first, last + 1))
    ways = dict.fromkeys([numbers, (*numbers[:-1:3], last), (first, last)])
    return [list(way) for way in ways if len(way) <= MAX_WAYPOINTS]


def assemble(legs: Iterable[Leg], readings: int) -> MatchedTrace:
    """One trace from its legs; `readings` is how many points were left after cleaning."""
    chain = sorted(legs, key=lambda leg: (leg.first, leg.last))
    total_m = sum(leg.distance_m for leg in chain)
    line: list[Point] = []
    for leg in chain:
        line.extend(leg.line[1:] if line and leg.line and line[-1] == leg.line[0] else leg.line)
    by_method: dict[str, float] = {"hops": 0.0, "routed": 0.0, "matched": 0.0}
    for leg in chain:
        by_method[leg.method] += leg.distance_m
    if total_m < STOOD_STILL_M:
        # stood still: nothing to match, and that is as sure as the readings are many
        confidence = 0.9 if readings >= MIN_POINTS else 0.0
        method = "hops" if chain else "none"
    else:
        confidence = sum(leg.quality * leg.distance_m for leg in chain) / total_m
        method = max(by_method, key=lambda name: by_method[name])
    credible = readings >= MIN_POINTS and confidence >= MIN_CONFIDENCE
    return MatchedTrace(round(total_m), tuple(line), method, round(confidence, 3), credible)


NO_TRACE = MatchedTrace(0, (), "none", 0.0, False)
