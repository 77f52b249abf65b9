"""All cars at a glance: for operators who watch a whole city, many cars often, so little is read of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from redis import Redis

from hansom.redis import Live
from services.location.domain.glances import Glance
from services.location.storage.lists import script

AT_ONCE = 500
"""Cars of one script call: about a millisecond of Redis' time, for which positions and searches wait."""


class Glances:
    """Every method raises RedisError when Redis is down."""

    def __init__(self, redis: Redis) -> None:
        self._everybody, self._glance = script(redis, "everybody"), script(redis, "glance")

    def all(self, since_ms: int) -> Iterator[Glance]:
        """Everybody on the map who reported not before, each once: those on a ride first."""
        answer: Any = self._everybody(args=[since_ms])
        ids = list(dict.fromkeys(answer.split("\n"))) if answer else []
        for first in range(0, len(ids), AT_ONCE):
            some = ids[first : first + AT_ONCE]
            lines: Any = self._glance(args=some)
            for driver_id, line in zip(some, lines.split("\n"), strict=True):
                if line:
                    yield _glance(driver_id, line)


def _glance(driver_id: str, line: str) -> Glance:
    doing, at, _, lat, lng, bearing, _ = line.split(";", 6)
    return Glance(driver_id, float(lat), float(lng), float(bearing) if bearing else None, int(at), doing)


class GlancesProvider(Live):
    """Gives a worker the above: `glances = GlancesProvider()`."""

    def setup(self) -> None:
        super().setup()
        self.glances = Glances(self.client)

    def get_dependency(self, worker_ctx: Any) -> Glances:
        return self.glances
