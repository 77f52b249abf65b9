"""Decision records in MongoDB, written in bulk and each once however often a message comes.

matching_decisions  one document for each trip in each batch, `_id` = <batch id>:<trip id>, with every driver who
                    was looked at in `considered`
matching_seen       one document for each driver in each batch, `_id` = <batch id>:<driver id>, with the trips that he
                    was looked at for: what a driver's hour is told from without reading all trips
matching_shifts     one document for each time that a driver went online or offline, `_id` = <driver id>:<ms since 1970>
matching_waits      one document for each wait of a rider that ended, `_id` = <trip id>:<ms since 1970 when it began>,
                    with what he was promised
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
SHIFTS, WAITS, ANSWERS = "matching_shifts", "matching_waits", "matching_answers"

MAX_BATCHES = 1000
"""Newest batches of one trip that are read."""

MAX_SEEN = 5000
"""Newest batches of one driver that are read: more than an hour of the shortest windows."""

INDEXES: dict[str, dict[str, list[tuple[str, int]]]] = {
    DECISIONS: {"by_trip": [("trip_id", ASCENDING), ("batch_at", DESCENDING)]},
    SEEN: {"by_driver": [("driver_id", ASCENDING), ("batch_at", DESCENDING)]},
    SHIFTS: {"by_driver": [("driver_id", ASCENDING), ("at", DESCENDING)]},
    WAITS: {"by_trip": [("trip_id", ASCENDING), ("since", DESCENDING)]},
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
        self._shifts, self._waits, self._answers = database[SHIFTS], database[WAITS], database[ANSWERS]
        self._keep = timedelta(days=keep_days)

    def write(self, messages: list[dict[str, Any]]) -> None:
        """Write messages of `decisions`, `seen`, `shifts`, `waits` and `answers`, one bulk write a collection."""

        def told(name: str) -> Rows:
            return [each for message in messages for each in message.get(name, ())]

        insert_new(self._decisions, [self._of_batch(each, each["trip_id"]) for each in told("decisions")])
        insert_new(self._seen, [self._of_batch(each, each["driver_id"]) for each in told("seen")])
        insert_new(self._shifts, [self._shift(each) for each in told("shifts")])
        insert_new(self._waits, [self._wait(each) for each in told("waits")])
        answers: dict[str, dict[str, Any]] = {}
        for each in told("answers"):
            answers.setdefault(f"{each['trip_id']}:{each['driver_id']}", {}).update(self._answer(each))
        if answers:
            updates = [UpdateOne({"_id": key}, {"$set": known}, upsert=True) for key, known in answers.items()]
            self._answers.bulk_write(updates, ordered=False)

    def _of_batch(self, row: dict[str, Any], whose: str) -> dict[str, Any]:
        """What a batch said of a trip or a driver."""
        at = parse_time(row["batch_at"]) or datetime.now(UTC)
        return {**row, "_id": f"{row['batch_id']}:{whose}", "batch_at": at, "expires_at": at + self._keep}

    def _shift(self, shift: dict[str, Any]) -> dict[str, Any]:
        at = _moment(shift["at_ms"])
        known = {"driver_id": shift["driver_id"], "online": shift["online"], "at": at}
        return {**known, "_id": f"{shift['driver_id']}:{shift['at_ms']}", "expires_at": at + self._keep}

    def _wait(self, wait: dict[str, Any]) -> dict[str, Any]:
        since, ended_at = _moment(wait["since_ms"]), _moment(wait["ended_ms"])
        promised_at = None if wait["promised_ms"] is None else _moment(wait["promised_ms"])
        kept = {name: wait[name] for name in ("trip_id", "city", "how", "wait_s", "about_s", "actual_s")}
        moments = {"since": since, "ended_at": ended_at, "promised_at": promised_at}
        key = f"{wait['trip_id']}:{wait['since_ms']}"
        return {**kept, **moments, "_id": key, "expires_at": ended_at + self._keep}

    def _answer(self, answer: dict[str, Any]) -> dict[str, Any]:
        """An offer's id and its answer come in events of their own; neither wipes the other out."""
        at = parse_time(answer["at"]) or datetime.now(UTC)
        known = {"trip_id": answer["trip_id"], "driver_id": answer["driver_id"], "expires_at": at + self._keep}
        if answer["offer_id"] is not None:
            known["offer_id"] = answer["offer_id"]
        if answer["answer"] is not None:
            known |= {"answer": answer["answer"], "reason": answer.get("reason", ""), "answered_at": at}
        else:
            known["made_at"] = at
        return known

    def of_trip(self, trip_id: str) -> tuple[Rows, dict[str, dict[str, Any]], Rows]:
        """The trip's decisions, newest first, its offers by driver, and its waits, newest first."""
        decisions = self._decisions.find({"trip_id": trip_id}).sort("batch_at", DESCENDING).limit(MAX_BATCHES)
        answers = {each["driver_id"]: each for each in self._answers.find({"trip_id": trip_id})}
        waits = self._waits.find({"trip_id": trip_id}).sort("since", DESCENDING).limit(MAX_BATCHES)
        return list(decisions), answers, list(waits)

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


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
