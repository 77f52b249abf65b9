"""Decision records in MongoDB, written in bulk and each once however often a message comes.

matching_decisions  one document for each trip in each batch, `_id` = <batch id>:<trip id>, with every driver who
                    was looked at in `considered`
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

DECISIONS, ANSWERS = "matching_decisions", "matching_answers"

MAX_BATCHES = 1000
"""Newest batches of one trip that are read."""

_NO_SUCH_COLLECTION = 26


def ensure_indexes(database: Database[dict[str, Any]]) -> None:
    """Make what is missing: by trip, and the end of keeping. Safe to repeat."""
    for name in (DECISIONS, ANSWERS):
        collection = database[name]
        try:
            known = {index["name"] for index in collection.list_indexes()}
        except OperationFailure as exc:
            if exc.code != _NO_SUCH_COLLECTION:
                raise
            known = set()
        if "by_trip" not in known:
            collection.create_index([("trip_id", ASCENDING), ("batch_at", DESCENDING)], name="by_trip")
        if "expires" not in known:
            collection.create_index([("expires_at", ASCENDING)], name="expires", expireAfterSeconds=0)


class DecisionRecords:
    """What was decided about each trip. Raises PyMongoError."""

    def __init__(self, database: Database[dict[str, Any]], keep_days: float) -> None:
        self._decisions, self._answers = database[DECISIONS], database[ANSWERS]
        self._keep = timedelta(days=keep_days)

    def write(self, messages: list[dict[str, Any]]) -> None:
        """Write `{"decisions": [...], "answers": [...]}` messages, in their order, one bulk write a collection."""
        decisions = [each for message in messages for each in message.get("decisions", ())]
        if decisions:
            insert_new(self._decisions, [self._decision(each) for each in decisions])
        answers: dict[str, dict[str, Any]] = {}
        for each in (each for message in messages for each in message.get("answers", ())):
            answers.setdefault(f"{each['trip_id']}:{each['driver_id']}", {}).update(self._answer(each))
        if answers:
            updates = [UpdateOne({"_id": key}, {"$set": known}, upsert=True) for key, known in answers.items()]
            self._answers.bulk_write(updates, ordered=False)

    def _decision(self, decision: dict[str, Any]) -> dict[str, Any]:
        at = parse_time(decision["batch_at"]) or datetime.now(UTC)
        key = f"{decision['batch_id']}:{decision['trip_id']}"
        return {**decision, "_id": key, "batch_at": at, "expires_at": at + self._keep}

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
