"""Surge: fares that follow how many cars the trips near a pickup want and how many are free there.

Every few seconds one step is made for all segments of a city. Of each segment and those around it (`Around`):

    wanted   = trips that wait + requests of the next `HORIZON_S`, as many as lately; one that found nobody counts more
    pressure = wanted / free cars, of which there is always at least one
    target   = 1 + certainty x SLOPE x (pressure - 1), between 1 and the city's cap
    level   += (target - level) x (1 - exp(-dt / tau)), tau: `rise_s` on the way up, `fall_s` on the way down
    shown    = tenths: up to one when the level is within `RISES` of it, down from one when it is `FALLS` below

The last line is a Schmitt trigger for each tenth: a level that swings by less than `FALLS - RISES` changes a fare once
at most.
Every line is monotone, so is the step: more demand or fewer cars, nothing else changed, never lower a fare.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

HORIZON_S = 60.0
"""Requests of this long ahead are set against the cars that are free now."""

UNMET_WEIGHT = 2.0
"""A request that found no driver counts this many times more."""

FEW_REQUESTS, MANY_REQUESTS = 4, 9
"""Up to the first number of requests near nothing is said about demand, from the second on it is taken at its word,
and in between in part: one request more or less never switches a surge on or off."""

SLOPE = 0.5
"""How much of the excess of demand over supply goes into the multiplier."""

STEPS = 10
"""Multipliers are tenths."""

RISES = 0.02
"""How near the level comes to a tenth before the fare does: it draws near to its target and never quite gets there."""

FALLS = 0.08
"""How far the level falls below a tenth before the fare does: less than a tenth, or it would never be 1.0 again."""

REST = 1e-3
"""A level this near to 1.0 is at rest and is not kept."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Of one segment: trips that wait now; requests, and those that found no driver, of the last `window_s`."""

    waiting: int = 0
    requests: int = 0
    unmet: int = 0


@dataclass(frozen=True, slots=True)
class Near:
    """What was counted in a segment and around it together: demand, and cars that are free."""

    waiting: int = 0
    requests: int = 0
    unmet: int = 0
    free: int = 0


@dataclass(frozen=True, slots=True)
class SegmentSurge:
    """A segment after a step.

    `level`: the smoothed multiplier. `tenths`: what a rider is quoted. `target`: where the level is going. `near`: what
    was counted, for the reason in words.
    """

    level: float
    tenths: int
    target: float = 1.0
    near: Near = Near()

    @property
    def multiplier(self) -> Fraction:
        return Fraction(self.tenths, STEPS)


@dataclass(frozen=True, slots=True)
class SurgeRules:
    """A city's settings: whether at all, how far at most (tenths), over how many seconds requests are counted, and the
    time constants of rising and falling in seconds."""

    enabled: bool = True
    cap_tenths: int = 20
    window_s: float = 300.0
    rise_s: float = 60.0
    fall_s: float = 180.0


@dataclass(frozen=True, slots=True)
class Around:
    """A segment and those within so many rings of it; remembered, as a city's segments stay.

    `neighbours` gives the segments that touch one.
    """

    neighbours: Callable[[str], Iterable[str]]
    rings: int
    _known: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, segment: str) -> tuple[str, ...]:
        """The segment first, then ring after ring."""
        known = self._known.get(segment)
        if known is None:
            known = self._known[segment] = self._find(segment)
        return known

    def _find(self, segment: str) -> tuple[str, ...]:
        found, ring = dict.fromkeys((segment,)), [segment]
        for _ in range(self.rings):
            ring = list(dict.fromkeys(near for each in ring for near in self.neighbours(each) if near not in found))
            found.update(dict.fromkeys(ring))
        return tuple(found)


def step(
    demand: Mapping[str, Demand],
    free: Mapping[str, int],
    around: Around,
    last: Mapping[str, SegmentSurge],
    *,
    rules: SurgeRules,
    dt_s: float,
) -> dict[str, SegmentSurge]:
    """The segments of a city `dt_s` seconds after `last`; those that are not in it are at rest, at 1.0.

    `demand` and `free` (cars): by segment, none is 0. Switched off, all are at rest at once; a lower cap holds at once.
    """
    if not rules.enabled:
        return {}
    concerned = {near for segment in demand for near in around.of(segment)} | last.keys()
    steps = {
        segment: _step(last.get(segment), count(around.of(segment), demand, free), rules, dt_s) for segment in concerned
    }
    return {segment: state for segment, state in sorted(steps.items()) if not _at_rest(state)}


def count(segments: Iterable[str], demand: Mapping[str, Demand], free: Mapping[str, int]) -> Near:
    """Demand and free cars of these segments together."""
    waiting = requests = unmet = cars = 0
    for segment in segments:
        cars += free.get(segment, 0)
        seen = demand.get(segment)
        if seen is not None:
            waiting, requests, unmet = waiting + seen.waiting, requests + seen.requests, unmet + seen.unmet
    return Near(waiting, requests, unmet, cars)


def target_of(near: Near, rules: SurgeRules) -> float:
    """Where the multiplier should go: between 1 and the cap, not rounded."""
    wanted = near.waiting + (near.requests + UNMET_WEIGHT * near.unmet) * HORIZON_S / rules.window_s
    excess = max(0.0, wanted / max(1, near.free) - 1)
    heard = max(near.requests, near.waiting, near.unmet)
    certainty = min(1.0, max(0.0, (heard - FEW_REQUESTS) / (MANY_REQUESTS - FEW_REQUESTS)))
    return min(1 + certainty * SLOPE * excess, _cap(rules))


def _step(last: SegmentSurge | None, near: Near, rules: SurgeRules, dt_s: float) -> SegmentSurge:
    before, shown = (1.0, STEPS) if last is None else (last.level, last.tenths)
    target = target_of(near, rules)
    tau_s = rules.rise_s if target > before else rules.fall_s
    gone = 1 - math.exp(-max(0.0, dt_s) / tau_s) if tau_s > 0 else 1.0
    level = min(before + (target - before) * gone, _cap(rules))
    return SegmentSurge(level, min(_tenths(level, shown), max(STEPS, rules.cap_tenths)), target, near)


def _tenths(level: float, shown: int) -> int:
    """The tenths to show when `shown` are."""
    reached = math.floor((level + RISES) * STEPS)
    if reached > shown:
        return reached
    if level < shown / STEPS - FALLS:
        return max(STEPS, reached)
    return shown


def _cap(rules: SurgeRules) -> float:
    return max(STEPS, rules.cap_tenths) / STEPS


def _at_rest(state: SegmentSurge) -> bool:
    return state.tenths <= STEPS and state.target <= 1 and state.level - 1 < REST
