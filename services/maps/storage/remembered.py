"""Road times as they were asked for lately, and the road server for the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from eventlet.event import Event
from numpy.typing import NDArray

from hansom.contracts.maps import RoadsUnavailable
from hansom.values import METRES_A_DEGREE, Point
from services.maps.storage.edges import EdgeIndex, Ints, OnRoad
from services.maps.storage.osrm import Coordinates, Osrm
from services.maps.storage.times import UNREACHABLE, Keys, RoadTimesMemory, Seconds, pair_keys

PAIRS_AT_ONCE = 25
"""Pairs asked for in one table; only its diagonal is wanted, so more would waste the rest."""

SAME_PLACE_M = 1.5
"""The road server moved a point to the place that the edges say, give or take: they mean the same road."""

STRETCH, SPOT = np.uint64(1 << 62), np.uint64(1 << 63)
"""Set in the key of a stretch, and of a spot of about a metre."""


@dataclass(frozen=True, slots=True)
class Memory:
    """How long road times are good for, and how long they are better than a guess (seconds)."""

    times: RoadTimesMemory
    fresh_s: float
    stale_s: float


@dataclass(frozen=True, slots=True)
class KnownTimes:
    """Seconds by road: NaN where nobody knows now, UNREACHABLE where no road leads. `guessed`: not all are as asked
    for lately, since the road server does not answer."""

    seconds: Seconds
    guessed: bool


@dataclass(frozen=True, slots=True)
class _Ends:
    """Points of one side of a question: coordinates and where they lie on the city's roads."""

    points: NDArray[np.float64]
    on: OnRoad

    def take(self, numbers: Ints) -> _Ends:
        on = OnRoad(self.on.stretches[numbers], self.on.lats[numbers], self.on.lngs[numbers], self.on.away_m[numbers])
        return _Ends(self.points[numbers], on)

    def coordinates(self) -> list[Coordinates]:
        return [(lat, lng) for lat, lng in self.points.tolist()]


