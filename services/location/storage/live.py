"""Live cars in Redis: driver → segment and segment → drivers, changed together by scripts (see lua/driver.lua).

The scripts make up their keys from ids, so all of it lives in one Redis, with a replica for safety, not in a cluster's
slots; one Redis takes over 100,000 positions a second. All of it can be lost: positions bring drivers back, and `learn`
what they are doing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from redis import Redis

from hansom.redis import Live
from hansom.values import Point
from services.location.domain.positions import Position, unpack
from services.location.domain.rides import Ride
from services.location.storage.finishing import FINISHING
from services.location.storage.lists import Lists, couples, script

OUTSIDE = "out"
"""The segment of a car that is in none: on the map, never found by a search."""

KINDS = ("free", "busy", "doubtful")
"""What a driver on the map may be."""

ROWS_AT_ONCE = 10
"""Positions of one script call: half a millisecond of Redis' time, for which searches wait. With 100 a search's 95th
percentile is twice as long; positions are searchable no sooner (docs/benchmarks.md)."""

MOVE_EVERY_MS = 900
"""Least time between two moves of one trip; less than a second, as positions come every second, more or less."""

RECENT = 30
FORGET_AT_ONCE = 500
CLOCK_SLACK_MS = 5000


@dataclass(slots=True)
class Applied:
    """What became of positions, by their place in the list: drivers not known, points of traces, cars to show, and
    those that are no news: they came before, or a newer one did."""

    unknown: list[tuple[int, str]]
    traced: list[tuple[int, str]]
    moved: list[Moved]
    old: list[int]


@dataclass(frozen=True, slots=True)
class Doubt:
    """So many marks within so many ms and a driver is doubtful."""

    marks: int
    window_ms: int


@dataclass(frozen=True, slots=True)
class Moved:
    """A car on a ride has moved. `eta_s` was reckoned at `eta_at_ms`; None when never since its target changed."""

    row: int
    trip_id: str
    rider_id: str
    state: str
    target: Point
    eta_s: float | None
    eta_at_ms: int


@dataclass(frozen=True, slots=True)
class Known:
    """What drivers and trips said of a driver; `rev` is what live state was at when they were asked."""

    driver_id: str
    rev: str
    online: bool
    categories: tuple[str, ...]
    ride: Ride | None
    started_ms: int | None


@dataclass(frozen=True, slots=True)
class Seen:
    """A driver's newest position and what he is doing: `free`, `busy`, `doubtful` or `off`."""

    position: Position
    state: str
    categories: tuple[str, ...]
    trip_id: str | None
    eta_s: float | None
    eta_at_ms: int


