"""Positions as drivers report them: which may be believed, and their compact form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from typing import Any

from hansom.contracts.location import MARKS
from hansom.values import Point

AHEAD_MS = 2000
"""A telephone's clock may be this far ahead of ours; a position from further ahead counts as of now."""

MAX_SEQ = 2**53
FIELDS = 8
"""Of a row: driver_id, lat, lng, at_ms, seq, bearing_deg, speed_mps, accuracy_m; a ninth, if any, is its mark."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a driver was: `at_ms` milliseconds since 1970, `seq` the telephone's own count.

    `mark` says why it is not believed (one of MARKS); None when it is.
    """

    driver_id: str
    lat: float
    lng: float
    at_ms: int
    seq: int
    bearing_deg: float | None
    speed_mps: float | None
    accuracy_m: float | None
    mark: str | None = None

    def packed(self) -> str:
        """`at;seq;lat;lng;bearing;speed;accuracy`, empty where not known; then `;mark` if it has one."""
        extras = (self.bearing_deg, self.speed_mps, self.accuracy_m)
        packed = f"{self.at_ms};{self.seq};{self.lat:.6f};{self.lng:.6f};" + ";".join(
            "" if value is None else f"{value:.1f}" for value in extras
        )
        return packed if self.mark is None else f"{packed};{self.mark}"


def unpack(driver_id: str, packed: str) -> Position:
    """The position from its packed form."""
    at, seq, lat, lng, bearing, speed, accuracy, *mark = packed.split(";")
    return Position(
        driver_id,
        float(lat),
        float(lng),
        int(at),
        int(seq),
        float(bearing) if bearing else None,
        float(speed) if speed else None,
        float(accuracy) if accuracy else None,
        mark[0] if mark else None,
    )


def believable(rows: Iterable[Any], now_ms: int, max_age_ms: int, skew_ms: int) -> list[Position]:
    """The positions that can be judged; what is not a place on earth, too old or misshapen is left out.

    The gateway has told the driver already; here it only must not get any further. One that is further ahead than
    `skew_ms` is marked `clock_skew`.
    """
    taken = []
    for row in rows:
        position = _position(row, now_ms, max_age_ms, skew_ms)
        if position is not None:
            taken.append(position)
    return taken


def _position(row: Any, now_ms: int, max_age_ms: int, skew_ms: int) -> Position | None:
    try:
        driver_id, lat, lng, at_ms, seq, bearing, speed, accuracy, *rest = row
        # NaN and infinities fail these comparisons
        if not (-90 <= lat <= 90 and -180 <= lng <= 180 and now_ms - max_age_ms <= at_ms and 0 <= seq < MAX_SEQ):
            return None
        mark = rest[0] if rest and rest[0] in MARKS else "clock_skew" if at_ms > now_ms + skew_ms else None
        at_ms = int(at_ms) if at_ms <= now_ms + AHEAD_MS else now_ms
        if not isinstance(driver_id, str) or not 0 < len(driver_id) <= 64:
            return None
        extras = (_known(bearing), _known(speed), _known(accuracy))
        return Position(driver_id, float(lat), float(lng), at_ms, int(seq), *extras, mark)
    except (TypeError, ValueError, OverflowError):
        return None


def _known(value: Any) -> float | None:
    if value is None or isinstance(value, str | bool) or not isfinite(value):
        return None
    return float(value)


def trace_row(trip_id: str, position: Position) -> list[str | float | int | None]:
    """The row for the queue `location.traces`: a marked position's ends with its mark."""
    row: list[str | float | int | None] = [
        trip_id,
        position.driver_id,
        position.lat,
        position.lng,
        position.at_ms,
        position.seq,
        position.bearing_deg,
        position.speed_mps,
        position.accuracy_m,
    ]
    return row if position.mark is None else [*row, position.mark]


def mark_row(position: Position) -> list[str | float | int | None]:
    """The row of a marked position for the queue `location.traces`, key `marks`."""
    return [position.driver_id, position.at_ms, position.seq, position.lat, position.lng, position.mark]


def point_of(position: Position) -> Point:
    return Point(position.lat, position.lng)
