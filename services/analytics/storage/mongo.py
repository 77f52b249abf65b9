"""Facts and figures in MongoDB.

    analytics_facts    one document an event, `_id` = the event's id: however often it is delivered, it counts once
    analytics_minutes  figures of a city's minute by segment, made of its facts; `_id` = <city>|<minute>
    analytics_hours    figures of a city's hour by segment, the sum of its minutes; `_id` = <city>|<hour>

A period of figures is *dirty* until it was made of all that is known of it. `revision` rises whenever something was
added below; figures are made of what is there after reading it and stand only for that revision or an older one. So a
process may die anywhere, and two may make the same figures at once: a period ends up right, and not dirty.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import ASCENDING, ReturnDocument, UpdateOne
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure

from hansom.mongo import insert_new
from services.analytics.domain.facts import Claimed, Fact, Home
from services.analytics.domain.figures import Figures
from services.analytics.storage.corrections import CORRECTIONS
from services.analytics.storage.positions import POSITIONS
from services.analytics.storage.supply import HINTS, LOOKS

FACTS, MINUTES, HOURS = "analytics_facts", "analytics_minutes", "analytics_hours"

CLAIM_S = 15
"""How long a process has to make the figures of a period before another one does."""

_NO_SUCH_COLLECTION = 26

Documents = Collection[dict[str, Any]]


def ensure_indexes(database: Database[dict[str, Any]]) -> None:
    """Make what is missing. Safe to repeat."""
    _ensure(database[FACTS], "by_trip", [("trip_id", ASCENDING)])
    _ensure(database[FACTS], "by_minute", [("city", ASCENDING), ("minute", ASCENDING)])
    _ensure(database[FACTS], "expires", [("expires_at", ASCENDING)], expireAfterSeconds=0)
    _ensure(database[MINUTES], "expires", [("expires_at", ASCENDING)], expireAfterSeconds=0)
    for name in (MINUTES, HOURS):
        _ensure(database[name], "dirty", [("dirty", ASCENDING)])
        _ensure(database[name], "by_start", [("city", ASCENDING), ("start", ASCENDING)])
    _ensure(database[CORRECTIONS], "by_city", [("city", ASCENDING), ("valid_from", ASCENDING)])
    _ensure(database[LOOKS], "by_city", [("city", ASCENDING), ("at", ASCENDING)])
    _ensure(database[HINTS], "by_city", [("city", ASCENDING), ("expires_at", ASCENDING)])
    _ensure(database[POSITIONS], "by_city", [("city", ASCENDING), ("start", ASCENDING)])
    for name in (LOOKS, HINTS, POSITIONS):
        _ensure(database[name], "expires", [("expires_at", ASCENDING)], expireAfterSeconds=0)


def _ensure(collection: Documents, name: str, keys: list[tuple[str, int]], **options: Any) -> None:
    try:
        known = {index["name"] for index in collection.list_indexes()}
    except OperationFailure as exc:
        if exc.code != _NO_SUCH_COLLECTION:
            raise
        known = set()
    if name not in known:
        collection.create_index(keys, name=name, **options)


class Facts:
    """Events, each once. Raises PyMongoError."""

    def __init__(self, database: Database[dict[str, Any]], keep: timedelta) -> None:
        self._collection, self._keep = database[FACTS], keep

    def add(self, facts: Iterable[Fact]) -> None:
        """Keep them in one bulk write; those known before stay as they are."""
        insert_new(self._collection, [self._document(fact) for fact in facts])

    def _document(self, fact: Fact) -> dict[str, Any]:
        return {
            "_id": fact.event_id,
            "name": fact.name,
            "trip_id": fact.trip_id,
            "driver_id": fact.driver_id,
            "city": fact.city,
            "segment": fact.segment,
            "at": fact.at,
            "minute": fact.minute,
            "values": dict(fact.values),
            "expires_at": fact.at + self._keep,
        }

    def of_minute(self, city: str, minute: datetime) -> list[Fact]:
        """All facts of a city's minute."""
        wanted = {"_id": 0, "name": 1, "segment": 1, "values": 1}
        return [
            Fact("", each["name"], "", minute, city, segment=each["segment"], values=each["values"])
            for each in self._collection.find({"city": city, "minute": minute}, wanted)
        ]

    def homes_and_promises(self, trip_ids: list[str]) -> tuple[dict[str, Home], dict[tuple[str, str], int]]:
        """Where trips were asked for, and the pickup times promised: (trip, driver) → milliseconds."""
        homes: dict[str, Home] = {}
        promises: dict[tuple[str, str], int] = {}
        if not trip_ids:
            return homes, promises
        for each in self._collection.find({"trip_id": {"$in": trip_ids}}):
            if each["name"] == "trips.trip_requested":
                homes[each["trip_id"]] = Home(each["city"], each["segment"])
            elif each["name"] == "trips.trip_assigned" and "promised_ms" in each["values"]:
                promises[each["trip_id"], each["driver_id"]] = each["values"]["promised_ms"]
        return homes, promises


