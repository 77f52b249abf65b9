"""Who is about to end a ride, in Redis.

location:finishing   sorted set: driver id -> when he should be at his dropoff (ms), written with every reckoning of the
                     time to go of a ride under way; who has ended his ride leaves when he is next looked at
"""

from __future__ import annotations

from typing import Any

from redis import Redis

from hansom.values import Point
from services.location.domain.finishing import Finishing, FinishingWindow

FINISHING = "location:finishing"

KEEP_MS = 600_000
"""Whose reckoned end is longer ago is not about to finish: nothing is heard of him, or he forgot to say so."""

_RIDING = "in_progress"


class FinishingRides:
    """Raises RedisError when Redis is down."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def within(self, window: FinishingWindow) -> list[Finishing]:
        """Drivers who are free in time, are online and believed, and have reported. Two round trips."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.zremrangebyscore(FINISHING, "-inf", window.now_ms - KEEP_MS)
        pipe.zrangebyscore(FINISHING, "-inf", window.until_ms, withscores=True)
        listed: list[tuple[str, float]] = pipe.execute()[1]
        if not listed:
            return []
        for driver_id, _ in listed:
            pipe.hmget(f"location:driver:{driver_id}", "state", "target", "cats", "online", "doubt", "at", "trip")
        rows = list(zip(listed, pipe.execute(), strict=True))
        gone = [driver_id for (driver_id, _), row in rows if not (row[6] and row[0] == _RIDING)]
        if gone:
            self._redis.zrem(FINISHING, *gone)
        found = (_finishing(driver_id, window.free_in_s(at_ms), row, window) for (driver_id, at_ms), row in rows)
        return [one for one in found if one is not None]


def _finishing(driver_id: str, free_in_s: float, row: list[Any], window: FinishingWindow) -> Finishing | None:
    state, target, categories, online, doubt, at_ms, trip = row
    if not trip or state != _RIDING or not target or online != "1" or doubt:
        return None
    if int(at_ms or 0) < window.since_ms:
        return None
    lat, lng = target.split(";")
    return Finishing(driver_id, Point(float(lat), float(lng)), free_in_s, tuple((categories or "").split(",")))