class LiveCars(Lists):
    """Every method raises RedisError when Redis is down."""

    def __init__(self, redis: Redis) -> None:
        super().__init__(redis)
        names = ("apply", "learn", "recall", "availability", "occupy", "release", "forget")
        scripts = (script(redis, name) for name in names)
        self._apply, self._learn, self._recall, self._availability, self._occupy, self._release, self._forget = scripts

    def apply(
        self, positions: Sequence[Position], places: Sequence[tuple[str | None, str]], now_ms: int, doubt: Doubt
    ) -> Applied:
        """Take positions, in their order, with segment and spot of each. Marked ones do not move their driver."""
        result = Applied([], [], [], [])
        for first in range(0, len(positions), ROWS_AT_ONCE):
            after = first + ROWS_AT_ONCE
            rows = [
                [p.driver_id, p.at_ms, p.seq, segment or OUTSIDE, spot, p.packed(), p.mark or ""]
                for p, (segment, spot) in zip(positions[first:after], places[first:after], strict=True)
            ]
            arguments: list[bytes | int] = [
                orjson.dumps(rows),
                now_ms,
                MOVE_EVERY_MS,
                RECENT,
                doubt.marks,
                doubt.window_ms,
            ]
            answer: Any = self._apply(args=arguments)
            unknown, traced, moved, old = answer
            result.unknown += [(first + row - 1, rev) for row, rev in couples(unknown)]
            result.traced += [(first + row - 1, trip_id) for row, trip_id in couples(traced)]
            result.moved += [_moved(first, fields) for fields in moved]
            result.old += [first + row - 1 for row in old]
        return result

    def learn(self, known: Iterable[Known], asked_ms: int) -> list[tuple[str, Position]]:
        """Take what was looked up; gives (trip, position) of remembered positions that turn out to be of a trip."""
        rows = []
        for one in known:
            ride = one.ride
            since = one.started_ms if one.started_ms is not None else asked_ms - CLOCK_SLACK_MS
            doing = [ride.trip_id, ride.rider_id, ride.state, _target(ride), str(since)] if ride else [""] * 4 + ["0"]
            rows.append([one.driver_id, one.rev, "1" if one.online else "0", ",".join(one.categories), *doing])
        if not rows:
            return []
        answer: Any = self._learn(args=[orjson.dumps(rows), asked_ms - CLOCK_SLACK_MS])
        return _recent(answer)

    def recall(self, marks: Mapping[str, Sequence[tuple[int, int]]], now_ms: int, doubt: Doubt) -> None:
        """Take (at, seq) of drivers' marked positions that were known before Redis was emptied."""
        if marks:
            rows = [[driver_id, known] for driver_id, known in marks.items()]
            self._recall(args=[orjson.dumps(rows), now_ms, doubt.marks, doubt.window_ms])

    def transaction(self) -> Changes:
        """Changes from events, sent together in their order."""
        return Changes(self)

    def forget(self, before_ms: int, now_ms: int) -> int:
        """Take cars off the map whose newest position is older; gives how many. Doubts that are over end."""
        count = 0
        while True:
            gone = int(self._forget(args=[before_ms, now_ms, FORGET_AT_ONCE]))
            count += gone
            if gone < FORGET_AT_ONCE:
                return count

    def doubts(self, driver_ids: Sequence[str]) -> dict[str, int]:
        """Until when (ms) drivers are doubtful, of those who are."""
        if not driver_ids:
            return {}
        scores: Any = self.redis.zmscore("location:doubts", list(driver_ids))
        return {each: int(score) for each, score in zip(driver_ids, scores, strict=True) if score is not None}

    def last_positions(self, driver_ids: Sequence[str]) -> list[Position]:
        """The drivers' newest positions, of those that have one."""
        pipeline = self.redis.pipeline(transaction=False)
        for driver_id in driver_ids:
            pipeline.hget(f"location:driver:{driver_id}", "pos")
        packed = zip(driver_ids, pipeline.execute(), strict=True)
        return [unpack(driver_id, pos) for driver_id, pos in packed if pos]

    def look_at(self, driver_ids: Sequence[str]) -> list[Seen | None]:
        """Each driver's newest position and what he is doing, None where no position is known."""
        pipeline = self.redis.pipeline(transaction=False)
        for driver_id in driver_ids:
            pipeline.hmget(f"location:driver:{driver_id}", "pos", "online", "trip", "cats", "eta", "eta_at", "doubt")
        return [_seen(driver_id, row) for driver_id, row in zip(driver_ids, pipeline.execute(), strict=True)]

    def revisions(self, driver_ids: Sequence[str]) -> list[str]:
        """Each driver's revision, as `learn` wants it."""
        pipeline = self.redis.pipeline(transaction=False)
        for driver_id in driver_ids:
            pipeline.hmget(f"location:driver:{driver_id}", "avail_rev", "trip_rev")
        return [f"{avail_rev or ''}/{trip_rev or ''}" for avail_rev, trip_rev in pipeline.execute()]

    def note_etas(self, etas: Iterable[tuple[str, float, bool]], now_ms: int) -> None:
        """Keep (driver, seconds to go, whether to the end of a ride) as reckoned now."""
        pipeline = self.redis.pipeline(transaction=False)
        for driver_id, eta_s, ends_ride in etas:
            pipeline.hset(f"location:driver:{driver_id}", mapping={"eta": f"{eta_s:.0f}", "eta_at": now_ms})
            if ends_ride:
                pipeline.zadd(FINISHING, {driver_id: now_ms + round(eta_s * 1000)})
        pipeline.execute()

    def newest(self, limit: int) -> list[str]:
        """Drivers on the map of every kind, those who reported last first."""
        pipeline = self.redis.pipeline(transaction=False)
        for kind in KINDS:
            pipeline.zrevrange(f"location:{kind}", 0, limit - 1, withscores=True)
        listed = [pair for kind in pipeline.execute() for pair in kind]
        return [driver_id for driver_id, _ in sorted(listed, key=lambda pair: -pair[1])][:limit]

    def listed(self, kind: str, count: int) -> Iterator[list[str]]:
        """All drivers of a kind, about `count` at a time. Who is of it all the while comes at least once, however often
        he reports meanwhile: numbers in the order of reports would pass him by."""
        cursor = 0
        while True:
            answer: Any = self.redis.zscan(f"location:{kind}", cursor, count=count)
            cursor, found = answer
            if found:
                yield [driver_id for driver_id, _ in found]
            if not cursor:
                return

    def count(self, kind: str, since_ms: int) -> int:
        """Drivers of a kind whose position is not older."""
        return int(self.redis.zcount(f"location:{kind}", since_ms, "+inf"))

    def claim(self, work: str, for_s: float) -> bool:
        """Take on some work that one replica should do; True for the one that got it."""
        return bool(self.redis.set(f"location:{work}", "1", nx=True, px=int(for_s * 1000)))


