"""Traces of rides in MongoDB: each position once, and the result of each finished ride."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pymongo import ASCENDING
from pymongo.database import Database

from hansom.mongo import insert_new
from services.location.domain.positions import Position
from services.location.storage.marks import ensure_mark_indexes

POINTS = "location_traces"
"""`{_id: "trip:driver:at:seq", trip_id, driver_id, at (ms), seq, lat, lng, bearing_deg, speed_mps, accuracy_m}`, and
`mark` when it is not believed."""

RESULTS = "location_trace_results"
"""`{_id: trip id, driver_id, from, until (ms), points, distance_m, line, method, confidence, ...}`."""


def ensure_indexes(database: Database[dict[str, Any]]) -> None:
    """Create what is missing; safe to repeat."""
    keys = [("trip_id", ASCENDING), ("at", ASCENDING), ("seq", ASCENDING)]
    database[POINTS].create_index(keys, name="trip_at_seq")
    database[POINTS].create_index([("at", ASCENDING)], name="at")
    ensure_mark_indexes(database)


class Traces:
    """Every method raises PyMongoError when MongoDB is down."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._points, self._results = database[POINTS], database[RESULTS]

    def add(self, rows: Iterable[Sequence[Any]]) -> int:
        """Keep points (contracts' TracePointRow), each once however often it comes; gives how many are new."""
        documents = list({document["_id"]: document for document in map(trace_document, rows)}.values())
        return insert_new(self._points, documents)

    def points(self, trip_id: str, driver_id: str | None, limit: int) -> list[Position]:
        """A trip's positions in order of time, of one driver or of all who drove it."""
        query = {"trip_id": trip_id} if driver_id is None else {"trip_id": trip_id, "driver_id": driver_id}
        found = self._points.find(query).sort([("at", ASCENDING), ("seq", ASCENDING)]).limit(limit)
        return [position_of(document) for document in found]

    def forget(self, before_ms: int) -> int:
        """Delete positions from before; gives how many. What finishing gave is kept."""
        return int(self._points.delete_many({"at": {"$lt": before_ms}}).deleted_count)

    def result(self, trip_id: str) -> dict[str, Any] | None:
        """What finishing the trip's trace gave."""
        return self._results.find_one({"_id": trip_id})

    def keep_result(self, trip_id: str, result: dict[str, Any]) -> None:
        """Keep what finishing gave; the last one counts."""
        self._results.replace_one({"_id": trip_id}, {"_id": trip_id, **result}, upsert=True)


def trace_document(row: Sequence[Any]) -> dict[str, Any]:
    trip_id, driver_id, lat, lng, at, seq, bearing, speed, accuracy, *mark = row
    document = {
        "_id": f"{trip_id}:{driver_id}:{at}:{seq}",
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
