"""How many requests the next half hour brings, segment by segment.

History says what is usual: the mean of the same time of the week in the weeks before, later weeks weighing more (the
weighted time-varying Poisson model of L. Moreira-Matias, J. Gama, M. Ferreira, J. Mendes-Moreira and L. Damas, IEEE
Transactions on Intelligent Transportation Systems 14(3), 2013), a segment of few requests drawn towards its share of
the city's. The last hour says how today differs: the city's level moves all, and each segment's own requests are
weighed against what is usual by the posterior mean of a Poisson rate under a gamma prior (A. Gelman et al., Bayesian
Data Analysis, 3rd ed., 2.6). Without any history the last hour speaks alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from services.analytics.domain.facts import NOWHERE, hour_of

HALF_HOUR = timedelta(minutes=30)
"""What a forecast is of; rates below are requests a half hour."""

RECENT = timedelta(minutes=60)
"""The last hour, which says how today differs."""

LEAST_SEEN = timedelta(minutes=10)
"""A city that began later than this is not taken for one of so many requests an hour."""

WEEKS = 8
"""So many weeks are looked back on."""

FADES = 0.8
"""The weight of a week against that of the week after it."""

SIDE, SIDE_WEIGHT = timedelta(minutes=30), 0.5
"""Requests so long before and after the time of the week count for it too, for less: one week's half hour is noise."""

CITY_PRIOR = 1.0
"""The city's profile, shared out, weighs as much as so many half hours of a segment's own history."""

LEVEL_DOUBT = 10.0
"""Requests as usual that the city's rates and its level are weighed with: a few say little."""

HISTORY_WORTH = 12.0
"""A long history weighs as much as so many half hours of today's own requests, a short one less."""

LEVEL_HALVES_H = 2.0
"""In so many hours half of what sets today apart from other days is gone."""

MOST_GROWTH = 4.0
"""How much more, or less, than in the last hour may be usual now."""

NEGLIGIBLE = 0.01
"""Fewer requests than this are none."""

Hours = Mapping[datetime, Mapping[str, float]]
"""Start of an hour, UTC → segment → requests in it."""


@dataclass(frozen=True, slots=True)
class History:
    """What was asked for at a time of the week and on its sides: weighted requests by segment, and in how many half
    hours. `within`: the city's requests, and half hours, of that time alone."""

    requests: Mapping[str, float] = field(default_factory=dict)
    half_hours: float = 0.0
    weeks: float = 0.0
    within: tuple[float, float] = (0.0, 0.0)

    @property
    def wide_rate(self) -> float:
        """The city's requests a half hour, with those on the sides."""
        return sum(self.requests.values()) / self.half_hours if self.half_hours else 0.0

    @property
    def rate(self) -> float:
        """The city's requests a half hour: a city of many has a sharp profile, one of few is drawn to its wide rate."""
        if not self.wide_rate:
            return 0.0
        asked, half_hours = self.within
        return (asked + LEVEL_DOUBT) / (half_hours + LEVEL_DOUBT / self.wide_rate)


@dataclass(frozen=True, slots=True)
class Lately:
    """What was asked for in the last hour, or since the city began: requests by segment, until when and in how long."""

    requests: Mapping[str, int]
    until: datetime
    seen: timedelta = RECENT


@dataclass(frozen=True, slots=True)
class Expected:
    """One segment: requests expected, those by history alone, and those of the last hour."""

    segment: str
    requests: float
    usual: float
    recent: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """A half hour of a city. `evidence`: how many requests it rests on; `level`: today against what is usual."""

    start: datetime
    items: tuple[Expected, ...] = ()
    weeks: float = 0.0
    level: float = 1.0
    evidence: float = 0.0

    @property
    def total(self) -> float:
        return sum(each.requests for each in self.items)

    def by_segment(self) -> dict[str, float]:
        """Segment → requests expected."""
        return {each.segment: each.requests for each in self.items}


def week_earlier(moment: datetime, zone: tzinfo, weeks: int) -> datetime:
    """The same time on the city's clocks so many weeks before, UTC."""
    return (moment.astimezone(zone) - timedelta(weeks=weeks)).astimezone(UTC)


def hours_needed(start: datetime, until: datetime, zone: tzinfo) -> set[datetime]:
    """The hours that `history_of` this time looks at."""
    return {
        hour
        for weeks in range(1, WEEKS + 1)
        for hour, _, _ in _weighed_hours(week_earlier(start, zone, weeks), until - start)
    }


