"""Demand and surge in Redis: which trips were asked for, wait or found nobody, and what fares are raised by.

`pricing:asked:<city>` and `pricing:unmet:<city>` are sorted sets of `<trip>|<segment>` by the time of it, in seconds,
and so is `pricing:waiting:<city>` of the trips that have no driver now. A trip is a member once, so an event that comes
twice counts once. `pricing:surge:<city>` is a hash: `@`, when surge was reckoned and by which settings, and each
segment that is not at rest. Emptied, the sets fill again within a window, and until then fares are the usual ones.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from redis import Redis

from hansom.contracts.pricing import SurgeCode
from services.pricing.domain.reasons import Reckoned
from services.pricing.domain.surge import Demand, Near, SegmentSurge

MAX_MEMBERS = 100_000
"""Trips kept a city: far more than any city sees in a window."""

KEPT_S = 3600
"""A city's surge is forgotten when it was not reckoned for so long."""

RECKONED = "@"


class Became(Enum):
    """What became of a trip."""

    ASKED = "asked"
    WAITING = "waiting"
    TAKEN = "taken"
    UNMET = "unmet"


@dataclass(frozen=True, slots=True)
class Heard:
    """A trip of a segment and what became of it, when."""

    city: str
    segment: str
    trip_id: str
    at: datetime
    became: Became


class LiveDemand:
    """Trips of the last `window`, and those that have waited for less than `patience`, longer than any rider may.

    Every method raises RedisError while Redis is down.
    """

    def __init__(self, redis: Redis, window: timedelta, patience: timedelta) -> None:
        self._redis = redis
        self._kept_s = {"asked": window.total_seconds(), "unmet": window.total_seconds()}
        self._kept_s["waiting"] = patience.total_seconds()

    def note(self, heard: Sequence[Heard], now: datetime) -> None:
        """Add what became of trips, in order and in one round trip; what is older than the window leaves no mark."""
        if not heard:
            return
        with self._redis.pipeline(transaction=False) as pipe:
            for one in heard:
                member, at = f"{one.trip_id}|{one.segment}", one.at.timestamp()
                if one.became is Became.ASKED:
                    pipe.zadd(_key("asked", one.city), {member: at})
                if one.became is Became.UNMET:
                    pipe.zadd(_key("unmet", one.city), {member: at})
                if one.became in (Became.ASKED, Became.WAITING):
                    pipe.zadd(_key("waiting", one.city), {member: at})
                else:
                    pipe.zrem(_key("waiting", one.city), member)
            for city in {one.city for one in heard}:
                self._trim(pipe, city, now)
            pipe.execute()

    def _trim(self, pipe: Any, city: str, now: datetime) -> None:
        for kind, kept_s in self._kept_s.items():
            key = _key(kind, city)
            pipe.zremrangebyscore(key, "-inf", now.timestamp() - kept_s)
            pipe.zremrangebyrank(key, 0, -MAX_MEMBERS - 1)
            pipe.expire(key, int(kept_s) + 60)

    def by_segment(self, city: str, now: datetime) -> dict[str, Demand]:
        """The demand of each segment of a city that has any, in one round trip."""
        with self._redis.pipeline(transaction=False) as pipe:
            for kind, kept_s in self._kept_s.items():
                pipe.zrangebyscore(_key(kind, city), now.timestamp() - kept_s, "+inf")
            found = dict(zip(self._kept_s, (_count(members) for members in pipe.execute()), strict=True))
        segments = set().union(*found.values())
        return {
            segment: Demand(found["waiting"][segment], found["asked"][segment], found["unmet"][segment])
            for segment in segments
        }


class LiveSurge:
    """The surge of each city as it was last reckoned. Every method raises RedisError while Redis is down."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def at(self, city: str, segment: str | None) -> tuple[Reckoned | None, SegmentSurge | None]:
        """Of one segment, in one round trip. None: not reckoned; nothing to say of the segment."""
        both: Any = self._redis.hmget(_key("surge", city), [RECKONED, segment or ""])
        return _reckoned(both[0]), _segment(both[1])

    def of(self, city: str) -> tuple[Reckoned | None, dict[str, SegmentSurge]]:
        """Of all segments that are not at rest."""
        found: Any = self._redis.hgetall(_key("surge", city))
        reckoned = _reckoned(found.pop(RECKONED, None))
        return reckoned, {segment: state for segment, raw in found.items() if (state := _segment(raw)) is not None}

    def keep(self, city: str, reckoned: Reckoned, segments: Mapping[str, SegmentSurge]) -> None:
        """All of a city at once: a quote sees the surge before or after it, and nothing between."""
        key = _key("surge", city)
        packed: dict[Any, Any] = {segment: json.dumps(_packed(state)) for segment, state in segments.items()}
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(key)
            pipe.hset(key, mapping={**packed, RECKONED: _packed_reckoned(reckoned)})
            pipe.expire(key, KEPT_S)
            pipe.execute()

    def note_trouble(self, city: str, reckoned: Reckoned) -> None:
        """Why surge was not reckoned anew; what it was is left."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(_key("surge", city), RECKONED, _packed_reckoned(reckoned))
            pipe.expire(_key("surge", city), KEPT_S)
            pipe.execute()


def _key(kind: str, city: str) -> str:
    return f"pricing:{kind}:{city}"


def _count(members: Iterable[str]) -> Counter[str]:
    return Counter(member.partition("|")[2] for member in members)


def _packed(state: SegmentSurge) -> list[Any]:
    return [round(state.level, 6), state.tenths, round(state.target, 3), *astuple(state.near)]


def _segment(raw: str | None) -> SegmentSurge | None:
    if raw is None:
        return None
    level, tenths, target, *near = json.loads(raw)
    return SegmentSurge(level, tenths, target, Near(*near))


def _packed_reckoned(reckoned: Reckoned) -> str:
    return json.dumps(
        {
            "at": None if reckoned.at is None else reckoned.at.timestamp(),
            "enabled": reckoned.enabled,
            "cap_tenths": reckoned.cap_tenths,
            "window_s": reckoned.window_s,
            "trouble": reckoned.trouble,
        }
    )


def _reckoned(raw: str | None) -> Reckoned | None:
    if raw is None:
        return None
    found = json.loads(raw)
    at = None if found["at"] is None else datetime.fromtimestamp(found["at"], UTC)
    trouble = None if found["trouble"] is None else SurgeCode(found["trouble"])
    return Reckoned(at, found["enabled"], found["cap_tenths"], found["window_s"], trouble)
