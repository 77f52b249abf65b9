"""Means of differences between days that share a seed, with what chance may have done to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from statistics import mean, stdev

from scipy.stats import t as student

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its 95 % interval (Student's t over the seeds); both ends NaN for a single seed."""

    mean: float
    low: float
    high: float

    def as_dict(self, digits: int = 2) -> dict[str, float | None]:
        """For JSON, which has no NaN."""
        return {name: rounded(getattr(self, name), digits) for name in ("mean", "low", "high")}

    def text(self, digits: int = 1) -> str:
        return f"{self.mean:+.{digits}f} ± {(self.high - self.low) / 2:.{digits}f}"


def rounded(value: float, digits: int) -> float | None:
    """None for NaN."""
    return None if isnan(value) else round(value, digits)


def interval(values: Sequence[float]) -> Interval:
    """Of values that are independent of each other. Raises ValueError when there are none."""
    if not values:
        raise ValueError("no values")
    middle = mean(values)
    if len(values) < 2:
        return Interval(middle, float("nan"), float("nan"))
    reach = float(student.ppf((1 + CONFIDENCE) / 2, len(values) - 1)) * stdev(values) / len(values) ** 0.5
    return Interval(middle, middle - reach, middle + reach)


def difference(ours: Sequence[float], theirs: Sequence[float]) -> Interval:
    """ours - theirs, seed by seed."""
    return interval([a - b for a, b in zip(ours, theirs, strict=True)])


def change(ours: Sequence[float], theirs: Sequence[float]) -> Interval:
    """By how many per cent ours is more than theirs, seed by seed."""
    return interval([100 * (a - b) / b for a, b in zip(ours, theirs, strict=True)])
