"""Who of the operators read which ride's trace, in MongoDB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

READINGS = "location_trace_readings"
"""`{_id, trip_id, ops_user_id, at (ms)}`; `_id` sorts by time. Nothing deletes them."""


def ensure_reading_indexes(database: Database[dict[str, Any]]) -> None:
    """Create what is missing; safe to repeat."""
    database[READINGS].create_index([("trip_id", ASCENDING), ("_id", DESCENDING)], name="trip_id")
    database[READINGS].create_index([("ops_user_id", ASCENDING), ("_id", DESCENDING)], name="ops_user_id")


@dataclass(frozen=True, slots=True)
class Reading:
    """An operator read a trip's trace, at this time (ms)."""

    id: str
    trip_id: str
    ops_user_id: str
    at_ms: int


class Readings:
    """Every method raises PyMongoError when MongoDB is down."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._readings = database[READINGS]

    def record(self, reading: Reading) -> None:
        """Keep a reading; when this returns it is on the disk."""
        row = {"trip_id": reading.trip_id, "ops_user_id": reading.ops_user_id, "at": reading.at_ms}
        self._readings.insert_one({"_id": reading.id, **row})

    def newest(self, trip_id: str | None, ops_user_id: str | None, before: str | None, most: int) -> list[Reading]:
        """Readings of a trip, by an operator, or all, newest first, from before the one with the id `before`."""
        wanted = {"trip_id": trip_id, "ops_user_id": ops_user_id, "_id": {"$lt": before} if before else None}
        query = {field: value for field, value in wanted.items() if value is not None}
        found = self._readings.find(query).sort("_id", DESCENDING).limit(most)
        return [Reading(row["_id"], row["trip_id"], row["ops_user_id"], row["at"]) for row in found]
