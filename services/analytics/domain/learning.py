"""How corrections are learnt: for each hour of a city's day, the factor with which promises would have been nearest.

The factor f that makes the sum of |actual - f * uncorrected| least is the median of actual / uncorrected, each ratio
weighted with its uncorrected time (least absolute deviations through the origin). A median does not care how wild the
wild ones are, so that a closed bridge or a phone left in a café moves it by one place only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.analytics.domain.figures import Figures
from services.analytics.domain.promises import HOURS_A_DAY, ratio_of

FEWEST = 20
"""Fewer trips than this say nothing."""

DOUBT = 2
"""A factor is drawn towards what was believed before as if that had been said by so many trips."""

LEAST, MOST = 0.5, 2.0
"""Beyond these it is not traffic: something is broken, and an operator has to look."""

CHANGE = 0.02
"""A new factor that differs by less than this is not worth a new correction."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Kept promises: how many, and bin of actual to uncorrected time → seconds of uncorrected time."""

    trips: int
    weights: Mapping[int, int]


def evidence(figures: Figures, kind: str) -> dict[int, Evidence]:
    """Hour → what the figures say of promises made in it."""
    weights: dict[int, dict[int, int]] = {}
    for name, weight in figures.items():
        if name.startswith(f"{kind}_ratio:"):
            _, hour, bin_ = name.split(":")
            weights.setdefault(int(hour), {})[int(bin_)] = weight
    return {hour: Evidence(figures.get(f"{kind}_credible:{hour}", 0), each) for hour, each in weights.items()}


def factors(by_hour: Mapping[int, Evidence]) -> tuple[float, ...]:
    """24 factors. An hour of few trips has that of the whole day, and a day of few trips 1."""
    merged: dict[int, int] = {}
    for each in by_hour.values():
        for bin_, weight in each.weights.items():
            merged[bin_] = merged.get(bin_, 0) + weight
    day = _believed(Evidence(sum(each.trips for each in by_hour.values()), merged), 1.0)
    learnt = (_believed(by_hour.get(hour, Evidence(0, {})), day) for hour in range(HOURS_A_DAY))
    return tuple(round(min(max(factor, LEAST), MOST), 3) for factor in learnt)


def _believed(found: Evidence, before: float) -> float:
    if found.trips < FEWEST:
        return before
    return (found.trips * ratio_of(weighted_median(found.weights)) + DOUBT * before) / (found.trips + DOUBT)


def weighted_median(weights: Mapping[int, int]) -> int:
    """The smallest bin up to which lies half of all weight. Raises ValueError when there is none."""
    half, seen = sum(weights.values()) / 2, 0
    for bin_ in sorted(weights):
        seen += weights[bin_]
        if seen >= half:
            return bin_
    raise ValueError("no weight")


def differ(new: tuple[float, ...], old: tuple[float, ...]) -> bool:
    """Whether any factor changed enough to tell everybody."""
    return any(abs(one / other - 1) >= CHANGE for one, other in zip(new, old, strict=True))
