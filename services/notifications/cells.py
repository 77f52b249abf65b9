"""Segments as places: H3 cells by their names."""

from __future__ import annotations

import h3

from hansom.values import Point


def centre_of(segment: str) -> Point | None:
    """The middle of a segment; None when there is none of this name."""
    return Point(*h3.cell_to_latlng(segment)) if h3.is_valid_cell(segment) else None


def is_in(point: Point, segment: str) -> bool:
    """Whether a point is in a segment."""
    return h3.latlng_to_cell(point.lat, point.lng, h3.get_resolution(segment)) == segment
