"""Putting a driven trace on the roads."""

from __future__ import annotations

from hansom.contracts.maps import MatchedTrace, NoRoute
from services.maps.domain import traces
from services.maps.domain.traces import Leg, TracePoint
from services.maps.storage.atlas import Atlas, Roads

MATCH_OVERLAP = 10
MATCH_RADIUS_M = (10.0, 50.0)
"""Least and greatest standard deviation that OSRM is told of a reading."""

MAX_FILLED_HOLES = 50
FILL_SNAP_MAX_M = 100.0
"""A reading further from its road than this was not on it: a route between such readings says nothing."""


def match_trace(atlas: Atlas, points: list[TracePoint]) -> MatchedTrace:
    """Put a driven trace on the roads: matched piece by piece, holes routed, the rest straight.

    Raises RoadsUnavailable: a distance that a fare rests on is not guessed because a server is down for a moment.
    """
    readings = traces.clean(points)
    if len(readings) < 2:
        return traces.NO_TRACE
    thinned = traces.thin(traces.smooth(readings))
    roads = atlas.roads(atlas.nearest_city(thinned[0].point))
    legs = _match_by_pieces(roads, thinned) if len(thinned) > 2 else []
    for number, (first, last) in enumerate(traces.holes(legs, len(thinned))):
        legs.append(_fill(roads, thinned, first, last, number))
    return traces.assemble(legs, len(readings))


def _match_by_pieces(roads: Roads, points: list[TracePoint]) -> list[Leg]:
    legs: list[Leg] = []
    reached = 0
    for first, end in traces.pieces(len(points), roads.match_max, MATCH_OVERLAP):
        matched = _match_piece(roads, points, first, end)
        legs = traces.join(legs, matched, (first, reached)) if legs else matched
        reached = end
    return legs


def _match_piece(roads: Roads, points: list[TracePoint], first: int, end: int) -> list[Leg]:
    least, greatest = MATCH_RADIUS_M
    asked = [(p.point, int(p.at_s), min(greatest, max(least, p.accuracy_m or least))) for p in points[first:end]]
    legs = []
    for matching in roads.match(asked):
        quality = traces.MATCHED_LEAST + (1 - traces.MATCHED_LEAST) * min(1.0, max(0.0, matching.confidence))
        for i, length_m in enumerate(matching.lengths_m):
            ends = first + matching.numbers[i], first + matching.numbers[i + 1]
            legs.append(Leg(*ends, length_m, matching.lines[i], "matched", quality))
    return sorted(legs, key=lambda leg: leg.first)


def _fill(roads: Roads, points: list[TracePoint], first: int, last: int, number: int) -> Leg:
    if number >= MAX_FILLED_HOLES:
        return traces.hops(points, first, last)
    try:
        found = roads.route(traces.waypoints(points, first, last))
    except NoRoute:
        return traces.hops(points, first, last)
    if max(found.snapped_m) > FILL_SNAP_MAX_M:
        return traces.hops(points, first, last)
    return traces.routed(points, first, last, found.distance_m, found.line)
