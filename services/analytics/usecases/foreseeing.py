"""What is to be expected: requests of a half hour, and what it is worth to be somewhere."""

from __future__ import annotations

from collections.abc import Mapping
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
from services.analytics.usecases.stores import Looks, Stores

SUPPLY_SPAN = timedelta(minutes=10)
"""Free cars are those of so long in the mean: a moment's are chance: cars become free and are taken all the time."""


def foresee_demand(city: str, start: datetime, stores: Stores, zone: tzinfo, now: datetime) -> Forecast:
    """Requests by segment in the half hour from `start`, now or later. A pure function of figures."""
    recently = (now - RECENT).replace(second=0, microsecond=0)
    needed = hours_needed(start, start + HALF_HOUR, zone) | hours_needed(recently, now, zone)
    hours = {hour: _requests(segments) for hour, segments in stores.hours.at(city, needed)}
    first = stores.hours.first(city)
    then = history_of(start, start + HALF_HOUR, hours, zone, first)
    last = history_of(recently, now, hours, zone, first)
    began = stores.minutes.first(city)
    seen = now - max(recently, began) if began is not None else RECENT
    lately = Lately(_requests(stores.minutes.by_segment(city, recently, now)), now, seen)
    return forecast(start, then, last, lately, shares_of(hours.values()))


def _requests(segments: Mapping[str, Figures]) -> dict[str, int]:
    return {
        segment: count
        for segment, figures in segments.items()
        if segment != NOWHERE and (count := figures.get("requests", 0))
    }


def see_worths(near: Nearness, expected: Forecast, city: str, looks: Looks, now: datetime) -> Worths:
    """Seconds sooner than elsewhere that a driver who becomes free in a segment gets his next trip."""
    free = mean_free(looks.free_since(city, now - SUPPLY_SPAN))
    return worths(near, expected.by_segment(), free, expected.evidence)
