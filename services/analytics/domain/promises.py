"""What was promised, and what the roads alone would have promised: road times are multiplied by corrections before
anybody is told them, and a promise is judged, and learnt from, without the correction that it was made with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from math import exp, log

from services.analytics.domain.facts import Fact

KINDS: Mapping[str, str] = {"trips.driver_arrived": "pickup", "trips.trip_completed": "trip"}
"""Event with which a promise is kept → the kind of promise."""

HOURS_A_DAY = 24
NONE_YET = (1.0,) * HOURS_A_DAY

LEAST_PROMISE_MS = 20_000
"""Of a shorter drive the stopping and the turning round are most: it says nothing of how fast traffic is."""

MOST_RATIO = 3.0
"""A drive that took less than a third or more than three times as long as the roads say was not that drive."""

RATIO_STEP = 0.01
"""Ratios are counted in bins of their logarithm this wide, so to 1 %."""

CLOCKS_DIFFER = timedelta(seconds=2)
"""By so much the clocks of the machines that promise and that learn may differ."""

LONGEST_PROMISE = timedelta(hours=12)
"""A promise that was kept later than this after it was made is not judged: which corrections were in force so long ago
is not looked up."""

SAME = 1.005
"""Factors nearer to each other than this are one."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What a city's road times are multiplied with from `valid_from` on: a factor for each local hour.

    `learn_from`: rides before are not learnt from, neither for this nor for later ones.
    """

    city: str
    valid_from: datetime
    pickup: tuple[float, ...] = NONE_YET
    trip: tuple[float, ...] = NONE_YET
    learn_from: datetime | None = None

    def factors(self, kind: str) -> tuple[float, ...]:
        """Those of one kind of promise, by hour."""
        return self.pickup if kind == "pickup" else self.trip


@dataclass(frozen=True, slots=True)
class Terms:
    """How promises are made: the cities' time zones, how long an offer may lie before it is accepted, and how long a
    new correction may take until everybody who promises knows it. `keep`: how long facts are kept."""

    zones: Mapping[str, tzinfo]
    keep: timedelta
    offer_open: timedelta
    spread: timedelta


def judged(fact: Fact, history: Sequence[Correction], terms: Terms) -> Fact:
    """The fact with `base_ms`, the promise without its correction, and `hour`, the city's hour in which it was made.

    As it was, when it kept no promise, or when the correction that was in force cannot be told for certain. `history`:
    the city's corrections that may have been, the oldest first.
    """
    kind, zone = KINDS.get(fact.name), terms.zones.get(fact.city or "")
    promised_ms, made_at_ms = (fact.values.get(name) for name in ("promised_ms", "made_at_ms"))
    if kind is None or zone is None or not isinstance(promised_ms, int) or not isinstance(made_at_ms, int):
        return fact
    made_at = datetime.fromtimestamp(made_at_ms / 1000, UTC)
    if fact.at - made_at > LONGEST_PROMISE:
        return fact
    lay = terms.offer_open if kind == "pickup" else timedelta(0)
    window = made_at - lay - CLOCKS_DIFFER, made_at + CLOCKS_DIFFER
    possible = list(_in_force(kind, window, history, zone, terms.spread))
    if max(possible) > SAME * min(possible):
        return fact
    base_ms = round(promised_ms / possible[-1])
    return replace(fact, values={**fact.values, "base_ms": base_ms, "hour": made_at.astimezone(zone).hour})


def _in_force(
    kind: str, window: tuple[datetime, datetime], history: Sequence[Correction], zone: tzinfo, spread: timedelta
) -> Iterator[float]:
    """Every factor that may have been used in the window, the newest last; 1 before the first correction."""
    start, end = window
    hours = [moment.astimezone(zone).hour for moment in window]  # a window is much shorter than an hour
    known = [NONE_YET, *(each.factors(kind) for each in history)]
    begins = [None, *(each.valid_from for each in history)]
    ends = [*(each.valid_from + spread for each in history), None]
    for factors, begun_at, ended_at in zip(known, begins, ends, strict=True):
        if (begun_at is None or begun_at <= end) and (ended_at is None or ended_at >= start):
            yield from (factors[hour] for hour in hours)


def is_credible(base_ms: int, actual_ms: int) -> bool:
    """Whether a drive may be learnt from: long enough, and neither instant nor an afternoon of waiting."""
    return base_ms >= LEAST_PROMISE_MS and base_ms / MOST_RATIO <= actual_ms <= base_ms * MOST_RATIO


def ratio_bin(base_ms: int, actual_ms: int) -> int:
    """The bin of actual to uncorrected time, both above zero."""
    return round(log(actual_ms / base_ms) / RATIO_STEP)


def ratio_of(bin_: int) -> float:
    """The ratio in the middle of a bin."""
    return exp(bin_ * RATIO_STEP)
