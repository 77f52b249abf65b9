"""All cars at a glance: for operators who watch a whole city, many cars often, so little is read of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from redis import Redis

from hansom.redis import Live
from services.location.domain.glances import Glance
from services.location.storage.lists import script

AT_ONCE = 200
"""Cars of one script call, for which positions and searches wait: it takes Redis as long as some 25 positions."""


class Glances:
    """Every method raises RedisError when Redis is down."""

    def __init__(self, redis: Redis) -> None:
        self._everybody, self._glance = script(redis, "everybody"), script(redis, "glance")

    def all(self, since_ms: int) -> Iterator[Glance]:
        """Everybody on the map who reported not before, each once: those on a ride first.

        Who is there is read in one go: a car that moves or changes its kind meanwhile is neither missed nor doubled.
        """
        listed: Any = self._everybody(args=[since_ms])
        for kind, lines in zip(("busy", "doubtful", "free"), listed, strict=True):
            ids = lines.split("\n") if lines else []
            for first in range(0, len(ids), AT_ONCE):
                yield from self._read(kind, ids[first : first + AT_ONCE])

    def _read(self, kind: str, ids: list[str]) -> Iterator[Glance]:
        lines: Any = self._glance(args=[kind, *ids])
        for driver_id, line in zip(ids, lines.split("\n"), strict=True):
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
