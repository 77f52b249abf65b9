"""Demand windows in Redis: which trips were asked for in each segment, and which found no driver.

`pricing:asked:<city>:<segment>` and `pricing:unmet:<city>:<segment>` are sorted sets of trip ids by the time of asking,
in seconds. A trip is a member once, so an event that comes twice counts once. Emptied, they fill again within a window.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from redis import Redis

from services.pricing.domain.surge import Demand

MAX_MEMBERS = 5000
"""Trips kept a segment: far more than any segment sees in a window."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A trip that was asked for in a segment; `unmet` when no driver was found for it."""

    city: str
    segment: str
    trip_id: str
    at: datetime
    unmet: bool


class DemandWindows:
    """Counts of the last `window`. Every method raises RedisError while Redis is down."""

    def __init__(self, redis: Redis, window: timedelta) -> None:
        self._redis, self._window_s = redis, int(window.total_seconds())

    def note(self, asked: Sequence[Asked], now: datetime) -> None:
        """Add trips, in one round trip; those older than the window leave no mark."""
        since = now.timestamp() - self._window_s
        recent = [one for one in asked if one.at.timestamp() > since]
        if not recent:
            return
        with self._redis.pipeline(transaction=False) as pipe:
            for one in recent:
                key = self._key("unmet" if one.unmet else "asked", one.city, one.segment)
                pipe.zadd(key, {one.trip_id: one.at.timestamp()})
                pipe.zremrangebyscore(key, "-inf", since)
                pipe.zremrangebyrank(key, 0, -MAX_MEMBERS - 1)
                pipe.expire(key, self._window_s)
            pipe.execute()

    def count(self, city: str, segments: Iterable[str], now: datetime) -> Demand:
        """The demand in these segments together, in one round trip."""
        since = now.timestamp() - self._window_s
        with self._redis.pipeline(transaction=False) as pipe:
            for segment in segments:
                pipe.zcount(self._key("asked", city, segment), since, "+inf")
                pipe.zcount(self._key("unmet", city, segment), since, "+inf")
            counts = pipe.execute()
        return Demand(sum(counts[::2]), sum(counts[1::2]), self._window_s)

    def _key(self, kind: str, city: str, segment: str) -> str:
        return f"pricing:{kind}:{city}:{segment}"
