"""Segments put together to zones: a place of which enough is known to reckon with, and not too many of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from hansom.values import Point, plane_distance_m

MOST_ZONES = 300
"""What grows with the square of zones is then done in a tenth of a second."""

FINEST, WIDEST = 10, 5
"""H3 resolutions of zones."""

ParentOf = Callable[[str, int], str]
"""(segment, resolution) → the cell of this resolution that holds it, or itself where it is larger."""

CentreOf = Callable[[str], Point]


@dataclass(frozen=True, slots=True)
class Zone:
    """Segments that are taken for one place, and its middle."""

    name: str
    segments: tuple[str, ...]
    centre: Point


def zones_at(resolution: int, segments: Iterable[str], parent_of: ParentOf, centre_of: CentreOf) -> list[Zone]:
    """The zones of one size, by name."""
    members: dict[str, list[str]] = defaultdict(list)
    for segment in segments:
        members[parent_of(segment, resolution)].append(segment)
    return [Zone(name, tuple(sorted(each)), centre_of(name)) for name, each in sorted(members.items())]


def finest_zones(segments: Iterable[str], parent_of: ParentOf, centre_of: CentreOf) -> list[Zone]:
    """Zones as small as MOST_ZONES allows."""
    known = list(segments)
    for resolution in range(FINEST, WIDEST, -1):
        found = zones_at(resolution, known, parent_of, centre_of)
        if len(found) <= MOST_ZONES:
            return found
    return zones_at(WIDEST, known, parent_of, centre_of)


def added_up(zone: Zone, by_segment: Mapping[str, float]) -> float:
    """What a zone's segments have together."""
    return sum(by_segment.get(segment, 0.0) for segment in zone.segments)


def drive_s(start: Point, end: Point, straight_mps: float) -> float:
    """A guess at the seconds by car, which leaves so many metres of the straight line behind in a second."""
    return plane_distance_m(start.lat, start.lng, end.lat, end.lng) / straight_mps
