"""What riders who wait are told, and how long others waited lately, in Redis. All of it can be lost.

matching:waiting:<trip>   what is known of the wait, as JSON; gone a while after the last batch
matching:waits:<cell>     sorted set  `<trip>:<since ms>:<seconds>:<1 served, 0 not>` by when it ended: waits there
matching:late:<city>      sorted set  the same of words: how many seconds later than told
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from redis import Redis

from services.matching.domain.waiting import Ended, Promise, WaitingState

STATE_KEEP_S = 180
"""Longer than an offer and its window, after which the next batch writes it anew."""

MOST = 100
"""Ended waits, or words, that are kept of one place."""

LATELY_MS = 45 * 60_000
"""What ended before says nothing of now."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a batch asks for. `states`: by trip; `waits`: by cell; `kept`: how words were kept in the city."""

    states: Mapping[str, WaitingState]
    waits: Mapping[str, list[Ended]]
    kept: list[Ended]


@dataclass(frozen=True, slots=True)
class EndedWait:
    """A wait that ended: where, after how many seconds, and by how much longer than promised (None: no promise)."""

    trip_id: str
    city: str
    cell: str
    since_ms: int
    ended_ms: int
    wait_s: float
    served: bool
    late_s: float | None


class Waits:
    """Every method is one round trip and raises RedisError."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def read(self, city: str, trip_ids: Sequence[str], cells: Iterable[str], now_ms: int) -> Known:
        """What is known of these trips, and lately of these cells and the city."""
        places = list(dict.fromkeys(cells))
        pipe = self._redis.pipeline(transaction=False)
        pipe.mget([_state_key(trip_id) for trip_id in trip_ids])
        for key in (*map(_waits_key, places), _kept_key(city)):
            pipe.zrangebyscore(key, now_ms - LATELY_MS, "+inf")
        texts, *ended = pipe.execute()
        states = {state.trip_id: state for state in map(_state, texts) if state is not None}
        return Known(states, dict(zip(places, map(_ended, ended[:-1]), strict=True)), _ended(ended[-1]))

    def states(self, trip_ids: Sequence[str]) -> dict[str, WaitingState]:
        """What is known of these trips."""
        texts: Any = self._redis.mget([_state_key(trip_id) for trip_id in trip_ids]) if trip_ids else []
        return {state.trip_id: state for state in map(_state, texts) if state is not None}

    def write(self, states: Iterable[WaitingState]) -> None:
        pipe = self._redis.pipeline(transaction=False)
        for state in states:
            pipe.set(_state_key(state.trip_id), orjson.dumps(asdict(state)), ex=STATE_KEEP_S)
        pipe.execute()

    def end(self, ended: Iterable[EndedWait]) -> None:
        """Learn from waits that are over, and forget what was known of them. Safe to repeat."""
        pipe = self._redis.pipeline(transaction=False)
        for wait in ended:
            about = f"{wait.trip_id}:{wait.since_ms}"
            _learn(pipe, _waits_key(wait.cell), f"{about}:{wait.wait_s:.1f}:{wait.served:d}", wait.ended_ms)
            if wait.late_s is not None:
                _learn(pipe, _kept_key(wait.city), f"{about}:{wait.late_s:.1f}:{wait.served:d}", wait.ended_ms)
            pipe.delete(_state_key(wait.trip_id))
        pipe.execute()


def _learn(pipe: Any, key: str, member: str, at_ms: int) -> None:
    pipe.zadd(key, {member: at_ms})
    pipe.zremrangebyrank(key, 0, -MOST - 1)
    pipe.pexpire(key, LATELY_MS)


def _ended(members: Iterable[str]) -> list[Ended]:
    rows = (member.rsplit(":", 2) for member in members)
    return [Ended(float(value), served == "1") for _, value, served in rows]


def _state(text: str | None) -> WaitingState | None:
    """None also for what another release wrote: the next batch writes it anew."""
    if text is None:
        return None
    try:
        kept = orjson.loads(text)
        promise = kept.pop("promise")
        return WaitingState(**kept, promise=None if promise is None else Promise(**promise))
    except (TypeError, ValueError, KeyError, AttributeError):
        return None


def _state_key(trip_id: str) -> str:
    return f"matching:waiting:{trip_id}"


def _waits_key(cell: str) -> str:
    return f"matching:waits:{cell}"


def _kept_key(city: str) -> str:
    return f"matching:late:{city}"
