"""The edges of a city's road network: its roads, cut wherever two of them meet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from hansom.values import Point

MICRODEGREES = 1_000_000
"""The file keeps whole millionths of a degree, as OpenStreetMap's own tools do: 11 cm at most."""

Flat = list[int]
"""One edge's points in microdegrees: `[lat, lng, lat, lng, ...]`."""


def edges_of(roads: Iterable[Sequence[Point]]) -> list[Flat]:
    """The pieces of the roads from one junction or road's end to the next, in the roads' own order.

    Roads meet where they share a point of the same coordinates: that is how an extract says it.
    """
    lines = [[(round(p.lat * MICRODEGREES), round(p.lng * MICRODEGREES)) for p in road] for road in roads]
    passed = Counter(point for line in lines for point in line)
    edges: list[Flat] = []
    for line in lines:
        edge = list(line[0])
        for number, point in enumerate(line[1:], 1):
            edge.extend(point)
            if passed[point] > 1 or number == len(line) - 1:
                edges.append(edge)
                edge = list(point)
    return edges
