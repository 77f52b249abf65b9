"""Where a free driver would be of use: places where riders ask and cars are missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hansom.values import Point, distance_m

MAX_DISTANCE_M = 5000
"""Nobody is sent further than this."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """A segment that lacks `missing` cars. `reason`: `unmet_requests` or `more_requests_than_cars`."""

    segment: str
    point: Point
    missing: int
    reason: str


def shortages(
    demand: Sequence[Mapping[str, Any]],
    supply: Mapping[str, Mapping[str, int]],
    centre_of: Callable[[str], Point | None],
) -> list[Shortage]:
    """The segments with too few free cars for what was asked there lately, the worst first.

    `demand`: `{segment, requests, unmet, ...}` each; `supply`: segment → `{free, busy}`; `centre_of(segment)`.
    """
    found = []
    for row in demand:
        free = supply.get(row["segment"], {}).get("free", 0)
        missing = max(row["unmet"], row["requests"] - free if free == 0 else 0) - free
        centre = centre_of(row["segment"]) if missing > 0 else None
        if centre is not None:
            reason = "unmet_requests" if row["unmet"] else "more_requests_than_cars"
            found.append(Shortage(row["segment"], centre, missing, reason))
    return sorted(found, key=lambda shortage: (-shortage.missing, shortage.segment))


def hints(
    lacking: Sequence[Shortage], free: Mapping[str, Point], is_in: Callable[[Point, str], bool]
) -> dict[str, Shortage]:
    """Driver → where to go: to each shortage as many as it lacks, the nearest first; no driver twice.

    A driver who is there already, `is_in(point, segment)`, is not told.
    """
    left, chosen = dict(free), dict[str, Shortage]()
    for shortage in lacking:
        near = sorted(
            (distance_m(point, shortage.point), driver_id)
            for driver_id, point in left.items()
            if not is_in(point, shortage.segment)
        )
        for away_m, driver_id in near[: shortage.missing]:
            if away_m <= MAX_DISTANCE_M:
                chosen[driver_id] = shortage
                del left[driver_id]
    return chosen