class RememberedTimes:
    """Road times of one city, kept by the stretches of road that both ends lie on, and each asked for once.

    A stretch is trusted once the road server has put a point of it on it: from then on all its points share one key.
    Any other point, and both ends where they lie on one stretch (which of them comes first matters there), has the key
    of its spot. `number` tells cities apart that share a memory.
    """

    def __init__(self, osrm: Osrm, edges: EdgeIndex, memory: Memory, number: int, table_max: int) -> None:
        self._osrm, self._edges, self._memory, self._table_max = osrm, edges, memory, table_max
        self._city = np.uint64(number << 40)
        self._trusted = np.zeros(len(edges), dtype=bool)
        self._asked: dict[bytes, Event] = {}

    def table(self, sources: Sequence[Coordinates], destinations: Sequence[Coordinates]) -> KnownTimes:
        """Seconds from each source (row) to each destination (column). Asks for the rows and columns with holes."""
        starts, ends = self._ends(sources), self._ends(destinations)
        row_keys, column_keys = self._keys_apart(starts, ends)
        # places that share a key are one question
        rows, row_of = _distinct(row_keys)
        columns, column_of = _distinct(column_keys)
        keys = pair_keys(row_keys[rows][:, None], column_keys[columns])
        known = self._memory.times.look_up(keys, self._memory.fresh_s)
        holes = np.isnan(known)
        guessed = False
        if holes.any():
            missing = np.flatnonzero(holes.any(axis=1)), np.flatnonzero(holes.any(axis=0))
            try:
                asked = self._ask_table(starts.take(rows[missing[0]]), ends.take(columns[missing[1]]))
                known[np.ix_(*missing)] = asked
            except RoadsUnavailable:
                guessed = True
                known = np.where(holes, self._memory.times.look_up(keys, self._memory.stale_s), known)
        return KnownTimes(known[row_of][:, column_of], guessed)

    def pairs(self, pairs: Sequence[tuple[Coordinates, Coordinates]]) -> KnownTimes:
        """Seconds from the one to the other of each pair."""
        starts, ends = self._ends([start for start, _ in pairs]), self._ends([end for _, end in pairs])
        keys = self._pair_keys(starts, ends)
        known = self._memory.times.look_up(keys, self._memory.fresh_s)
        holes = np.flatnonzero(np.isnan(known))
        try:
            for first in range(0, len(holes), PAIRS_AT_ONCE):
                some = holes[first : first + PAIRS_AT_ONCE]
                known[some] = self._ask_pairs(starts.take(some), ends.take(some))
        except RoadsUnavailable:
            stale = self._memory.times.look_up(keys, self._memory.stale_s)
            return KnownTimes(np.where(np.isnan(known), stale, known), True)
        return KnownTimes(known, False)

    def key_of(self, start: Point, end: Point) -> int:
        """What near pairs of points share, the one's road to the other being the same."""
        ends = self._ends([(start.lat, start.lng), (end.lat, end.lng)])
        return int(self._pair_keys(ends.take(np.array([0])), ends.take(np.array([1])))[0])

    def _ends(self, points: Sequence[Coordinates]) -> _Ends:
        flat = np.array(points, dtype=np.float64).reshape(-1, 2)
        return _Ends(flat, self._edges.locate(flat[:, 0], flat[:, 1]))

    def _spots(self, ends: _Ends) -> Keys:
        """Keys of the points themselves, to 1e-5 degrees: a metre."""
        whole = np.rint((ends.points + np.array([90.0, 180.0])) * 1e5).astype(np.uint64)
        return SPOT | (whole[:, 0] << np.uint64(26)) | whole[:, 1]

    def _stretches(self, ends: _Ends) -> Keys:
        """Keys of the stretches where those are trusted, of the spots elsewhere."""
        numbers = ends.on.stretches
        if not len(self._trusted):
            return self._spots(ends)
        trusted = (numbers >= 0) & self._trusted[numbers]
        return np.where(trusted, STRETCH | self._city | numbers.astype(np.uint64), self._spots(ends))

    def _keys_apart(self, starts: _Ends, ends: _Ends) -> tuple[Keys, Keys]:
        """Keys of rows and columns; what lies on a stretch of both sides has its spot's."""
        rows, columns = self._stretches(starts), self._stretches(ends)
        rows_too, columns_too = np.isin(rows, columns), np.isin(columns, rows)
        if not rows_too.any():
            return rows, columns
        return np.where(rows_too, self._spots(starts), rows), np.where(columns_too, self._spots(ends), columns)

    def _pair_keys(self, starts: _Ends, ends: _Ends) -> Keys:
        here, there = self._stretches(starts), self._stretches(ends)
        same = here == there
        if same.any():
            here, there = np.where(same, self._spots(starts), here), np.where(same, self._spots(ends), there)
        return pair_keys(here, there)

    def _ask_table(self, starts: _Ends, ends: _Ends) -> Seconds:
        question = b"t" + starts.points.tobytes() + b"/" + ends.points.tobytes()
        return self._once(question, lambda: self._ask_blocks(starts, ends))

    def _ask_blocks(self, starts: _Ends, ends: _Ends) -> Seconds:
        answer = np.empty((len(starts.points), len(ends.points)), dtype=np.float32)
        side = self._table_max
        for top in range(0, len(starts.points), side):
            for left in range(0, len(ends.points), side):
                rows = np.arange(top, min(top + side, len(starts.points)))
                columns = np.arange(left, min(left + side, len(ends.points)))
                block = self._ask_block(starts.take(rows), ends.take(columns))
                answer[top : top + side, left : left + side] = block
        keys = pair_keys(*_broadcast(self._keys_apart(starts, ends)))
        self._memory.times.keep(keys.ravel(), answer.ravel())
        return answer

    def _ask_pairs(self, starts: _Ends, ends: _Ends) -> Seconds:
        question = b"p" + starts.points.tobytes() + b"/" + ends.points.tobytes()
        return self._once(question, lambda: self._ask_diagonal(starts, ends))

    def _ask_diagonal(self, starts: _Ends, ends: _Ends) -> Seconds:
        answer = self._ask_block(starts, ends).diagonal().copy()
        self._memory.times.keep(self._pair_keys(starts, ends), answer)
        return answer

    def _ask_block(self, starts: _Ends, ends: _Ends) -> Seconds:
        """One question to the road server. It also says where points were put, as long as that is not known of all."""
        sides = (starts, ends)
        doubtful = any(self._doubtful(side) for side in sides)
        found = self._osrm.table(starts.coordinates(), ends.coordinates(), snapped=doubtful)
        if found.snapped:
            count = len(starts.points)
            for side, snapped in zip(sides, (found.snapped[:count], found.snapped[count:]), strict=True):
                self._learn(side, np.array(snapped))
        seconds = np.array(found.durations_s, dtype=np.float32)
        return np.where(np.isnan(seconds), np.float32(UNREACHABLE), seconds)

    def _doubtful(self, ends: _Ends) -> bool:
        numbers = ends.on.stretches[ends.on.stretches >= 0]
        return bool(len(numbers)) and not bool(self._trusted[numbers].all())

    def _learn(self, ends: _Ends, snapped: NDArray[np.float64]) -> None:
        """Trust the stretches on which the road server put a point: they are roads for it too."""
        north = np.abs(ends.on.lats - snapped[:, 0]) * METRES_A_DEGREE
        east = np.abs(ends.on.lngs - snapped[:, 1]) * METRES_A_DEGREE * np.cos(np.radians(snapped[:, 0]))
        same = (ends.on.stretches >= 0) & (np.hypot(north, east) <= SAME_PLACE_M)
        self._trusted[ends.on.stretches[same]] = True

    def _once(self, question: bytes, ask: Callable[[], Seconds]) -> Seconds:
        """Ask, or wait for him who is asking the same. Raises RoadsUnavailable to both."""
        under_way = self._asked.get(question)
        if under_way is not None:
            return under_way.wait()
        event = self._asked[question] = Event()
        try:
            answer = ask()
        except BaseException as exc:
            event.send_exception(exc if isinstance(exc, Exception) else RoadsUnavailable())
            raise
        else:
            event.send(answer)
            return answer
        finally:
            del self._asked[question]


def _distinct(keys: Keys) -> tuple[Ints, Ints]:
    """Positions of the first of each key, and for each key its number among those."""
    _, first, number = np.unique(keys, return_index=True, return_inverse=True)
    return first, number


def _broadcast(keys: tuple[Keys, Keys]) -> tuple[Keys, Keys]:
    return keys[0][:, None], keys[1]
