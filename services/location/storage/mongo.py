"""Traces of rides in MongoDB: each position once, and the result of each finished ride."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo import ASCENDING
from pymongo.database import Database

from hansom.mongo import insert_new
from services.location.domain.positions import Position
from services.location.domain.traces import Passage
from services.location.storage.marks import ensure_mark_indexes
from services.location.storage.readings import ensure_reading_indexes

POINTS = "location_traces"
"""`{_id: "trip:driver:at:seq", trip_id, driver_id, at (ms), seq, lat, lng, bearing_deg, speed_mps, accuracy_m}`, and
`mark` when it is not believed."""

RESULTS = "location_trace_results"
"""`{_id: trip id, driver_id, from, until (ms), points, marked, distance_m, line, method, confidence, ...}`; without
`line` once the trace is coarsened."""

COARSE = "location_trace_segments"
"""What is left of a ride's positions: `{_id: trip id, passed: [[driver_id, segment, at (ms, rounded)]], marked}`."""

PROGRESS = "location_trace_progress"
"""`{_id: "coarsened", until (ms)}`: there are no positions from before."""

DELETED_AT_ONCE = 200
"""Positions; a store that syncs each of them lets nobody else write meanwhile."""


def ensure_indexes(database: Database[dict[str, Any]]) -> None:
    """Create what is missing; safe to repeat."""
    keys = [("trip_id", ASCENDING), ("at", ASCENDING), ("seq", ASCENDING)]
    database[POINTS].create_index(keys, name="trip_at_seq")
    database[POINTS].create_index([("at", ASCENDING)], name="at")
    ensure_mark_indexes(database)
    ensure_reading_indexes(database)


@dataclass(frozen=True, slots=True)
class CoarseTrace:
    """The segments that a trip passed, and how many of its positions bore each mark."""

    passed: list[Passage]
    marked: dict[str, int]


class Traces:
    """Every method raises PyMongoError when MongoDB is down."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._points, self._results, self._coarse = database[POINTS], database[RESULTS], database[COARSE]
        self._progress = database[PROGRESS]

    def add(self, rows: Iterable[Sequence[Any]]) -> int:
        """Keep points (contracts' TracePointRow), each once however often it comes; gives how many are new."""
        documents = list({document["_id"]: document for document in map(trace_document, rows)}.values())
        return insert_new(self._points, documents)

    def points(self, trip_id: str, driver_id: str | None, limit: int) -> list[Position]:
        """A trip's positions in order of time, of one driver or of all who drove it."""
        query = {"trip_id": trip_id} if driver_id is None else {"trip_id": trip_id, "driver_id": driver_id}
        found = self._points.find(query).sort([("at", ASCENDING), ("seq", ASCENDING)]).limit(limit)
        return [position_of(document) for document in found]

    def trips_between(self, from_ms: int, until_ms: int) -> list[str]:
        """The trips with positions of this time. Looks at all of these, so the time should be short."""
        found = self._points.find({"at": {"$gte": from_ms, "$lt": until_ms}}, {"trip_id": 1})
        return list(dict.fromkeys(document["trip_id"] for document in found))

    def coarsened_until(self) -> int | None:
        """Until when (ms) all positions are coarsened; the time of the oldest where nothing ever was; None if none."""
        known = self._progress.find_one({"_id": "coarsened"})
        if known is not None:
            return int(known["until"])
        oldest = next(iter(self._points.find({}, {"at": 1}).sort("at", ASCENDING).limit(1)), None)
        return int(oldest["at"]) if oldest else None

    def note_coarsened(self, until_ms: int) -> None:
        """Remember until when all positions are coarsened."""
        self._progress.replace_one({"_id": "coarsened"}, {"_id": "coarsened", "until": until_ms}, upsert=True)

    def coarsen(self, trip_id: str, points: Sequence[Position], trace: CoarseTrace) -> None:
        """Keep only this of a trip's positions, and nothing of the line that they were matched to.

        What was kept of the trip before stays: its positions may be half deleted already. Interrupted anywhere it can
        be done again, since the positions go last.
        """
        insert_new(self._coarse, [coarse_document(trip_id, trace)])
        self._results.update_one({"_id": trip_id}, {"$unset": {"line": ""}})
        for first in range(0, len(points), DELETED_AT_ONCE):
            some = points[first : first + DELETED_AT_ONCE]
            self._points.delete_many({"_id": {"$in": [point_id(trip_id, p.driver_id, p.at_ms, p.seq) for p in some]}})
        self._points.delete_many({"trip_id": trip_id})

    def coarse(self, trip_id: str) -> CoarseTrace | None:
        """What is left of an old trip's positions."""
        found = self._coarse.find_one({"_id": trip_id})
        return CoarseTrace([Passage(*row) for row in found["passed"]], found["marked"]) if found else None

    def result(self, trip_id: str) -> dict[str, Any] | None:
        """What finishing the trip's trace gave."""
        return self._results.find_one({"_id": trip_id})

    def keep_result(self, trip_id: str, result: dict[str, Any]) -> None:
        """Keep what finishing gave; the last one counts."""
        self._results.replace_one({"_id": trip_id}, {"_id": trip_id, **result}, upsert=True)


def point_id(trip_id: str, driver_id: str, at: int, seq: int) -> str:
    return f"{trip_id}:{driver_id}:{at}:{seq}"


def coarse_document(trip_id: str, trace: CoarseTrace) -> dict[str, Any]:
    passed = [[each.driver_id, each.segment, each.at_ms] for each in trace.passed]
    return {"_id": trip_id, "passed": passed, "marked": trace.marked}


def trace_document(row: Sequence[Any]) -> dict[str, Any]:
    trip_id, driver_id, lat, lng, at, seq, bearing, speed, accuracy, *mark = row
    document = {
        "_id": point_id(trip_id, driver_id, at, seq),
        "trip_id": trip_id,
        "driver_id": driver_id,
        "at": at,
        "seq": seq,
        "lat": lat,
        "lng": lng,
    }
    extras = {"bearing_deg": bearing, "speed_mps": speed, "accuracy_m": accuracy, "mark": mark[0] if mark else None}
    return document | {name: value for name, value in extras.items() if value is not None}


def position_of(document: dict[str, Any]) -> Position:
    return Position(
        document["driver_id"],
        document["lat"],
        document["lng"],
        document["at"],
        document["seq"],
        document.get("bearing_deg"),
        document.get("speed_mps"),
        document.get("accuracy_m"),
        document.get("mark"),
    )
