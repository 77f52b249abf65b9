"""Figures by minute and of the day, and the count of positions that is collected for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from services.analytics.domain.facts import hour_of
from services.analytics.domain.figures import added
from services.analytics.domain.series import MINUTE, Counted, day, day_began, minutes_until, series
from services.analytics.usecases.stores import Stores, TakenPositions

SILENT_MINUTES = 5
"""In so many minutes no position came, when location says nothing of them: it was asked all the while."""

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Place:
    """A city as far as its figures go."""

    city: str
    zone: tzinfo
    currency: str


@dataclass(frozen=True, slots=True)
class Seen:
    """Figures by minute, of the minutes that start at `starts`, and those of the day since `since`."""

    starts: list[datetime]
    lines: dict[str, list[Any]]
    since: datetime
    today: dict[str, Any]


def see_figures(place: Place, minutes: int, stores: Stores, taken: TakenPositions, now: datetime) -> Seen:
    """The last minutes, the one under way last, and the city's own day so far."""
    starts = minutes_until(now, minutes)
    by_minute = stores.minutes.totals(place.city, starts[0], now)
    lines = series(starts, by_minute, taken.since(place.city, starts[0]), place.currency)
    since = day_began(now, place.zone)
    return Seen(starts, lines, since, day(_between(place.city, since, now, stores), place.currency))


def _between(city: str, since: datetime, now: datetime, stores: Stores) -> dict[str, int]:
    """Figures since a moment: by hours, and by minutes before the first whole one: some zones have half hours."""
    first_hour = hour_of(since + HOUR - MINUTE)
    before = stores.minutes.total(city, since, first_hour) if since < first_hour else {}
    return added([before, stores.hours.total(city, first_hour, now)])


def note_positions(
    cities: Iterable[str], told: Mapping[tuple[str, datetime], int], until: datetime, taken: TakenPositions
) -> None:
    """Keep what location counted until a moment. Safe to repeat."""
    lately = minutes_until(until, SILENT_MINUTES)
    known = {(city, start): 0 for city in cities for start in lately} | dict(told)
    taken.note(
        {
            (city, start): Counted(count, min(60.0, (until - start).total_seconds()))
            for (city, start), count in known.items()
        }
    )
