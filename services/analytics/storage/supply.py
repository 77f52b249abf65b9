"""Free cars and hints in MongoDB, both for as long as they are looked back on.

analytics_looks  one document for each look at a city's free cars; `_id` = <city>|<moment>
analytics_hints  one document a hint; `_id` is the id of the event that tells it. `told`: the broker has it
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import DESCENDING
from pymongo.database import Database

from hansom.mongo import insert_new
from hansom.values import Point
from services.analytics.domain.hints import Hint, Sent
from services.analytics.domain.supply import Look

LOOKS, HINTS = "analytics_looks", "analytics_hints"

KEEP = timedelta(hours=2)


class Looks:
    """The free cars of cities, as they were seen. Raises PyMongoError."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._collection = database[LOOKS]

    def add(self, look: Look) -> None:
        """Safe to repeat."""
        document = {
            "_id": f"{look.city}|{look.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
            "city": look.city,
            "at": look.at,
            "free": dict(look.free),
            "driver_ids": list(look.driver_ids),
            "expires_at": look.at + KEEP,
        }
        insert_new(self._collection, [document])

    def since(self, city: str, moment: datetime) -> list[Look]:
        """The newest first."""
        found = self._collection.find({"city": city, "at": {"$gte": moment}}).sort("at", DESCENDING)
        return [Look(city, each["at"], each["free"], each["driver_ids"]) for each in found]

    def free_since(self, city: str, moment: datetime) -> list[Look]:
        """The same without whose cars they are: those are many."""
        found = self._collection.find({"city": city, "at": {"$gte": moment}}, {"at": 1, "free": 1})
        return [Look(city, each["at"], each["free"], ()) for each in found.sort("at", DESCENDING)]


class Hints:
    """What drivers were told lately. Raises PyMongoError."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._collection = database[HINTS]

    def add(self, sent: Sequence[Sent]) -> None:
        """Not yet told. Safe to repeat."""
        insert_new(self._collection, [_document(each) for each in sent])

    def in_force(self, city: str, now: datetime) -> list[Sent]:
        """Those of the city that are still good, told or not."""
        return [_sent(each) for each in self._collection.find({"city": city, "expires_at": {"$gt": now}})]

    def told(self, event_ids: Iterable[str]) -> None:
        """The broker has them."""
        self._collection.update_many({"_id": {"$in": list(event_ids)}}, {"$set": {"told": True}})


def _document(sent: Sent) -> dict[str, Any]:
    return {
        "_id": sent.event_id,
        "city": sent.city,
        "at": sent.at,
        "expires_at": sent.expires_at,
        "told": sent.told,
        "driver_id": sent.hint.driver_id,
        "segment": sent.hint.segment,
        "point": sent.hint.point.as_dict(),
        "reason": sent.hint.reason,
        "expected": sent.hint.expected,
        "cars": sent.hint.cars,
    }


def _sent(found: dict[str, Any]) -> Sent:
    hint = Hint(found["driver_id"], found["segment"], Point(**found["point"]), found["reason"],
                found.get("expected"), found.get("cars"))  # fmt: skip
    return Sent(hint, found["_id"], found["city"], found["at"], found["expires_at"], found["told"])
