"""Positions that location took, by city and minute, in MongoDB.

analytics_positions  one document for a city's minute; `_id` = <city>|<minute>: `positions` taken in its first `seconds`
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import UpdateOne
from pymongo.database import Database

from services.analytics.domain.series import Counted

POSITIONS = "analytics_positions"


class Positions:
    """Raises PyMongoError."""

    def __init__(self, database: Database[dict[str, Any]], keep: timedelta) -> None:
        self._collection, self._keep = database[POSITIONS], keep

    def note(self, counted: Mapping[tuple[str, datetime], Counted]) -> None:
        """Counts of minutes only grow: the same told again, or late, changes nothing."""
        writes = [self._write(city, start, each) for (city, start), each in counted.items()]
        if writes:
            self._collection.bulk_write(writes, ordered=False)

    def _write(self, city: str, start: datetime, counted: Counted) -> UpdateOne:
        change = {
            "$max": {"positions": counted.positions, "seconds": counted.seconds},
            "$setOnInsert": {"city": city, "start": start, "expires_at": start + self._keep},
        }
        return UpdateOne({"_id": f"{city}|{start.astimezone(UTC):%Y-%m-%dT%H:%MZ}"}, change, upsert=True)

    def since(self, city: str, moment: datetime) -> dict[datetime, Counted]:
        """Minute → what was counted in it."""
        found = self._collection.find({"city": city, "start": {"$gte": moment}})
        return {each["start"]: Counted(each["positions"], each["seconds"]) for each in found}
