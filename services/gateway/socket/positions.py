"""Position reports, checked by hand: they are most of what comes in."""

from __future__ import annotations

from datetime import datetime
from math import isfinite
from typing import Any

from prometheus_client import Counter

from hansom.contracts.errors import Invalid
from hansom.validation import load
from services.gateway import schemas

AHEAD_MAX_MS = 60_000
"""How much a phone's clock may be ahead of ours."""
AHEAD_KEPT_MS = 2_000
"""Up to this a phone's time is kept; from further ahead its position counts as of now."""
CLOCK_SKEW = "clock_skew"

POSITIONS_REFUSED = Counter("positions_refused_total", "Positions that were not well formed")

Row = list[Any]
PLAIN = 8
"""Length of a row without a mark."""
_FIELDS = frozenset({"lat", "lng", "at", "seq", "bearing_deg", "speed_mps", "accuracy_m"})
_NUMBERS = (float, int)
_SCHEMA = schemas.Position()


def read_position(driver_id: str, data: Any, now_ms: int, max_age_ms: int) -> Row:
    """A position report as `location` takes it: `[driver_id, lat, lng, at_ms, seq, bearing, speed, accuracy]`, and
    the mark `clock_skew` behind it when the phone is more than a minute ahead: it is counted, and not believed.

    `now_ms`: Unix time. Raises Invalid, naming the field.
    """
    row = _quick(driver_id, data)
    if row is None:
        POSITIONS_REFUSED.inc()
        load(_SCHEMA, data if isinstance(data, dict) else {})  # says what is wrong
        raise Invalid(details={"position": ["Not a position."]})
    at_ms = row[3]
    if at_ms < now_ms - max_age_ms:
        POSITIONS_REFUSED.inc()
        raise Invalid(details={"at": ["Too long ago."]})
    # once, here: `location` tells a position that comes twice by its time and number
    if at_ms > now_ms + AHEAD_KEPT_MS:
        row[3] = now_ms
        if at_ms > now_ms + AHEAD_MAX_MS:
            row.append(CLOCK_SKEW)
    return row


def ahead(row: Row) -> bool:
    """Whether the row is marked: its client is told so, if it asked."""
    return len(row) > PLAIN


def _quick(driver_id: str, data: Any) -> Row | None:
    """The row of a well-formed report, otherwise None. `schemas.Position` by hand; a test compares the two."""
    if type(data) is not dict or not data.keys() <= _FIELDS:
        return None
    get = data.get
    lat: Any
    lng: Any
    lat, lng, at, seq = get("lat"), get("lng"), get("at"), get("seq")
    bearing, speed, accuracy = get("bearing_deg"), get("speed_mps"), get("accuracy_m")
    if not (
        type(lat) in _NUMBERS
        and -90 <= lat <= 90
        and type(lng) in _NUMBERS
        and -180 <= lng <= 180
        and type(seq) is int
        and 0 <= seq < 1 << 53
        and (bearing is None or (type(bearing) in _NUMBERS and 0 <= bearing <= 360))
        and (speed is None or (type(speed) in _NUMBERS and 0 <= speed <= 150))
        and (accuracy is None or (type(accuracy) in _NUMBERS and isfinite(accuracy) and 0 <= accuracy <= 100_000))
        and type(at) is str
        and len(at) <= 40
    ):
        return None
    try:
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            return None
        at_ms = round(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
    return [driver_id, lat, lng, at_ms, seq, bearing, speed, accuracy]