class Periods:
    """Figures of minutes, or of hours, by city and segment. Raises PyMongoError."""

    def __init__(self, collection: Documents, keep: timedelta | None) -> None:
        self._collection, self._keep = collection, keep

    def touch(self, periods: Iterable[tuple[str, datetime]]) -> None:
        """Something was added to these (city, start): their figures must be made again."""
        writes = [self._touch(city, start) for city, start in sorted(set(periods))]
        if writes:
            self._collection.bulk_write(writes, ordered=False)

    def _touch(self, city: str, start: datetime) -> UpdateOne:
        born: dict[str, Any] = {"city": city, "start": start, "made_of": 0, "claimed_until": start}
        if self._keep is not None:
            born["expires_at"] = start + self._keep
        change = {"$inc": {"revision": 1}, "$set": {"dirty": True}, "$setOnInsert": born}
        return UpdateOne({"_id": _key(city, start)}, change, upsert=True)

    def claim(self, now: datetime) -> Claimed | None:
        """A dirty period that nobody is busy with, or None."""
        found = self._collection.find_one_and_update(
            {"dirty": True, "claimed_until": {"$lte": now}},
            {"$set": {"claimed_until": now + timedelta(seconds=CLAIM_S)}},
            return_document=ReturnDocument.AFTER,
            projection={"city": 1, "start": 1, "revision": 1},
        )
        return None if found is None else Claimed(found["city"], found["start"], found["revision"])

    def write(self, claimed: Claimed, by_segment: Mapping[str, Figures], total: Figures) -> None:
        """Figures made of at least the claimed revision; older ones never take the place of newer."""
        figures = {"segments": {name: dict(each) for name, each in by_segment.items()}, "total": dict(total)}
        self._collection.update_one(
            {"_id": _key(claimed.city, claimed.start), "made_of": {"$lt": claimed.revision}},
            {"$set": {**figures, "made_of": claimed.revision}},
        )

    def finish(self, claimed: Claimed) -> None:
        """All that follows from the figures is done: the period is clean, unless something was added meanwhile."""
        key = _key(claimed.city, claimed.start)
        self._collection.bulk_write(
            [
                UpdateOne({"_id": key, "revision": claimed.revision}, {"$set": {"dirty": False}}),
                UpdateOne({"_id": key}, {"$set": {"claimed_until": claimed.start}}),
            ],
            ordered=True,
        )

    def by_segment(self, city: str, since: datetime, until: datetime) -> dict[str, Counter[str]]:
        """Segment → figures of all periods that start in since ≤ start < until."""
        found: dict[str, Counter[str]] = {}
        for _, segments in self.each(city, since, until):
            for segment, figures in segments.items():
                found.setdefault(segment, Counter()).update(figures)
        return found

    def each(self, city: str, since: datetime, until: datetime) -> Iterator[tuple[datetime, dict[str, dict[str, int]]]]:
        """(start, figures by segment) of each period, the oldest first."""
        query = {"city": city, "start": {"$gte": since, "$lt": until}}
        for each in self._collection.find(query, {"start": 1, "segments": 1}).sort("start", ASCENDING):
            yield each["start"], each.get("segments", {})

    def at(self, city: str, starts: Iterable[datetime]) -> Iterator[tuple[datetime, dict[str, dict[str, int]]]]:
        """(start, figures by segment) of those of these periods in which anything happened."""
        query = {"_id": {"$in": [_key(city, start) for start in sorted(starts)]}}
        for each in self._collection.find(query, {"start": 1, "segments": 1}):
            yield each["start"], each.get("segments", {})

    def totals(self, city: str, since: datetime, until: datetime) -> dict[datetime, dict[str, int]]:
        """Start → figures of the whole city, of each period with since ≤ start < until in which anything happened."""
        query = {"city": city, "start": {"$gte": since, "$lt": until}}
        return {each["start"]: each.get("total", {}) for each in self._collection.find(query, {"start": 1, "total": 1})}

    def first(self, city: str) -> datetime | None:
        """Start of the oldest period in which anything happened."""
        found = self._collection.find_one({"city": city}, {"start": 1}, sort=[("start", ASCENDING)])
        return None if found is None else found["start"]

    def total(self, city: str | None, since: datetime, until: datetime | None = None) -> Counter[str]:
        """Figures of all periods that start in since ≤ start < until, of one city or of all."""
        query: dict[str, Any] = {"start": {"$gte": since} if until is None else {"$gte": since, "$lt": until}}
        if city is not None:
            query["city"] = city
        total: Counter[str] = Counter()
        for each in self._collection.find(query, {"total": 1}):
            total.update(each.get("total", {}))
        return total


def _key(city: str, start: datetime) -> str:
    return f"{city}|{start.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
