"""The trace of a ride: finishing it, and showing it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from hansom.contracts.location import TraceGap, TraceUnfinished
from hansom.wire import iso
from services.location.domain.positions import Position
from services.location.domain.traces import NEAR_END_S, Stretch, covered, gaps, still_arriving
from services.location.storage.mongo import Traces

MATCH_DEADLINE_S = 20.0
MAX_POINTS = 20_000
MAX_SHOWN = 5_000


class MapsMatch(Protocol):
    def match_trace(self, payload: dict[str, Any], deadline_s: float) -> dict[str, Any]: ...


def finish_trace(
    trip_id: str, driver_id: str, ride: Stretch, *, now_ms: int, wait_s: float, traces: Traces, maps: MapsMatch
) -> dict[str, Any]:
    """Put the driven part of a trip's trace on the roads and keep the result; asked again, it gives the same.

    It is worked out anew only when positions have come in since, or for another stretch. Raises TraceUnfinished while
    the last positions may still be on their way, RoadsUnavailable, PyMongoError.
    """
    points = traces.points(trip_id, driver_id, MAX_POINTS)
    driven = [p for p in points if ride.from_ms <= p.at_ms <= ride.until_ms]
    times = [p.at_ms for p in driven]
    kept = traces.result(trip_id)
    if kept is not None and _fits(kept, driver_id, ride, driven):
        return _reply(kept)
    if still_arriving(times, points[-1].at_ms if points else None, ride, now_ms, wait_s):
        raise TraceUnfinished(details={"retry_after_s": 1})
    matched = maps.match_trace({"points": [_wire(p) for p in driven]}, deadline_s=MATCH_DEADLINE_S)
    missing = gaps(times, ride)
    result = {
        "driver_id": driver_id,
        "from": ride.from_ms,
        "until": ride.until_ms,
        "points": len(driven),
        "distance_m": matched["distance_m"],
        "line": [[point["lat"], point["lng"]] for point in matched["line"]],
        "method": matched["method"],
        "confidence": matched["confidence"],
        "credible": bool(matched["credible"]) and covered(missing, ride),
        "complete": bool(times) and ride.until_ms - times[-1] <= NEAR_END_S * 1000 and not missing,
        "gaps": [list(gap) for gap in missing],
    }
    traces.keep_result(trip_id, result)
    return _reply(result)


def _fits(kept: dict[str, Any], driver_id: str, ride: Stretch, driven: Sequence[Position]) -> bool:
    asked = (driver_id, ride.from_ms, ride.until_ms, len(driven))
    return (kept["driver_id"], kept["from"], kept["until"], kept["points"]) == asked


def _reply(result: dict[str, Any]) -> dict[str, Any]:
    missing = [TraceGap(_iso(a), _iso(b), round((b - a) / 1000, 1)) for a, b in result["gaps"]]
    return {
        "distance_m": result["distance_m"],
        "line": [{"lat": lat, "lng": lng} for lat, lng in result["line"]],
        "method": result["method"],
        "confidence": result["confidence"],
        "credible": result["credible"],
        "points": result["points"],
        "complete": result["complete"],
        "gaps": [{"from": gap.from_at, "until": gap.until_at, "duration_s": gap.duration_s} for gap in missing],
    }


def get_trace(trip_id: str, traces: Traces) -> dict[str, Any]:
    """A trip's trace as it is now: its positions, and how it was matched once it is finished. Raises PyMongoError."""
    result = traces.result(trip_id)
    points = traces.points(trip_id, result["driver_id"] if result else None, MAX_POINTS)
    return {
        "distance_m": result["distance_m"] if result else None,
        "matched_route": [{"lat": lat, "lng": lng} for lat, lng in result["line"]] if result else [],
        "points": [{"lat": p.lat, "lng": p.lng, "at": _iso(p.at_ms)} for p in thinned(points, MAX_SHOWN)],
        "method": result["method"] if result else None,
        "confidence": result["confidence"] if result else None,
        "complete": bool(result and result["complete"]),
    }


def thinned(points: Sequence[Position], most: int) -> list[Position]:
    """At most `most` of the points, evenly, with the first and the last."""
    if len(points) <= most:
        return list(points)
    step = (len(points) - 1) / (most - 1)
    return [points[round(i * step)] for i in range(most)]


def _wire(position: Position) -> dict[str, Any]:
    return {
        "lat": position.lat,
        "lng": position.lng,
        "at": _iso(position.at_ms),
        "accuracy_m": position.accuracy_m,
    }


def _iso(at_ms: int) -> str:
    return iso(datetime.fromtimestamp(at_ms / 1000, UTC)) or ""
