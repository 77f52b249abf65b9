"""Figures by minute, and of the city's day, as operators look at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

from services.analytics.domain import reports
from services.analytics.domain.figures import Figures

MINUTE = timedelta(minutes=1)
LEAST_S = 10
"""A rate of less time than this says nothing."""

COUNTED = {"requests": "requests", "assigned": "assigned", "completed": "completed", "cancelled": "cancelled",
           "unserved": "unmet"}  # fmt: skip
"""Name in a series or a day → name of the figure."""

MEDIAN, MOST = 0.5, 0.9


@dataclass(frozen=True, slots=True)
class Counted:
    """Positions that were taken in the first `seconds` of a minute."""

    positions: int
    seconds: float


def minutes_until(now: datetime, count: int) -> list[datetime]:
    """The starts of so many minutes, the one under way last."""
    last = now.replace(second=0, microsecond=0)
    return [last - number * MINUTE for number in reversed(range(count))]


def day_began(now: datetime, zone: tzinfo) -> datetime:
    """The first moment of the zone's day that holds `now`, in UTC."""
    return datetime.combine(now.astimezone(zone).date(), time.min, zone).astimezone(UTC)


def series(
    starts: Sequence[datetime], by_minute: Mapping[datetime, Figures], taken: Mapping[datetime, Counted], currency: str
) -> dict[str, list[Any]]:
    """Name → a value for each minute; None where there is none, as the wait of nobody. A minute of which nothing is
    known is one in which nothing happened, but for positions: those are only counted while somebody listens."""
    figures = [by_minute.get(start, {}) for start in starts]
    lines: dict[str, list[Any]] = {name: [each.get(of, 0) for each in figures] for name, of in COUNTED.items()}
    lines["wait_p50_s"] = [reports.wait_quantile_s(each, MEDIAN) for each in figures]
    lines["wait_p90_s"] = [reports.wait_quantile_s(each, MOST) for each in figures]
    lines["positions_per_s"] = [_rate(taken.get(start)) for start in starts]
    lines["charged_minor"] = [each.get(f"captured:{currency}", 0) for each in figures]
    return lines


def _rate(counted: Counted | None) -> float | None:
    if counted is None or counted.seconds < LEAST_S:
        return None
    return round(counted.positions / counted.seconds, 2)


def day(figures: Figures, currency: str) -> dict[str, Any]:
    """A day's figures in the city's currency."""
    return {
        **{name: figures.get(of, 0) for name, of in COUNTED.items()},
        "wait_p50_s": reports.wait_quantile_s(figures, MEDIAN),
        "wait_p90_s": reports.wait_quantile_s(figures, MOST),
        "charged_minor": figures.get(f"captured:{currency}", 0),
        "paid_out_minor": figures.get(f"paid_out:{currency}", 0),
        "currency": currency,
    }
