"""A driven trace: cleaning it, cutting it into overlapping pieces, and putting the matched pieces together again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hansom.contracts.maps import MatchedTrace
from hansom.values import Point, distance_m

MAX_SPEED_MPS = 70.0
"""Faster than this between two points: the second is a wild reading."""

MAX_WILD = 3
"""After so many wild readings in a row it was the point before them that was wild."""

MAX_ACCURACY_M = 100.0
SPACING_M = 15.0
"""Points nearer than this to the last one, or than twice their accuracy, say more about the receiver than about the
car: matched, they would become turns that nobody drove."""

VAGUE_M = 8.0
SMOOTHING_S = 3
MIN_POINTS = 3
MIN_CONFIDENCE = 0.35
MATCHED_LEAST, ROUTED, HOPPED = 0.6, 0.5, 0.2
"""Quality of a leg: matched 0.6 to 1 (with OSRM's own confidence), routed, hopped. A trace's confidence is the mean of
its legs' qualities, weighted by their length."""

DETOUR_MAX = 3.0
DETOUR_SLACK_M = 300.0


@dataclass(frozen=True, slots=True)
class TracePoint:
    """Where a car was: `at_s` seconds since 1970, `accuracy_m` as the receiver said, or None."""

    point: Point
    at_s: float
    accuracy_m: float | None = None


@dataclass(frozen=True, slots=True)
class Leg:
    """The way from the trace's point number `first` to number `last`."""

    first: int
    last: int
    distance_m: float
    line: tuple[Point, ...]
    method: str
    quality: float


def clean(points: Iterable[TracePoint]) -> list[TracePoint]:
    """In order of time, one a second, without vague and wild readings."""
    ordered = sorted(points, key=lambda p: p.at_s)
    kept: list[TracePoint] = []
    wild = 0
    for point in ordered:
        if (point.accuracy_m or 0) > MAX_ACCURACY_M:
            continue
        if not kept:
            kept.append(point)
            continue
        elapsed_s = point.at_s - kept[-1].at_s
        if elapsed_s < 1:
            continue
        if distance_m(kept[-1].point, point.point) / elapsed_s <= MAX_SPEED_MPS:
            kept.append(point)
            wild = 0
            continue
        wild += 1
        if wild >= MAX_WILD:
            kept[-1] = point
            wild = 0
    return kept


def smooth(points: Sequence[TracePoint]) -> list[TracePoint]:
    """Vague readings (VAGUE_M and worse) as the mean of themselves and their neighbours within SMOOTHING_S seconds.

    Scattered over side streets, they would be matched to detours. The first and the last stay what they are.
    """
    smoothed = list(points)
    for number in range(1, len(points) - 1):
        here = points[number]
        if (here.accuracy_m or 0) < VAGUE_M:
            continue
        reach = range(max(0, number - SMOOTHING_S), min(len(points), number + SMOOTHING_S + 1))
        near = [points[i].point for i in reach if abs(points[i].at_s - here.at_s) <= SMOOTHING_S]
        mean = Point(sum(p.lat for p in near) / len(near), sum(p.lng for p in near) / len(near))
        smoothed[number] = TracePoint(mean, here.at_s, here.accuracy_m)
    return smoothed


def thin(points: Sequence[TracePoint]) -> list[TracePoint]:
    """The points that moved on, always with the first and the last."""
    if len(points) < 3:
        return list(points)
    kept = [points[0]]
    for point in points[1:-1]:
        if distance_m(kept[-1].point, point.point) >= max(SPACING_M, 2 * (point.accuracy_m or 0)):
            kept.append(point)
    return [*kept, points[-1]]


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


def hops(points: Sequence[TracePoint], first: int, last: int) -> Leg:
    """Straight lines from point to point."""
    line = tuple(p.point for p in points[first : last + 1])
    return Leg(first, last, sum(distance_m(a, b) for a, b in pairwise(line)), line, "hops", HOPPED)


def routed(points: Sequence[TracePoint], first: int, last: int, length_m: float, line: tuple[Point, ...]) -> Leg:
    """The quickest road through the points, unless it is so much longer that the car cannot have taken it."""
    straight = hops(points, first, last)
    if length_m > max(straight.distance_m * DETOUR_MAX, straight.distance_m + DETOUR_SLACK_M):
        return straight
    return Leg(first, last, length_m, line, "routed", ROUTED)


def waypoints(points: Sequence[TracePoint], first: int, last: int, limit: int = 25) -> list[Point]:
    """Up to `limit` points of a hole to route through: both ends and some between."""
    numbers = range(first, last + 1)
    if len(numbers) > limit:
        step = (len(numbers) - 1) / (limit - 1)
        return [points[first + round(step * i)].point for i in range(limit)]
    return [points[number].point for number in numbers]


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
    if total_m < SPACING_M:
        # stood still: nothing to match, and that is as sure as the readings are many
        confidence = 0.9 if readings >= MIN_POINTS else 0.0
        method = "hops" if chain else "none"
    else:
        confidence = sum(leg.quality * leg.distance_m for leg in chain) / total_m
        method = max(by_method, key=lambda name: by_method[name])
    credible = readings >= MIN_POINTS and confidence >= MIN_CONFIDENCE
    return MatchedTrace(round(total_m), tuple(line), method, round(confidence, 3), credible)


NO_TRACE = MatchedTrace(0, (), "none", 0.0, False)
