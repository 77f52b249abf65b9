"""Figures, as people read them."""

from __future__ import annotations

from collections.abc import Mapping

from hansom.contracts.analytics import ErrorReply, SegmentDemand
from hansom.values import Money
from services.analytics.domain.facts import NOWHERE
from services.analytics.domain.figures import Figures

COUNTS = (
    "requests",
    "assigned",
    "completed",
    "cancelled",
    "gave_up",
    "unmet",
    "returned",
    "declined",
    "settled",
    "driven_m",
    "payments_captured",
    "payments_failed",
)


def counts(figures: Figures) -> dict[str, int]:
    """The plain counts, zero where nothing happened."""
    return {name: figures.get(name, 0) for name in COUNTS}


def share(part: int, whole: int) -> float | None:
    """None of nothing."""
    return round(part / whole, 4) if whole else None


def mean_wait_s(figures: Figures) -> float | None:
    """From request to assignment."""
    waits = figures.get("waits", 0)
    return round(figures.get("wait_ms", 0) / waits / 1000, 1) if waits else None


def wait_quantile_s(figures: Figures, part: float) -> float | None:
    """The wait from request to assignment that this part of the riders did not exceed, to the width of a bin of
    `waits`; None while nobody was assigned."""
    return _quantile_s(figures, "wait_bin:", part)


def money(figures: Figures, name: str) -> list[Money]:
    """Sums of money under a name, one a currency."""
    start = f"{name}:"
    found = sorted((key.removeprefix(start), amount) for key, amount in figures.items() if key.startswith(start))
    return [Money(amount, currency) for currency, amount in found]


def errors(figures: Figures, name: str) -> ErrorReply:
    """How promises of one kind (`pickup`, `trip`) were kept."""
    trips, compared = figures.get(f"{name}_promises", 0), figures.get(f"{name}_compared", 0)
    return {
        "trips": trips,
        "mean_error_s": _mean_s(figures, f"{name}_error_ms", trips),
        "mean_abs_error_s": _mean_s(figures, f"{name}_abs_error_ms", trips),
        "p50_abs_error_s": _quantile_s(figures, f"{name}_bin:", 0.5),
        "p90_abs_error_s": _quantile_s(figures, f"{name}_bin:", 0.9),
        "late_share": share(figures.get(f"{name}_late", 0), trips),
        "uncorrected": {
            "trips": compared,
            "mean_abs_error_s": _mean_s(figures, f"{name}_compared_abs_error_ms", compared),
            "mean_abs_error_uncorrected_s": _mean_s(figures, f"{name}_base_abs_error_ms", compared),
        },
    }


def _mean_s(figures: Figures, name: str, trips: int) -> float | None:
    return round(figures.get(name, 0) / trips / 1000, 1) if trips else None


def _quantile_s(figures: Figures, start: str, part: float) -> float | None:
    """The size that this part of the errors does not exceed, to the width of a bin."""
    sizes: dict[int, int] = {}
    for key, count in figures.items():
        if key.startswith(start):
            size = abs(int(key.removeprefix(start)))
            sizes[size] = sizes.get(size, 0) + count
    wanted, seen = part * sum(sizes.values()), 0
    for size in sorted(sizes):
        seen += sizes[size]
        if seen >= wanted:
            return float(size)
    return None


def segment_demand(segment: str, figures: Figures) -> SegmentDemand:
    """One segment's line."""
    return {
        "segment": segment,
        "requests": figures.get("requests", 0),
        "assigned": figures.get("assigned", 0),
        "completed": figures.get("completed", 0),
        "unmet": figures.get("unmet", 0),
        "gave_up": figures.get("gave_up", 0),
        "declined": figures.get("declined", 0),
        "mean_wait_s": mean_wait_s(figures),
    }


def demand(by_segment: Mapping[str, Figures]) -> list[SegmentDemand]:
    """A line a segment, the busiest first; what has no place is left out."""
    lines = [segment_demand(segment, each) for segment, each in by_segment.items() if segment != NOWHERE]
    return sorted(lines, key=lambda line: (-line["requests"], line["segment"]))
