"""How far a ride under way has come: what another destination is quoted from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from hansom.values import Point, distance_m


@dataclass(frozen=True, slots=True)
class WaySoFar:
    """Metres driven since the start, by the positions as they came in, and where the car was last; None: not known."""

    driven_m: float | None = None
    point: Point | None = None


def so_far(fixes: Sequence[tuple[datetime, Point]], since: datetime, until: datetime | None) -> WaySoFar:
    """The way along believed positions, oldest first, from `since` to `until` (None: the last one)."""
    points = [point for at, point in fixes if since <= at and (until is None or at <= until)]
    if not points:
        return WaySoFar()
    return WaySoFar(round(sum(distance_m(a, b) for a, b in pairwise(points)), 1), points[-1])
