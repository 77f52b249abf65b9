"""Whether a ride's trace is all there, and how far it may be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

GAP_S = 30.0
"""Longer than this between two positions is a gap: a tunnel, a dead telephone."""

NEAR_END_S = 2.0
"""A position so near to the end of the ride is its last one: drivers report every second or two."""

GAPS_MAX_SHARE = 0.5
GAPS_FREE_S = 60.0
"""Gaps of together a minute are forgiven whatever the ride's length."""


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
    """(from, until) in ms of each time longer than GAP_S without a position, the ends of the ride included."""
    marks = [ride.from_ms, *times_ms, ride.until_ms]
    return [(a, b) for a, b in pairwise(marks) if b - a > GAP_S * 1000]


def covered(missing: Sequence[tuple[int, int]], ride: Stretch) -> bool:
    """Whether enough of the ride's time has positions for its distance to be believed."""
    lost_s = sum(b - a for a, b in missing) / 1000
    return lost_s <= max(GAPS_FREE_S, ride.duration_s * GAPS_MAX_SHARE)
