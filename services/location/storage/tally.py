"""How many positions were taken, by city and minute: what operators see as positions a second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from redis import Redis

from hansom.cities import cities
from hansom.redis import Live
from services.location.domain.positions import Position
from services.location.storage.live import Applied
from services.location.storage.segments import CitySegments

MINUTE_MS = 60_000
KEEP_S = 2 * 3600
"""For so long counts wait for who collects them."""

CityAt = Callable[[float, float], str]


class Tally:
    """Counts in this process and adds to Redis at each `flush`, so that a batch of positions costs no round trip more.

    A position counts in the minute in which it was taken, when it moved its car: one that comes again is no news, so it
    counts once. What a process that dies has not flushed is missing.
    """

    def __init__(self, redis: Redis, city_at: CityAt) -> None:
        self._redis, self._city_at = redis, city_at
        self._counted: Counter[tuple[int, str]] = Counter()

    def add(self, positions: Sequence[Position], applied: Applied, now_ms: int) -> None:
        """Positions that were believed and are news."""
        minute_ms = now_ms - now_ms % MINUTE_MS
        left_out = {row for row, _ in applied.unknown}.union(applied.old)
        for row, each in enumerate(positions):
            if each.mark is None and row not in left_out:
                self._counted[minute_ms, self._city_at(each.lat, each.lng)] += 1

    def flush(self) -> None:
        """Add to what all replicas counted. When that fails the counts are lost, as they may have arrived. Raises
        RedisError."""
        counted, self._counted = self._counted, Counter()
        if not counted:
            return
        pipeline = self._redis.pipeline()
        for (minute_ms, city), count in counted.items():
            pipeline.hincrby(_key(minute_ms), city, count)
            pipeline.expire(_key(minute_ms), KEEP_S)
        pipeline.execute()

    def since(self, moment_ms: int, now_ms: int) -> dict[tuple[int, str], int]:
        """(minute, city) → positions, of the minutes from the one that holds `moment_ms` on. Raises RedisError."""
        first_ms = max(moment_ms, now_ms - KEEP_S * 1000)
        minutes_ms = range(first_ms - first_ms % MINUTE_MS, now_ms + 1, MINUTE_MS)
        pipeline = self._redis.pipeline(transaction=False)
        for minute_ms in minutes_ms:
            pipeline.hgetall(_key(minute_ms))
        found = zip(minutes_ms, pipeline.execute(), strict=True)
        return {(minute_ms, city): int(count) for minute_ms, counts in found for city, count in counts.items()}


class Tallies(Live):
    """Gives a worker the above: `tally = Tallies()`."""

    def setup(self) -> None:
        super().setup()
        self.tally = Tally(self.client, CitySegments(cities(self.container.config)).nearest_city)

    def get_dependency(self, worker_ctx: object) -> Tally:
        return self.tally


def _key(minute_ms: int) -> str:
    return f"location:counted:{minute_ms}"
