"""The trace of a ride: finishing it, and showing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from hansom.contracts.location import TraceGap, TraceUnfinished
from hansom.segments import centre
from hansom.wire import iso
from services.location.domain.positions import Position
from services.location.domain.traces import Stretch, believed, covered, gaps, still_arriving, with_ends
from services.location.storage.mongo import CoarseTrace, Traces
from services.location.storage.readings import Reading, Readings


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks to see a trace: `role` rider, driver or ops."""

    user_id: str
    role: str


MATCH_DEADLINE_S = 20.0
MAX_POINTS = 20_000
MAX_SHOWN = 5_000


class MapsMatch(Protocol):
    def match_trace(self, payload: dict[str, Any], deadline_s: float) -> dict[str, Any]: ...


def finish_trace(
    trip_id: str, driver_id: str, ride: Stretch, *, now_ms: int, wait_s: float, traces: Traces, maps: MapsMatch
) -> dict[str, Any]:
    """Put the driven part of a trip's trace on the roads and keep the result; asked again, it gives the same.

    It is worked out anew only when positions have come in since, or for another stretch, and never once the trace is
    coarsened. Positions that bear a mark are counted and not driven. Raises TraceUnfinished while
    the last positions may still be on their way, RoadsUnavailable, PyMongoError.
    """
    points = traces.points(trip_id, driver_id, MAX_POINTS)
    driven, marked = believed(p for p in points if ride.from_ms <= p.at_ms <= ride.until_ms)
    kept = traces.result(trip_id)
    if kept is not None and (_fits(kept, driver_id, ride, driven, marked) or "line" not in kept):
        return _reply(kept)
    times = [p.at_ms for p in driven]
    if still_arriving(times, points[-1].at_ms if points else None, ride, now_ms, wait_s):
        raise TraceUnfinished(details={"retry_after_s": 1})
    missing = gaps(times, ride)
    way = with_ends(believed(points)[0], ride)
    matched = maps.match_trace({"points": [_wire(p) for p in way]}, deadline_s=MATCH_DEADLINE_S)
    result = {
        "driver_id": driver_id,
        "from": ride.from_ms,
        "until": ride.until_ms,
        "points": len(driven),
        "marked": marked,
        "distance_m": matched["distance_m"],
        "line": [[point["lat"], point["lng"]] for point in matched["line"]],
        "method": matched["method"],
        "confidence": matched["confidence"],
        "credible": bool(matched["credible"]) and covered(missing, ride),
        "complete": not missing,
        "gaps": [list(gap) for gap in missing],
    }
    traces.keep_result(trip_id, result)
    return _reply(result)


def _fits(
    kept: dict[str, Any], driver_id: str, ride: Stretch, driven: Sequence[Position], marked: dict[str, int]
) -> bool:
    asked = (driver_id, ride.from_ms, ride.until_ms, len(driven), marked)
    return (kept["driver_id"], kept["from"], kept["until"], kept["points"], kept.get("marked", {})) == asked


def _reply(result: dict[str, Any]) -> dict[str, Any]:
    return {
        "distance_m": result["distance_m"],
        "line": _line(result),
        "method": result["method"],
        "confidence": result["confidence"],
        "credible": result["credible"],
        "points": result["points"],
        "marked": result.get("marked", {}),
        "complete": result["complete"],
        "gaps": _gaps(result["gaps"]),
    }


def get_trace(
    trip_id: str,
    driver_id: str | None,
    reader: Reader,
    *,
    now_ms: int,
    reading_id: str,
    traces: Traces,
    readings: Readings,
) -> dict[str, Any]:
    """A trip's trace as it is now: where its driver was, and how that was matched once the ride is finished.

    `driver_id` is who drives it, or drove; the trace of one who gave it back is nobody's to see. Once old it is coarse:
    the middles of the segments that were passed, at rounded times. What an operator reads is recorded before he gets
    it. Raises PyMongoError, also when it could not be recorded.
    """
    if reader.role == "ops":
        readings.record(Reading(reading_id, trip_id, reader.user_id, now_ms))
    result = traces.result(trip_id)
    driver_id = result["driver_id"] if result else driver_id
    found = traces.points(trip_id, driver_id, MAX_POINTS) if driver_id else []
    left = None if found else traces.coarse(trip_id)
    points, marked = believed(found)
    times = [p.at_ms for p in points]
    so_far = gaps(times, Stretch(times[0], times[-1])) if times else []
    return {
        "distance_m": result["distance_m"] if result else None,
        "matched_route": _line(result) if result else [],
        "points": _passed(left, driver_id) if left else _points(points),
        "method": result["method"] if result else None,
        "confidence": result["confidence"] if result else None,
        "complete": bool(result and result["complete"]),
        "gaps": _gaps(result["gaps"] if result else so_far),
        "marked": left.marked if left else marked,
        "coarsened": left is not None,
    }


def list_readings(
    trip_id: str | None, ops_user_id: str | None, before: str | None, limit: int, readings: Readings
) -> tuple[list[Reading], str | None]:
    """Who of the operators read which trace, newest first, and where the next page begins. Raises PyMongoError."""
    found = readings.newest(trip_id, ops_user_id, before, limit + 1)
    return found[:limit], found[limit - 1].id if len(found) > limit else None


def _points(points: Sequence[Position]) -> list[dict[str, Any]]:
    return [{"lat": p.lat, "lng": p.lng, "at": _iso(p.at_ms)} for p in thinned(points, MAX_SHOWN)]


def _passed(left: CoarseTrace, driver_id: str | None) -> list[dict[str, Any]]:
    mine = [each for each in left.passed if each.driver_id == driver_id]
    shown = [(centre(each.segment), each.at_ms) for each in mine[:MAX_SHOWN]]
    return [{"lat": round(lat, 6), "lng": round(lng, 6), "at": _iso(at_ms)} for (lat, lng), at_ms in shown]


def _line(result: dict[str, Any]) -> list[dict[str, float]]:
    return [{"lat": lat, "lng": lng} for lat, lng in result.get("line", [])]


def _gaps(missing: Sequence[Sequence[int]]) -> list[dict[str, Any]]:
    named = [TraceGap(_iso(a), _iso(b), round((b - a) / 1000, 1)) for a, b in missing]
    return [{"from": gap.from_at, "until": gap.until_at, "duration_s": gap.duration_s} for gap in named]


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
