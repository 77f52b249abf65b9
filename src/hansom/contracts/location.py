"""What `location` is asked and answers: live cars, who is near, and the traces of rides."""

from __future__ import annotations

from dataclasses import dataclass

from hansom.contracts.errors import Unavailable, error
from hansom.values import Point

MAX_SEARCHES = 2000
"""Trips of one `find_candidates`, points of one `nearby_many`."""

MAX_FOUND = 200
"""Cars that one search may ask for."""

MAX_FINISHING_S = 1800
"""How far ahead `find_candidates` looks for drivers who end a ride."""

MAX_AROUND_M = 10_000
"""How far around a pickup `look_around` counts."""

MAX_DRIVERS = 1000
"""Drivers of one `get_positions`."""

MAX_LIVE = 5000
"""Cars of one `list_live`."""

CAR_FREE, CAR_HELD, CAR_SILENT = "free", "held", "silent"
"""States of cars as operators see them; `held` has an open offer, of which trips knows."""

CARS_ON_RIDES = {"assigned": "to_pickup", "arrived": "at_pickup", "in_progress": "riding"}
"""State of a trip → state in which `see_city` shows its car."""

CAR_STATES = frozenset({CAR_FREE, CAR_HELD, CAR_SILENT, *CARS_ON_RIDES.values()})

PositionRow = list[str | float | int | None]
"""One position on a queue `location.positions.<partition of the driver>`, in messages `{"positions": [row, ...]}`:
`[driver_id, lat, lng, at_ms, seq, bearing_deg | null, speed_mps | null, accuracy_m | null]`, and a ninth, its mark,
when the gateway knows already that it is not to be believed (`clock_skew`)."""

TracePointRow = list[str | float | int | None]
"""One position of a ride on the queue `location.traces`, in messages `{"points": [row, ...]}`: the trip's id, then a
PositionRow, of eight or, with its mark, nine."""

MARKS = ("teleport", "frozen", "clock_skew", "vague", "outside_area")
"""Why a position is not believed: see services/location/domain/plausible.py."""

MarkRow = list[str | float | int | None]
"""A position that is not believed, of any driver, on the queue `location.traces`, in messages `{"marks": [row, ...]}`:
`[driver_id, at_ms, seq, lat, lng, mark]`."""


@error
class TraceUnfinished(Unavailable):
    """The ride ended a moment ago and its last positions are still on their way: ask again."""

    code = "trace_unfinished"
    message = "The ride's last positions are still arriving: try again in a moment."


@dataclass(frozen=True, slots=True)
class Move:
    """A car on a ride has moved: what `notifications` gets on the exchange `hansom.moves`, in `{"moves": [...]}`."""

    rider_id: str
    trip_id: str
    point: Point
    bearing_deg: float | None
    eta_s: int | None

    def as_dict(self) -> dict[str, object]:
        return {
            "rider_id": self.rider_id,
            "trip_id": self.trip_id,
            "point": self.point.as_dict(),
            "bearing_deg": self.bearing_deg,
            "eta_s": self.eta_s,
        }


@dataclass(frozen=True, slots=True)
class TraceGap:
    """A time within a ride without a position, longer than a receiver's hiccup."""

    from_at: str
    until_at: str
    duration_s: float
