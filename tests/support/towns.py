"""A made-up town as an OpenStreetMap extract: a grid of two-way streets, each with a name, and a station."""

from __future__ import annotations

from pathlib import Path

import osmium
from osmium.osm.mutable import Node, Way

STREETS = 14
STEP_DEG = 0.0012
"""About 130 m from one street to the next."""


def write_town(path: Path, south: float, west: float, streets: int = STREETS) -> Path:
    """Write `streets` times `streets` crossings, the first at the south-western corner. Gives the path."""
    with osmium.SimpleWriter(str(path)) as writer:
        for row in range(streets):
            for column in range(streets):
                place = (west + column * STEP_DEG * 1.5, south + row * STEP_DEG)
                writer.add_node(Node(id=_number(row, column), location=place))
        middle = (west + streets / 2 * STEP_DEG * 1.5, south + streets / 2 * STEP_DEG)
        tags = {"name": "Grid Central", "railway": "station"}
        writer.add_node(Node(id=10_000_000, location=middle, tags=tags))
        every = range(streets)
        ways = [(f"Avenue {row + 1}", [_number(row, column) for column in every]) for row in every]
        ways += [(f"Street {column + 1}", [_number(row, column) for row in every]) for column in every]
        for number, (name, nodes) in enumerate(ways, start=1):
            writer.add_way(Way(id=number, nodes=nodes, tags={"highway": "residential", "name": name}))
    return path


def _number(row: int, column: int) -> int:
    return 1 + row * 1000 + column
