"""Which segment a point is in, and which segments lie around it.

A city's segments are H3 cells of several resolutions, a cut through H3's tree: every cell of the finest resolution
has exactly one ancestor (or itself) among them. H3's children do not tile their parent's outline, so membership is
decided by the tree, never by polygons: a point belongs to the segment that is an ancestor of its finest cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import h3
import h3.api.basic_int as h3_int

CACHED_CELLS = 200_000
"""Finest cells remembered: about 20 MB, enough for 3,000 km² at resolution 10."""


class SegmentIndex:
    """Looks points up in a set of H3 cells of mixed resolution. Not for threads; greenlets may share it."""

    def __init__(self, cells: Iterable[str]) -> None:
        numbers = {h3.str_to_int(cell): cell for cell in cells}
        self._names = numbers
        resolutions = sorted({h3_int.get_resolution(cell) for cell in numbers}, reverse=True)
        self._finest = resolutions[0] if resolutions else 0
        self._coarser = resolutions[1:]
        self._seen: dict[int, str | None] = {}
        self._neighbours: dict[str, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names.values())

    def segment_of(self, lat: float, lng: float) -> str | None:
        """The segment that holds the point (degrees), or None when no segment does. About 1 µs."""
        finest = h3_int.latlng_to_cell(lat, lng, self._finest)
        try:
            return self._seen[finest]
        except KeyError:
            return self._remember(finest)

    def _remember(self, finest: int) -> str | None:
        if len(self._seen) >= CACHED_CELLS:
            self._seen.clear()
        found = self._ancestor(finest)
        self._seen[finest] = found
        return found

    def _ancestor(self, finest: int) -> str | None:
        if finest in self._names:
            return self._names[finest]
        for resolution in self._coarser:
            parent = h3_int.cell_to_parent(finest, resolution)
            if parent in self._names:
                return self._names[parent]
        return None

    def neighbours(self, segment: str) -> tuple[str, ...]:
        """The segments that touch this one, sorted: those of the finest cells just outside it."""
        known = self._neighbours.get(segment)
        if known is None:
            known = self._neighbours[segment] = self._find_neighbours(h3.str_to_int(segment))
        return known

    def _find_neighbours(self, cell: int) -> tuple[str, ...]:
        inside = set(h3_int.cell_to_children(cell, self._finest))
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
