"""Whose positions are not believed: for operators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.location.storage.live import LiveCars, Seen
from services.location.storage.marks import LastMark, Marked, Marks


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a driver is offered rides as far as his position goes, and if not, why.

    `why_not`: `no_position` (none is believed yet, or it is forgotten), `off`, `busy`, `doubtful`, `silent` (none for
    too long), or None. `doubtful_until_ms` also while he is busy.
    """

    why_not: str | None
    doubtful_until_ms: int | None


@dataclass(frozen=True, slots=True)
class Sources:
    """What is asked: marks, live cars, and since when (ms) a position is new enough for an offer."""

    marks: Marks
    cars: LiveCars
    offered_since_ms: int


@dataclass(frozen=True, slots=True)
class MarksOf:
    """A driver's marked positions that are kept still: how many by reason, and the last ones."""

    counts: dict[str, int]
    last: list[LastMark]
    standing: Standing
    seen: Seen | None


def marks_of(driver_id: str, limit: int, sources: Sources) -> MarksOf:
    """What of a driver's is not believed. Raises PyMongoError, RedisError."""
    (seen,) = sources.cars.look_at([driver_id])
    until_ms = sources.cars.doubts([driver_id]).get(driver_id)
    standing = _standing(seen, until_ms, sources.offered_since_ms)
    return MarksOf(sources.marks.counts(driver_id, 0), sources.marks.last(driver_id, limit), standing, seen)


def list_doubts(
    since_ms: int, after: tuple[int, str] | None, limit: int, sources: Sources
) -> tuple[list[tuple[Marked, Standing]], bool]:
    """Drivers with marks since then, those with most first, after (marks, driver); and whether there are more.

    Raises PyMongoError, RedisError.
    """
    found = sources.marks.drivers(since_ms)
    if after is not None:
        found = [one for one in found if (-one.total, one.driver_id) > (-after[0], after[1])]
    return _with_standing(found[:limit], sources), len(found) > limit


def _with_standing(page: Sequence[Marked], sources: Sources) -> list[tuple[Marked, Standing]]:
    driver_ids = [one.driver_id for one in page]
    seen, doubts = sources.cars.look_at(driver_ids), sources.cars.doubts(driver_ids)
    return [
        (one, _standing(known, doubts.get(one.driver_id), sources.offered_since_ms))
        for one, known in zip(page, seen, strict=True)
    ]


def _standing(seen: Seen | None, doubtful_until_ms: int | None, offered_since_ms: int) -> Standing:
    if seen is None:
        return Standing("doubtful" if doubtful_until_ms else "no_position", doubtful_until_ms)
    if seen.state != "free":
        return Standing(seen.state, doubtful_until_ms)
    return Standing(None if seen.position.at_ms >= offered_since_ms else "silent", doubtful_until_ms)
