"""What is to be expected: requests of a half hour, and what it is worth to be somewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from services.analytics.domain.facts import NOWHERE
from services.analytics.domain.figures import Figures
from services.analytics.domain.forecasting import (
    HALF_HOUR,
    RECENT,
    Forecast,
    Lately,
    forecast,
    history_of,
    hours_needed,
    shares_of,
)
from services.analytics.domain.supply import mean_free
from services.analytics.domain.worths import Nearness, Worths, worths
from services.analytics.usecases.stores import Compute, Looks, Stores

SUPPLY_SPAN = timedelta(minutes=10)
"""Free cars are those of so long in the mean: a moment's are chance, since cars come and go all the time."""


@dataclass(frozen=True, slots=True)
class Past:
    """What a forecast is made of: requests of the hours that are looked back on, since when there are any, and of the
    last hour."""

    hours: Mapping[datetime, Mapping[str, int]]
    first: datetime | None
    lately: Lately


@dataclass(frozen=True, slots=True)
class Means:
    """Where figures and looks at free cars are, and where is reckoned with them."""

    stores: Stores
    looks: Looks
    compute: Compute


def foresee_demand(city: str, start: datetime, means: Means, zone: tzinfo, now: datetime) -> Forecast:
    """Requests by segment in the half hour from `start`, now or later. A pure function of figures."""
    recently = _recently(now)
    needed = hours_needed(start, start + HALF_HOUR, zone) | hours_needed(recently, now, zone)
    hours = {hour: _requests(segments) for hour, segments in means.stores.hours.at(city, needed)}
    minutes = means.stores.minutes
    began = minutes.first(city)
    seen = now - max(recently, began) if began is not None else RECENT
    lately = Lately(_requests(minutes.by_segment(city, recently, now)), now, seen)
    return means.compute(_foresee, start, Past(hours, means.stores.hours.first(city), lately), zone)


def _recently(now: datetime) -> datetime:
    return (now - RECENT).replace(second=0, microsecond=0)


def _foresee(start: datetime, past: Past, zone: tzinfo) -> Forecast:
    then = history_of(start, start + HALF_HOUR, past.hours, zone, past.first)
    last = history_of(_recently(past.lately.until), past.lately.until, past.hours, zone, past.first)
    return forecast(start, then, last, past.lately, shares_of(past.hours.values()))


def _requests(segments: Mapping[str, Figures]) -> dict[str, int]:
    return {
        segment: count
        for segment, figures in segments.items()
        if segment != NOWHERE and (count := figures.get("requests", 0))
    }


def see_worths(near: Nearness, expected: Forecast, city: str, means: Means, now: datetime) -> Worths:
    """Seconds sooner than elsewhere that a driver who becomes free in a segment gets his next trip."""
    free = mean_free(means.looks.free_since(city, now - SUPPLY_SPAN))
    return means.compute(worths, near, expected.by_segment(), free, expected.evidence)
