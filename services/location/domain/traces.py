"""Whether a ride's trace is all there, and how far it may be trusted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from services.location.domain.positions import Position

GAP_S = 30.0
"""Longer than this between two positions is a gap: a tunnel, a dead telephone."""

END_GAP_S = 15.0
"""Longer than this between an end of the ride and its nearest position: drivers report every few seconds."""

NEAR_END_S = 2.0
"""After a position so near to the end of the ride no other is waited for."""

GAPS_MAX_SHARE = 0.5
GAPS_FREE_S = 60.0
"""Gaps of together a minute are forgiven whatever the ride's length."""

BEYOND_MS = 60_000
"""So far beyond an end of the ride a position may stand for that end."""

ROUNDED_MS = 300_000
"""Times of a coarsened trace are rounded to this."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """From when until when a ride was driven, ms since 1970."""

    from_ms: int
    until_ms: int

    @property
    def duration_s(self) -> float:
        return max(0.0, (self.until_ms - self.from_ms) / 1000)


def still_arriving(times_ms: Sequence[int], latest_ms: int | None, ride: Stretch, now_ms: int, wait_s: float) -> bool:
    """Whether the ride's last positions may be on their way still.

    `times_ms` are the positions of the ride; `latest_ms` the newest position of its trace, also past the ride's end:
    positions come in order, so one from after the end says that all before it are here.
    """
    if latest_ms is not None and latest_ms >= ride.until_ms:
        return False
    if times_ms and ride.until_ms - times_ms[-1] <= NEAR_END_S * 1000:
        return False
    return now_ms < ride.until_ms + wait_s * 1000


def gaps(times_ms: Sequence[int], ride: Stretch) -> list[tuple[int, int]]:
    """(from, until) in ms of each time without a position: longer than GAP_S, or END_GAP_S at an end of the ride.

    Of a ride without any position it is the whole ride, however short.
    """
    if not times_ms:
        return [(ride.from_ms, ride.until_ms)]
    found = [(ride.from_ms, times_ms[0])] if times_ms[0] - ride.from_ms > END_GAP_S * 1000 else []
    found += [(a, b) for a, b in pairwise(times_ms) if b - a > GAP_S * 1000]
    return found + ([(times_ms[-1], ride.until_ms)] if ride.until_ms - times_ms[-1] > END_GAP_S * 1000 else [])


def covered(missing: Sequence[tuple[int, int]], ride: Stretch) -> bool:
    """Whether enough of the ride's time has positions for its distance to be believed."""
    lost_s = sum(b - a for a, b in missing) / 1000
    return lost_s <= max(GAPS_FREE_S, ride.duration_s * GAPS_MAX_SHARE)


def believed(positions: Iterable[Position]) -> tuple[list[Position], dict[str, int]]:
    """The positions that bear no mark, and how many bear each mark."""
    taken = list(positions)
    return [each for each in taken if not each.mark], dict(Counter(each.mark for each in taken if each.mark))


def with_ends(positions: Sequence[Position], ride: Stretch) -> list[Position]:
    """The positions of the ride, out of all in order of time, and where its first or last are missing, the nearest one.

    A car stands where it waits for its rider and where it lets him out: when nothing was heard at an end of the ride,
    the last position before it, or the first after it, says where that end was.
    """
    driven = [p for p in positions if ride.from_ms <= p.at_ms <= ride.until_ms]
    if not driven:
        return []
    before = [p for p in positions if ride.from_ms - BEYOND_MS <= p.at_ms < ride.from_ms]
    after = [p for p in positions if ride.until_ms < p.at_ms <= ride.until_ms + BEYOND_MS]
    late = driven[0].at_ms - ride.from_ms > END_GAP_S * 1000
    early = ride.until_ms - driven[-1].at_ms > END_GAP_S * 1000
    return [*(before[-1:] if late else []), *driven, *(after[:1] if early else [])]


@dataclass(frozen=True, slots=True)
class Passage:
    """What is left of a ride's positions when they are old: a driver was in a segment at about this time (ms)."""

    driver_id: str
    segment: str
    at_ms: int


def coarse(seen: Iterable[tuple[str, str, int]]) -> list[Passage]:
    """The segments that (driver, segment, ms since 1970), in order of time, passed, one after the other."""
    return [
        Passage(driver_id, segment, round(next(run)[2] / ROUNDED_MS) * ROUNDED_MS)
        for (driver_id, segment), run in groupby(seen, key=lambda each: (each[0], each[1]))
    ]
