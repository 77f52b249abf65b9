"""Positions that are not believed, in MongoDB: each once, with the reason, until nobody asks any more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

from hansom.mongo import insert_new

MARKS = "location_marks"
"""`{_id: "driver:at:seq", driver_id, at (ms), seq, lat, lng, mark}`."""

MOST_RECENT = 20_000
"""Marks that are read to know who is doubtful, or to list drivers: more than an operator looks through."""

COUNT_TIME_MS = 3000
"""How long MongoDB may count a driver's marks before it gives up."""


def ensure_mark_indexes(database: Database[dict[str, Any]]) -> None:
    """Create what is missing; safe to repeat."""
    database[MARKS].create_index([("driver_id", ASCENDING), ("at", DESCENDING)], name="driver_at")
    database[MARKS].create_index([("at", ASCENDING)], name="at")


@dataclass(frozen=True, slots=True)
class Marked:
    """What of a driver's is not believed: how many of each reason, and when the last one was (ms)."""

    driver_id: str
    counts: dict[str, int]
    last_ms: int

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class LastMark:
    """A marked position: when (ms), its number, where, and why it is not believed."""

    at_ms: int
    seq: int
    lat: float
    lng: float
    mark: str


class Marks:
    """Every method raises PyMongoError when MongoDB is down."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._marks = database[MARKS]

    def add(self, rows: Iterable[Sequence[Any]]) -> int:
        """Keep marked positions (contracts' MarkRow), each once however often it comes; gives how many are new."""
        documents = list({document["_id"]: document for document in map(mark_document, rows)}.values())
        return insert_new(self._marks, documents)

    def counts(self, driver_id: str, since_ms: int) -> dict[str, int]:
        """How many of a driver's positions since then have each mark."""
        match = {"driver_id": driver_id, "at": {"$gte": since_ms}}
        stages: list[dict[str, Any]] = [{"$match": match}, {"$group": {"_id": "$mark", "count": {"$sum": 1}}}]
        return {row["_id"]: row["count"] for row in self._marks.aggregate(stages, maxTimeMS=COUNT_TIME_MS)}

    def last(self, driver_id: str, limit: int) -> list[LastMark]:
        """A driver's marked positions, newest first."""
        found = self._marks.find({"driver_id": driver_id}).sort([("at", DESCENDING)]).limit(limit)
        return [LastMark(row["at"], row["seq"], row["lat"], row["lng"], row["mark"]) for row in found]

    def drivers(self, since_ms: int) -> list[Marked]:
        """Drivers with marks since then, those with the most first, as far as the newest MOST_RECENT marks tell."""
        counts: dict[str, dict[str, int]] = {}
        last: dict[str, int] = {}
        for row in self._newest(since_ms, "mark"):
            by_mark = counts.setdefault(row["driver_id"], {})
            by_mark[row["mark"]] = by_mark.get(row["mark"], 0) + 1
            last.setdefault(row["driver_id"], row["at"])
        found = [Marked(driver_id, by_mark, last[driver_id]) for driver_id, by_mark in counts.items()]
        return sorted(found, key=lambda one: (-one.total, one.driver_id))

    def recent(self, since_ms: int, most: int) -> dict[str, list[tuple[int, int]]]:
        """(at, seq) of the newest marked positions since then, at most `most` of each driver."""
        # by time alone: asking for some hundred drivers by name takes longer
        found: dict[str, list[tuple[int, int]]] = {}
        for row in self._newest(since_ms, "seq"):
            known = found.setdefault(row["driver_id"], [])
            if len(known) < most:
                known.append((row["at"], row["seq"]))
        return found

    def _newest(self, since_ms: int, field: str) -> Iterable[dict[str, Any]]:
        found = self._marks.find({"at": {"$gte": since_ms}}, {"_id": 0, "driver_id": 1, "at": 1, field: 1})
        return found.sort([("at", DESCENDING)]).limit(MOST_RECENT)

    def forget(self, before_ms: int) -> int:
        """Delete marks from before; gives how many."""
        return int(self._marks.delete_many({"at": {"$lt": before_ms}}).deleted_count)


def mark_document(row: Sequence[Any]) -> dict[str, Any]:
    driver_id, at, seq, lat, lng, mark = row
    return {
        "_id": f"{driver_id}:{at}:{seq}",
        "driver_id": driver_id,
        "at": at,
        "seq": seq,
        "lat": lat,
        "lng": lng,
        "mark": mark,
    }
