"""When drivers were last heard of, and since when anybody would have been: silence is told from our deafness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis

from hansom.redis import Live
from hansom.values import Point
from services.location.domain.positions import unpack
from services.location.storage.lists import script


@dataclass(frozen=True, slots=True)
class Span:
    """Positions of drivers have come in from `since_ms` until `until_ms` without a pause of DRIVER_OFFERED_WITHIN_S.

    It begins anew when Redis was emptied, or when for so long no position of anybody came through: for want of drivers,
    gateways, the broker, Redis or this service.
    """

    since_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Heard:
    """A driver's last sign of life, believed or not, and where he was when he was last believed; None: not known."""

    at_ms: int | None
    point: Point | None


class Listening:
    """Every method raises RedisError when Redis is down."""

    def __init__(self, redis: Redis, pause_ms: int) -> None:
        self.redis, self.pause_ms = redis, pause_ms
        self._listen = script(redis, "listen")

    def note(self, newest_ms: int) -> None:
        """Positions have come in, the newest of them of this time."""
        self._listen(args=[newest_ms, self.pause_ms])

    def span(self) -> Span | None:
        """None while nothing was heard since Redis was emptied."""
        since, until = self.redis.hmget("location:listening", "since", "until")
        return Span(int(since), int(until)) if since and until else None

    def heard(self, driver_ids: Sequence[str]) -> list[Heard]:
        """Each driver's last sign of life. One round trip."""
        pipeline = self.redis.pipeline(transaction=False)
        for driver_id in driver_ids:
            pipeline.hget(f"location:driver:{driver_id}", "pos")
            # of who is not known yet, as after Redis was emptied, and of who is not believed
            pipeline.lindex(f"location:recent:{driver_id}", -1)
            pipeline.zrange(f"location:marks:{driver_id}", -1, -1, withscores=True)
        answers = pipeline.execute()
        rows = zip(driver_ids, answers[::3], answers[1::3], answers[2::3], strict=True)
        return [_heard(driver_id, pos, recent, marks) for driver_id, pos, recent, marks in rows]


class Ears(Live):
    """Gives a worker the above: `ears = Ears()`."""

    def setup(self) -> None:
        super().setup()
        pause_ms = int(float(self.container.config["DRIVER_OFFERED_WITHIN_S"]) * 1000)
        self.listening = Listening(self.client, pause_ms)

    def get_dependency(self, worker_ctx: Any) -> Listening:
        return self.listening


def _heard(driver_id: str, pos: str | None, recent: str | None, marks: Sequence[tuple[str, float]]) -> Heard:
    times = [unpack(driver_id, packed).at_ms for packed in (pos, recent) if packed]
    times += [int(at_ms) for _, at_ms in marks]
    believed = unpack(driver_id, pos) if pos else None
    return Heard(max(times, default=None), None if believed is None else Point(believed.lat, believed.lng))
