"""What is to be done now and then by one replica for all, in MongoDB.

analytics_duties  one document a duty: when it is due again
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pymongo.database import Database

DUTIES = "analytics_duties"


class Duty:
    """One thing to do. Who took it on and is not done within `takes` is taken for dead. Raises PyMongoError."""

    def __init__(self, database: Database[dict[str, Any]], name: str, takes: timedelta) -> None:
        self._duties, self._name, self._takes = database[DUTIES], name, takes

    def claim(self, now: datetime) -> bool:
        """Whether it is due, by whoever asks first."""
        self._duties.update_one({"_id": self._name}, {"$setOnInsert": {"due_at": now}}, upsert=True)
        taken = self._duties.update_one(
            {"_id": self._name, "due_at": {"$lte": now}}, {"$set": {"due_at": now + self._takes}}
        )
        return taken.modified_count == 1

    def done(self, now: datetime, again_at: datetime) -> None:
        """It is done, and due again at `again_at`."""
        self._duties.update_one({"_id": self._name}, {"$set": {"done_at": now, "due_at": again_at}}, upsert=True)

    def put_off(self, until: datetime) -> None:
        """It could not be done, and is due again at `until`."""
        self._duties.update_one({"_id": self._name}, {"$set": {"due_at": until}})
