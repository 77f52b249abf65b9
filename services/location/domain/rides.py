"""A driver's trip, as live state needs it, from what trips tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hansom.values import Point

BUSY = ("assigned", "arrived", "in_progress")
"""States of a trip in which its driver is busy and its positions belong to its trace."""


@dataclass(frozen=True, slots=True)
class Ride:
    """A trip under way: who drives, who rides, where to now."""

    trip_id: str
    driver_id: str
    rider_id: str
    state: str
    target: Point
    assigned_at: datetime | None
    version: int


def target_of(trip: Mapping[str, Any]) -> Point:
    """Where the driver is heading: to the rider until he has boarded, then to the drop-off."""
    end = trip["dropoff"] if trip["state"] == "in_progress" else trip["pickup"]
    return Point(float(end["lat"]), float(end["lng"]))


def ms(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return int(moment.timestamp() * 1000)
