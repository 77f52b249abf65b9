"""Free cars, as they were looked at now and then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

GAP = 3.0
"""Looks further apart than so many times their interval say nothing of what was between them."""


@dataclass(frozen=True, slots=True)
class Look:
    """The free cars of a city at one moment: how many in each segment, and whose."""

    city: str
    at: datetime
    free: Mapping[str, int]
    driver_ids: Collection[str]


def mean_free(looks: Sequence[Look]) -> dict[str, float]:
    """Segment → free cars in it in the mean: what one moment shows is chance."""
    total: Counter[str] = Counter()
    for look in looks:
        total.update(look.free)
    return {segment: count / len(looks) for segment, count in total.items()}


def idle_since(looks: Sequence[Look], interval: timedelta) -> dict[str, datetime]:
    """Driver who is free in the newest look → since when he was in every one. `looks`: the newest first."""
    since: dict[str, datetime] = {}
    later: datetime | None = None
    going_on: set[str] = set(looks[0].driver_ids) if looks else set()
    for look in looks:
        if not going_on or (later is not None and later - look.at > GAP * interval):
            break
        going_on &= set(look.driver_ids)
        since.update(dict.fromkeys(going_on, look.at))
        later = look.at
    return since
