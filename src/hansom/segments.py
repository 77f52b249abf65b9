"""Which segment a point is in, and which segments lie around it.

A city's segments are H3 cells of several resolutions, a cut through H3's tree: every cell of LOOKUP_RESOLUTION
has exactly one ancestor (or itself) among them. H3's children do not tile their parent's outline, so membership is
decided by the tree, never by polygons: a point belongs to the segment that is an ancestor of its finest cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

import h3
import h3.api.basic_int as h3_int

from hansom.cities import FINEST

LOOKUP_RESOLUTION = FINEST
"""Resolution of the cells that decide: about 60 m across, and none of a city's segments is smaller. It is the same for
every index, whatever cells it has: the ancestor of a point's cell depends on which cell one starts from."""

WIDE_RESOLUTION = 8


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
        return self._ancestor(h3_int.latlng_to_cell(lat, lng, LOOKUP_RESOLUTION), LOOKUP_RESOLUTION)

    def locate(self, lat: float, lng: float) -> tuple[str | None, str]:
        """The segment that holds the point, or None, and the cell of LOOKUP_RESOLUTION that does. About 1.5 µs."""
        finest = h3_int.latlng_to_cell(lat, lng, LOOKUP_RESOLUTION)
        return self._ancestor(finest, LOOKUP_RESOLUTION), h3.int_to_str(finest)

    def _ancestor(self, cell: int, size: int) -> str | None:
        """The segment that the cell, of resolution `size`, is or lies in."""
        for resolution in self._resolutions:
            found = self._names.get(h3_int.cell_to_parent(cell, resolution)) if resolution <= size else None
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
        """Goes from the cells of the same size around it up to larger segments, or down along the border to smaller.

        Cells that touch have parents that touch or are the same, so nothing that touches is missed on the way down.
        """
        size = h3_int.get_resolution(cell)
        touching: set[str] = set()
        waiting = [near for near in h3_int.grid_disk(cell, 1) if near != cell]
        while waiting:
            near = waiting.pop()
            near_size = h3_int.get_resolution(near)
            found = self._ancestor(near, near_size)
            if found is not None:
                touching.add(found)
            elif near_size < self._resolutions[0]:
                waiting.extend(child for child in h3_int.cell_to_children(near) if _touches(child, cell, size))
        return tuple(sorted(touching))

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


@lru_cache(maxsize=200_000)
def extent(cell: str) -> tuple[float, float, float]:
    """A cell's middle (lat, lng in degrees) and how far from it a point of the cell may be, metres.

    A segment's finest cells stick out of its outline by less than a twentieth of its radius.
    """
    lat, lng = h3.cell_to_latlng(cell)
    reach_m = max(h3.great_circle_distance((lat, lng), corner, "m") for corner in h3.cell_to_boundary(cell))
    return lat, lng, 1.06 * reach_m


def _touches(near: int, cell: int, size: int) -> bool:
    """Whether a cell, no larger than `cell`, whose resolution is `size`, lies outside of it and at its border."""
    return any(h3_int.cell_to_parent(around, size) == cell for around in h3_int.grid_disk(near, 1))


def one_cut(cells_by_city: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """The segments of several cities, divided further where a segment of one lies in a larger one of another.

    Cities that lie side by side both have segments across their border. After this no segment of any lies within
    another of any, so that together they are a cut through H3's tree as each alone is; some are of both cities.
    """
    cells = {key: {h3.str_to_int(cell) for cell in given} for key, given in cells_by_city.items()}
    above = {
        h3_int.cell_to_parent(cell, resolution)
        for cell in set().union(*cells.values())
        for resolution in range(h3_int.get_resolution(cell))
    }
    return {key: sorted(h3.int_to_str(cell) for cell in _divided(mine, above)) for key, mine in cells.items()}


def _divided(cells: Iterable[int], above: set[int]) -> Iterator[int]:
    """The cells, those that are `above` others replaced by their children."""
    waiting = list(cells)
    while waiting:
        cell = waiting.pop()
        if cell in above:
            waiting.extend(h3_int.cell_to_children(cell))
        else:
            yield cell


def outline(segment: str) -> list[list[float]]:
    """The segment's closed outline for GeoJSON: `[[lng, lat], ...]`, counter-clockwise.

    For showing only: neighbouring segments of different size overlap or part by a few metres on a map.
    """
    corners = [[lng, lat] for lat, lng in h3.cell_to_boundary(segment)]
    return [*corners, corners[0]]


def wide_cell(lat: float, lng: float) -> str:
    """An H3 cell of about a kilometre that stands for a point outside all segments."""
    return h3.latlng_to_cell(lat, lng, WIDE_RESOLUTION)


def centre(segment: str) -> tuple[float, float]:
    """The segment's middle as (lat, lng) in degrees."""
    return h3.cell_to_latlng(segment)
