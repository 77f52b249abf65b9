"""Putting a driven trace on the roads."""

from __future__ import annotations

from hansom.contracts.maps import MatchedTrace, NoRoute
from services.maps.domain import readings, traces
from services.maps.domain.readings import Spot, TracePoint
from services.maps.domain.traces import Leg
from services.maps.storage.atlas import Atlas, Roads

MATCH_OVERLAP = 10
MATCH_RADIUS_M = (8.0, 50.0)
"""Least and greatest standard deviation that OSRM is told of a reading."""

MAX_FILLED_HOLES = 200
FILL_SNAP_MAX_M = 100.0
"""A reading further from its road than this was not on it: a route between such readings says nothing."""


def match_trace(atlas: Atlas, points: list[TracePoint]) -> MatchedTrace:
    """Put a driven trace on the roads: matched piece by piece, what is not believed of that routed, the rest straight.

    Raises RoadsUnavailable: a distance that a fare rests on is not guessed because a server is down for a moment.
    """
    cleaned = readings.clean(points)
    if len(cleaned) < 2:
        return traces.NO_TRACE
    spots = readings.gather(readings.smooth(cleaned))
    if len(spots) == 1:
        return traces.assemble([traces.hops(spots, 0, 0)], len(cleaned))
    roads = atlas.roads(atlas.nearest_city(spots[0].point))
    matched = _match_by_pieces(roads, spots) if len(spots) > 2 else []
    legs = [leg for leg in matched if traces.is_believed(spots, leg.first, leg.last, leg.distance_m)]
    for number, (first, last) in enumerate(traces.holes(legs, len(spots))):
        legs.append(_fill(roads, spots, first, last, number))
    return traces.assemble(legs, len(cleaned))


def _match_by_pieces(roads: Roads, spots: list[Spot]) -> list[Leg]:
    legs: list[Leg] = []
    reached = 0
    for first, end in traces.pieces(len(spots), roads.match_max, MATCH_OVERLAP):
        matched = _match_piece(roads, spots, first, end)
        legs = traces.join(legs, matched, (first, reached)) if legs else matched
        reached = end
    return legs


def _match_piece(roads: Roads, spots: list[Spot], first: int, end: int) -> list[Leg]:
    least, greatest = MATCH_RADIUS_M
    asked = [(s.point, int(s.at_s), min(greatest, max(least, s.deviation_m))) for s in spots[first:end]]
    legs = []
    for matching in roads.match(asked):
        quality = traces.MATCHED_LEAST + (1 - traces.MATCHED_LEAST) * min(1.0, max(0.0, matching.confidence))
        for i, length_m in enumerate(matching.lengths_m):
            ends = first + matching.numbers[i], first + matching.numbers[i + 1]
            legs.append(Leg(*ends, length_m, matching.lines[i], "matched", quality))
    return sorted(legs, key=lambda leg: leg.first)


def _fill(roads: Roads, spots: list[Spot], first: int, last: int, number: int) -> Leg:
    """The first way by road through a hole that can be believed, else straight lines."""
    ways = traces.ways_through(first, last) if number < MAX_FILLED_HOLES else []
    for way in ways:
        try:
            found = roads.route([spots[each].point for each in way])
        except NoRoute:
            continue
        near = max(found.snapped_m) <= FILL_SNAP_MAX_M
        if near and traces.is_believed(spots, first, last, found.distance_m):
            return Leg(first, last, found.distance_m, found.line, "routed", traces.ROUTED)
    return traces.hops(spots, first, last)
