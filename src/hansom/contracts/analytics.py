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
class SeeFigures:
    """Figures of a city by minute, the last `minutes` of them, and of its own day."""

    city: str
    minutes: int = 60


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


@dataclass(frozen=True, slots=True)
class SeeForecast:
    """Requests of the half hour from `at` on; None: from now."""

    city: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SeeWorths:
    """What it is worth to a driver to become free in each segment of a city, in the present half hour."""

    city: str


@dataclass(frozen=True, slots=True)
class SeeEtaErrors:
    """How promises were kept: since ≤ hour < until; None: from the start of today, UTC, until now.

    `by` says how lines are grouped: `segment` (of the pickup), `hour` (of the city's day), both, or not at all. Lines
    need a city; of more than `limit` those of the fewest promises are left out.
    """

    since: datetime | None = None
    until: datetime | None = None
    city: str | None = None
    by: tuple[str, ...] = ()
    limit: int = 100


@dataclass(frozen=True, slots=True)
class LearnEtas:
    """Learn corrections from what is known now, of one city or of all, without waiting for the timer."""

    city: str | None = None


@dataclass(frozen=True, slots=True)
class ForgetEtas:
    """No correction in this city from now on; rides until now are not learnt from any more."""

    city: str


class UncorrectedReply(TypedDict):
    """The same `trips` twice: how far they were from what was promised, and from what the roads alone had said."""

    trips: int
    mean_abs_error_s: float | None
    mean_abs_error_uncorrected_s: float | None


class ErrorReply(TypedDict):
    """Actual less promised time. Shares are of `trips`; quantiles are of the error's size, to 5 s."""

    trips: int
    mean_error_s: float | None
    mean_abs_error_s: float | None
    p50_abs_error_s: float | None
    p90_abs_error_s: float | None
    late_share: float | None
    uncorrected: UncorrectedReply


class CorrectionReply(TypedDict):
    """Factors of a city's road times, one for each hour of its day (24 each), and since when they hold."""

    pickup: list[float]
    trip: list[float]
    valid_from: str


class CorrectionsReply(TypedDict):
    """`items`: city → its correction; a city of which nothing was learnt is absent: its factors are 1.

    `made_at` is when the newest was made; None while there is none.
    """

    items: dict[str, CorrectionReply]
    made_at: str | None


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


class DayFigures(TypedDict):
    """Since the first moment of the city's day. Amounts are in its currency; of payouts those that were sent."""

    since: str
    requests: int
    assigned: int
    completed: int
    cancelled: int
    unserved: int
    wait_p50_s: float | None
    wait_p90_s: float | None
    charged_minor: int
    paid_out_minor: int
    currency: str


class FiguresReply(TypedDict):
    """`at`: starts of minutes, the one under way last; `until`: now. Each of `series` is as long as `at`: requests,
    assigned, completed, cancelled, unserved (nobody was found in time), wait_p50_s, wait_p90_s (from request to
    assignment; None where nobody was assigned), positions_per_s (None where nobody counted) and charged_minor."""

    city: str
    interval_s: int
    at: list[str]
    until: str
    series: dict[str, list[Any]]
    today: DayFigures


class SegmentForecast(TypedDict):
    """`usual`: by earlier weeks alone. `recent`: requests of the last hour."""

    segment: str
    requests: float
    usual: float
    recent: int


_Begins = TypedDict("_Begins", {"from": str})


class ForecastReply(_Begins):
    """Requests expected from `from` to `until`, the most first; segments of less than 0.01 are left out.

    `history_weeks`: how many weeks it rests on, older ones counting less; 0: the last hour alone. `level`: the last
    hour against what is usual for it.
    """

    city: str
    until: str
    made_at: str
    history_weeks: float
    level: float
    total: float
    items: list[SegmentForecast]


class WorthsReply(TypedDict):
    """`items`: segment → seconds sooner (above zero) or later than in the city's mean that a driver who becomes free
    there gets his next trip; of one that is absent 0. `trust` (0 to 1) says how much they rest on, and is in them.

    `learnt_at` is None, and `items` empty, while nothing is known.
    """

    city: str
    items: dict[str, float]
    learnt_at: str | None
    mean_wait_s: float | None
    trust: float


class DemandHintedData(TypedDict):
    """Data of `demand_hinted`: a driver is told to go to `point`, the middle of `segment`, and why, in words
    and numbers: requests `expected` there in the next half hour, and free `cars`."""

    driver_id: str
    city: str
    segment: str
    point: dict[str, float]
    reason: str
    expected: int | None
    cars: int | None
    expires_at: str
