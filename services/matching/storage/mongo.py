"""Decision records in MongoDB, written in bulk and each once however often a message comes.

matching_decisions  one document for each trip in each batch, `_id` = <batch id>:<trip id>, with every driver who
                    was looked at in `considered`
matching_seen       one document for each driver in each batch, `_id` = <batch id>:<driver id>, with the trips that he
                    was looked at for: what a driver's hour is told from without reading all trips
matching_shifts     one document for each time that a driver went online or offline, `_id` = <driver id>:<ms since 1970>
matching_answers    one document for each offer, `_id` = <trip id>:<driver id> (a trip is offered to a driver once)
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING, UpdateOne
from pymongo.database import Database
from pymongo.errors import OperationFailure

from hansom.mongo import insert_new
from hansom.wire import parse_time

DECISIONS, SEEN = "matching_decisions", "matching_seen"
SHIFTS, ANSWERS = "matching_shifts", "matching_answers"

MAX_BATCHES = 1000
"""Newest batches of one trip that are read."""

MAX_SEEN = 5000
"""Newest batches of one driver that are read: more than an hour of the shortest windows."""

INDEXES: dict[str, dict[str, list[tuple[str, int]]]] = {
    DECISIONS: {"by_trip": [("trip_id", ASCENDING), ("batch_at", DESCENDING)]},
    SEEN: {"by_driver": [("driver_id", ASCENDING), ("batch_at", DESCENDING)]},
    SHIFTS: {"by_driver": [("driver_id", ASCENDING), ("at", DESCENDING)]},
    ANSWERS: {
        "by_trip": [("trip_id", ASCENDING), ("batch_at", DESCENDING)],
        "by_driver": [("driver_id", ASCENDING), ("made_at", DESCENDING)],
    },
}

_NO_SUCH_COLLECTION = 26

Rows = list[dict[str, Any]]


def ensure_indexes(database: Database[dict[str, Any]]) -> None:
    """Make what is missing: by trip, by driver, and the end of keeping. Safe to repeat."""
    for name, wanted in INDEXES.items():
        collection = database[name]
        try:
            known = {index["name"] for index in collection.list_indexes()}
        except OperationFailure as exc:
            if exc.code != _NO_SUCH_COLLECTION:
                raise
            known = set()
        for index, keys in wanted.items():
            if index not in known:
                collection.create_index(keys, name=index)
        if "expires" not in known:
            collection.create_index([("expires_at", ASCENDING)], name="expires", expireAfterSeconds=0)


class DecisionRecords:
    """What was decided about each trip. Raises PyMongoError."""

    def __init__(self, database: Database[dict[str, Any]], keep_days: float) -> None:
        self._decisions, self._seen = database[DECISIONS], database[SEEN]
        self._shifts, self._answers = database[SHIFTS], database[ANSWERS]
        self._keep = timedelta(days=keep_days)

    def write(self, messages: list[dict[str, Any]]) -> None:
        """Write messages of `decisions`, `seen`, `shifts` and `answers`, one bulk write a collection."""
        decisions = [each for message in messages for each in message.get("decisions", ())]
        insert_new(self._decisions, [self._of_batch(each, each["trip_id"]) for each in decisions])
        seen = [each for message in messages for each in message.get("seen", ())]
        insert_new(self._seen, [self._of_batch(each, each["driver_id"]) for each in seen])
        shifts = [each for message in messages for each in message.get("shifts", ())]
        insert_new(self._shifts, [self._shift(each) for each in shifts])
        answers: dict[str, dict[str, Any]] = {}
        for each in (each for message in messages for each in message.get("answers", ())):
            answers.setdefault(f"{each['trip_id']}:{each['driver_id']}", {}).update(self._answer(each))
        if answers:
            updates = [UpdateOne({"_id": key}, {"$set": known}, upsert=True) for key, known in answers.items()]
            self._answers.bulk_write(updates, ordered=False)

    def _of_batch(self, row: dict[str, Any], whose: str) -> dict[str, Any]:
        """What a batch said of a trip or a driver."""
        at = parse_time(row["batch_at"]) or datetime.now(UTC)
        return {**row, "_id": f"{row['batch_id']}:{whose}", "batch_at": at, "expires_at": at + self._keep}

    def _shift(self, shift: dict[str, Any]) -> dict[str, Any]:
        at = datetime.fromtimestamp(shift["at_ms"] / 1000, UTC)
        known = {"driver_id": shift["driver_id"], "online": shift["online"], "at": at}
        return {**known, "_id": f"{shift['driver_id']}:{shift['at_ms']}", "expires_at": at + self._keep}

    def _answer(self, answer: dict[str, Any]) -> dict[str, Any]:
        """An offer's id and its answer come in events of their own; neither wipes the other out."""
        at = parse_time(answer["at"]) or datetime.now(UTC)
        known = {"trip_id": answer["trip_id"], "driver_id": answer["driver_id"], "expires_at": at + self._keep}
        if answer["offer_id"] is not None:
            known["offer_id"] = answer["offer_id"]
        if answer["answer"] is not None:
            known |= {"answer": answer["answer"], "answered_at": at}
        else:
            known["made_at"] = at
        return known

    def of_trip(self, trip_id: str) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
        """The trip's decisions, newest first, and its offers by driver."""
        decisions = list(self._decisions.find({"trip_id": trip_id}).sort("batch_at", DESCENDING).limit(MAX_BATCHES))
        answers = {each["driver_id"]: each for each in self._answers.find({"trip_id": trip_id})}
        return decisions, answers

    def of_driver(self, driver_id: str, since: datetime, until: datetime) -> tuple[Rows, Rows, Rows]:
        """Since ≤ at < until, newest first: batches that looked at the driver, offers made to him, and his shifts.

        Of shifts also the last one before, which says whether he was online at the beginning.
        """
        within = {"$gte": since, "$lt": until}
        seen = self._seen.find({"driver_id": driver_id, "batch_at": within}).sort("batch_at", DESCENDING)
        offers = self._answers.find({"driver_id": driver_id, "made_at": within}).sort("made_at", DESCENDING)
        shifts = self._shifts.find({"driver_id": driver_id, "at": within}).sort("at", DESCENDING)
        before = self._shifts.find({"driver_id": driver_id, "at": {"$lt": since}}).sort("at", DESCENDING).limit(1)
        return list(seen.limit(MAX_SEEN)), list(offers.limit(MAX_BATCHES)), [*shifts.limit(MAX_BATCHES), *before]
