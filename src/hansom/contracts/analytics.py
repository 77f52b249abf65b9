"""What the analytics service takes and gives. Times are RFC 3339 strings; figures of an hour are by UTC hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict


@dataclass(frozen=True, slots=True)
class SeeKeyFigures:
    """Figures of all cities, or of one, from the hour that holds `since`; None: from the start of today, UTC."""

    since: datetime | None = None
    city: str | None = None


@dataclass(frozen=True, slots=True)
class SeeDemand:
    """Demand of a city by segment in the last `minutes` minutes."""

    city: str
    minutes: int = 60


@dataclass(frozen=True, slots=True)
class SeeDemandByHour:
    """Demand of a city by segment and hour: since ≤ hour < until."""

    city: str
    since: datetime
    until: datetime


class ErrorReply(TypedDict):
    """Actual less promised time. Shares are of `trips`; quantiles are of the error's size, to 15 s."""

    trips: int
    mean_error_s: float | None
    mean_abs_error_s: float | None
    p50_abs_error_s: float | None
    p90_abs_error_s: float | None
    late_share: float | None


class SegmentDemand(TypedDict):
    """`unmet`: nobody was found within the rider's patience. `gave_up`: cancelled by the rider while waiting."""

    segment: str
    requests: int
    assigned: int
    completed: int
    unmet: int
    gave_up: int
    declined: int
    mean_wait_s: float | None


class KeyFigures(TypedDict):
    """Amounts are lists of money, one a currency. `mean_wait_s`: from request to assignment."""

    since: str
    until: str
    requests: int
    assigned: int
    completed: int
    cancelled: int
    gave_up: int
    unmet: int
    returned: int
    declined: int
    settled: int
    completion_share: float | None
    unmet_share: float | None
    mean_wait_s: float | None
    driven_m: int
    fares: list[dict[str, Any]]
    captured: list[dict[str, Any]]
    failed: list[dict[str, Any]]
    payments_captured: int
    payments_failed: int
    pickup_eta: ErrorReply
    trip_time: ErrorReply
