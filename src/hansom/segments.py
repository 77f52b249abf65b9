"""Which segment a point is in, and which segments lie around it.

A city's segments are H3 cells of several resolutions, a cut through H3's tree: every cell of LOOKUP_RESOLUTION
has exactly one ancestor (or itself) among them. H3's children do not tile their parent's outline, so membership is
decided by the tree, never by polygons: a point belongs to the segment that is an ancestor of its finest cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import h3
import h3.api.basic_int as h3_int

from hansom.cities import FINEST

LOOKUP_RESOLUTION = FINEST
"""Resolution of the cells that decide: about 60 m across, and none of a city's segments is smaller. It is the same for
every index, whatever cells it has: the ancestor of a point's cell depends on which cell one starts from."""


class SegmentIndex:
    """Looks points up in a set of H3 cells of mixed resolution, none finer than LOOKUP_RESOLUTION."""

    def __init__(self, cells: Iterable[str]) -> None:
        self._names = {h3.str_to_int(cell): cell for cell in cells}
        self._resolutions = sorted({h3_int.get_resolution(cell) for cell in self._names}, reverse=True)
        self._neighbours: dict[str, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names.values())

    def segment_of(self, lat: float, lng: float) -> str | None:
        """The segment that holds the point (degrees), or None when no segment does. About 1 µs."""
        return self._ancestor(h3_int.latlng_to_cell(lat, lng, LOOKUP_RESOLUTION))

    def _ancestor(self, finest: int) -> str | None:
        for resolution in self._resolutions:
            found = self._names.get(h3_int.cell_to_parent(finest, resolution))
            if found is not None:
                return found
        return None

    def neighbours(self, segment: str) -> tuple[str, ...]:
        """The segments that touch this one, sorted: those of the finest cells just outside it."""
        known = self._neighbours.get(segment)
        if known is None:
            known = self._neighbours[segment] = self._find_neighbours(h3.str_to_int(segment))
        return known

    def _find_neighbours(self, cell: int) -> tuple[str, ...]:
        inside = set(h3_int.cell_to_children(cell, LOOKUP_RESOLUTION))
        outside = {ring for child in inside for ring in h3_int.grid_disk(child, 1)} - inside
        touching = {self._ancestor(finest) for finest in outside}
        return tuple(sorted(name for name in touching if name is not None))

    def rings(self, segment: str, max_rings: int) -> Iterator[tuple[str, ...]]:
        """The segment alone, then the segments around it, then those around them, up to `max_rings` rings."""
        ring: tuple[str, ...] = (segment,)
        seen = {segment}
        for _ in range(max_rings + 1):
            yield ring
            ring = tuple(sorted({near for cell in ring for near in self.neighbours(cell)} - seen))
            if not ring:
                return
            seen.update(ring)


def outline(segment: str) -> list[list[float]]:
    """The segment's closed outline for GeoJSON: `[[lng, lat], ...]`, counter-clockwise.

    For showing only: neighbouring segments of different size overlap or part by a few metres on a map.
    """
    corners = [[lng, lat] for lat, lng in h3.cell_to_boundary(segment)]
    return [*corners, corners[0]]


def centre(segment: str) -> tuple[float, float]:
    """The segment's middle as (lat, lng) in degrees."""
    return h3.cell_to_latlng(segment)