class Changes:
    """Changes from a batch of events, sent in one go by `send`."""

    def __init__(self, cars: LiveCars) -> None:
        self._cars = cars
        self._pipeline = cars.redis.pipeline(transaction=False)

    def availability(self, driver_id: str, online: bool, categories: Iterable[str], at_ms: int) -> None:
        arguments: list[str | int] = [driver_id, "1" if online else "0", ",".join(categories), at_ms]
        self._cars._availability(args=arguments, client=self._pipeline)

    def occupy(self, ride: Ride, at_ms: int) -> None:
        """The driver has this trip since `at_ms`, in this state."""
        what = (ride.driver_id, ride.trip_id, ride.rider_id, ride.state, _target(ride))
        arguments: list[str | int] = [*what, at_ms, ride.version]
        self._cars._occupy(args=arguments, client=self._pipeline)

    def release(self, driver_id: str, trip_id: str, ended_ms: int) -> None:
        self._cars._release(args=[driver_id, trip_id, ended_ms], client=self._pipeline)

    def send(self) -> list[tuple[str, Position]]:
        """Do it all in order; gives (trip, position) of remembered positions that belong to a trip."""
        found = []
        for answer in self._pipeline.execute():
            if isinstance(answer, list):
                found += _recent(answer)
        return found


def _target(ride: Ride) -> str:
    return f"{ride.target.lat:.6f};{ride.target.lng:.6f}"


def _moved(first: int, fields: Sequence[Any]) -> Moved:
    row, trip_id, rider_id, state, target, eta, eta_at = fields
    lat, lng = target.split(";")
    point = Point(float(lat), float(lng))
    return Moved(first + row - 1, trip_id, rider_id, state, point, float(eta) if eta else None, int(eta_at or 0))


def _recent(flat: Sequence[str]) -> list[tuple[str, Position]]:
    triples = zip(flat[::3], flat[1::3], flat[2::3], strict=True)
    return [(trip_id, unpack(driver_id, packed)) for driver_id, trip_id, packed in triples]


def _seen(driver_id: str, row: Sequence[str | None]) -> Seen | None:
    packed, online, trip, categories, eta, eta_at, doubt = row
    if not packed:
        return None
    state = "busy" if trip else "off" if online != "1" else "doubtful" if doubt else "free"
    return Seen(
        unpack(driver_id, packed),
        state,
        tuple(categories.split(",")) if categories else (),
        trip or None,
        float(eta) if eta else None,
        int(eta_at or 0),
    )


class Cars(Live):
    """Gives a worker the live cars: `cars = Cars()`."""

    def setup(self) -> None:
        super().setup()
        self.cars = LiveCars(self.client)

    def get_dependency(self, worker_ctx: Any) -> LiveCars:
        return self.cars