def _weighed_hours(start: datetime, length: timedelta) -> Iterator[tuple[datetime, float, float]]:
    """Each hour of the time and of its sides, which part of it lies within, and which part of its requests counts."""
    hour = hour_of(start - SIDE)
    while hour < start + length + SIDE:
        end = hour + timedelta(hours=1)
        inside = _overlap(hour, end, start, start + length)
        beside = _overlap(hour, end, start - SIDE, start + length + SIDE) - inside
        yield hour, inside / timedelta(hours=1), (inside + SIDE_WEIGHT * beside) / timedelta(hours=1)
        hour = end


def _overlap(start: datetime, end: datetime, other_start: datetime, other_end: datetime) -> timedelta:
    return max(min(end, other_end) - max(start, other_start), timedelta(0))


def history_of(start: datetime, until: datetime, hours: Hours, zone: tzinfo, first: datetime | None) -> History:
    """What is known of this time of the week. `first`: when the city's figures begin; an hour without any was quiet."""
    requests: dict[str, float] = defaultdict(float)
    half_hours = weight_sum = asked = asked_in = 0.0
    for weeks in range(1, WEEKS + 1):
        begin = week_earlier(start, zone, weeks)
        if first is None or begin - SIDE < first:
            break
        weight = FADES ** (weeks - 1)
        for hour, within, part in _weighed_hours(begin, until - start):
            half_hours += weight * part * 2
            asked_in += weight * within * 2
            asked += weight * within * sum(hours.get(hour, {}).values())
            for segment, count in hours.get(hour, {}).items():
                requests[segment] += weight * part * count
        weight_sum += weight
    return History(requests, half_hours, weight_sum, (asked, asked_in))


def usual(history: History, shares: Mapping[str, float]) -> dict[str, float]:
    """Segment → requests a half hour by history: its part of the wide rate, drawn towards its share of all hours, of
    the city's rate."""
    if not history.wide_rate:
        return {}
    drawn, whole = CITY_PRIOR * history.wide_rate, history.half_hours + CITY_PRIOR
    sharp = history.rate / history.wide_rate / whole
    return {
        segment: sharp * (history.requests.get(segment, 0.0) + drawn * shares.get(segment, 0.0))
        for segment in {*history.requests, *shares}
    }


def shares_of(hours: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Segment → its part of all requests of these hours."""
    total: dict[str, float] = defaultdict(float)
    for each in hours:
        for segment, count in each.items():
            total[segment] += count
    whole = sum(total.values())
    return {segment: count / whole for segment, count in total.items()} if whole else {}


def forecast(start: datetime, then: History, last: History, lately: Lately, shares: Mapping[str, float]) -> Forecast:
    """The half hour from `start` on. `then`, `last`: history of it and of the last hour; `shares`: see `shares_of`."""
    known, seen = usual(then, shares), max(lately.seen, LEAST_SEEN) / HALF_HOUR
    asked = sum(lately.requests.values())
    level = (asked + LEVEL_DOUBT) / (last.rate * seen + LEVEL_DOUBT) if last.half_hours else 1.0
    ahead = max(start - lately.until, timedelta(0))
    still = 0.5 ** (ahead / timedelta(hours=LEVEL_HALVES_H))
    prior = HISTORY_WORTH * then.weeks / (then.weeks + 1)
    exposure = still * seen / _growth(then, last)
    items = []
    for segment in {*known, *lately.requests} - {NOWHERE}:
        mean, recent = known.get(segment, 0.0), lately.requests.get(segment, 0)
        expected = (prior * mean * level**still + still * recent) / (prior + exposure)
        if expected >= NEGLIGIBLE:
            items.append(Expected(segment, expected, mean, recent))
    items.sort(key=lambda each: (-each.requests, each.segment))
    evidence = sum(then.requests.values()) + sum(last.requests.values()) + asked
    return Forecast(start, tuple(items), then.weeks, level, evidence)


def _growth(then: History, last: History) -> float:
    """How much more than in the last hour is usual."""
    if then.rate <= 0 or last.rate <= 0:
        return 1.0
    return min(max(then.rate / last.rate, 1 / MOST_GROWTH), MOST_GROWTH)
