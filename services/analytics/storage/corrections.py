"""Corrections in MongoDB.

    analytics_corrections  one document a correction, never changed; `_id` = <city>|<valid_from>

A correction is in force from `valid_from` until the next of its city. Older ones are kept for as long as there may be
promises to judge that were made under them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

from hansom.mongo import insert_new
from services.analytics.domain.promises import Correction
from services.analytics.storage.duties import Duty

CORRECTIONS = "analytics_corrections"

LEARNING = "learn_etas"
LEARNING_TAKES = timedelta(seconds=60)
"""A process that took the learning on and is not done by then is taken for dead."""


class Corrections:
    """Every correction that was in force lately. Raises PyMongoError."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._collection = database[CORRECTIONS]
        self._learning = Duty(database, LEARNING, LEARNING_TAKES)

    def latest(self, city: str) -> Correction | None:
        """The one in force."""
        found = self._collection.find_one({"city": city}, sort=[("valid_from", DESCENDING)])
        return None if found is None else _correction(found)

    def of_all(self) -> list[Correction]:
        """The one in force of each city that has one."""
        return [each for city in sorted(self._collection.distinct("city")) if (each := self.latest(city)) is not None]

    def since(self, city: str, moment: datetime) -> list[Correction]:
        """The one that was in force at the moment, and all later ones; the oldest first."""
        before = self._collection.find_one(
            {"city": city, "valid_from": {"$lte": moment}}, sort=[("valid_from", DESCENDING)]
        )
        after = self._collection.find({"city": city, "valid_from": {"$gt": moment}}).sort("valid_from", ASCENDING)
        return [_correction(each) for each in chain([] if before is None else [before], after)]

    def add(self, correction: Correction) -> None:
        """In force from its moment on. Safe to repeat."""
        insert_new(self._collection, [_document(correction)])

    def drop_before(self, city: str, moment: datetime) -> None:
        """Those that were over before the moment are not needed any more."""
        oldest = self.since(city, moment)[:1]
        for each in oldest:
            self._collection.delete_many({"city": city, "valid_from": {"$lt": each.valid_from}})

    def claim_learning(self, now: datetime) -> bool:
        """Whether corrections are due to be learnt, by whoever asks first."""
        return self._learning.claim(now)

    def learnt(self, now: datetime, again_at: datetime) -> None:
        """It is done, and due again at `again_at`."""
        self._learning.done(now, again_at)


def _document(correction: Correction) -> dict[str, Any]:
    return {
        "_id": f"{correction.city}|{correction.valid_from.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        "city": correction.city,
        "valid_from": correction.valid_from,
        "pickup": list(correction.pickup),
        "trip": list(correction.trip),
        "learn_from": correction.learn_from,
    }


def _correction(found: dict[str, Any]) -> Correction:
    return Correction(
        found["city"], found["valid_from"], tuple(found["pickup"]), tuple(found["trip"]), found["learn_from"]
    )
