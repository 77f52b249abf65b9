"""What history and the last hour say of the next half hour, and how far from the truth it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from math import exp, pi, sin, sqrt
from random import Random
from zoneinfo import ZoneInfo

import pytest

from services.analytics.domain.forecasting import (
    HALF_HOUR,
    RECENT,
    Forecast,
    History,
    Lately,
    forecast,
    history_of,
    hours_needed,
    shares_of,
    week_earlier,
)

HELSINKI = ZoneInfo("Europe/Helsinki")
NOON = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
"""A Monday, in Helsinki."""

WEEK = timedelta(weeks=1)


Hours = dict[datetime, dict[str, float]]


def weekly(hours: Iterable[int], **asked: float) -> Hours:
    """Eight weeks of the same: requests by segment in each of these hours, counted from noon."""
    return {NOON - week * WEEK + timedelta(hours=hour): asked for hour in hours for week in range(1, 9)}


def expected(hours: Hours, recent: dict[str, int], at: datetime = NOON, **more: datetime) -> Forecast:
    """The half hour from `at`, as it is foreseen at noon."""
    first = more.get("first", min(hours, default=NOON))
    then = history_of(at, at + HALF_HOUR, hours, HELSINKI, first)
    last = history_of(NOON - RECENT, NOON, hours, HELSINKI, first)
    return forecast(at, then, last, Lately(recent, NOON), shares_of(hours.values()))


def test_without_history_the_last_hour_goes_on() -> None:
    found = expected({}, {"a": 8, "b": 2})
    assert found.by_segment() == {"a": 4.0, "b": 1.0}
    assert (found.weeks, found.level, found.total) == (0.0, 1.0, 5.0)


def test_a_city_of_ten_minutes_is_not_taken_for_one_of_an_hour() -> None:
    lately = Lately({"a": 5}, NOON, timedelta(minutes=10))
    assert forecast(NOON, History(), History(), lately, {}).by_segment() == {"a": pytest.approx(15.0)}


def test_nothing_known_is_nothing_expected() -> None:
    found = expected({}, {})
    assert (found.items, found.total, found.evidence) == ((), 0.0, 0.0)


def test_with_weeks_as_usual_what_is_usual_is_expected() -> None:
    hours = weekly((-2, -1, 0, 1), a=20.0)
    found = expected(hours, {"a": 20})
    assert found.by_segment()["a"] == pytest.approx(10.0, rel=0.02)
    assert found.level == pytest.approx(1.0)


def test_a_rush_that_comes_every_week_is_foreseen() -> None:
    """Five an hour before noon and fifty after it: the last hour alone would say two and a half."""
    hours = weekly((-2, -1), a=5.0) | weekly((0, 1), a=50.0)
    assert expected(hours, {"a": 5}).total > 15


def test_a_day_of_twice_the_requests_lifts_also_where_none_was_asked_for() -> None:
    hours = weekly((-2, -1, 0, 1), a=100.0, b=4.0)
    usual, busy = expected(hours, {"a": 100, "b": 4}), expected(hours, {"a": 208})
    assert busy.level == pytest.approx(1.9, abs=0.1)
    assert busy.total == pytest.approx(2 * usual.total, rel=0.1)
    assert busy.by_segment()["b"] > usual.by_segment()["b"]


def test_what_sets_today_apart_fades_with_the_hours_ahead() -> None:
    hours = weekly(range(-2, 14), a=40.0)
    soon, later, much_later = (expected(hours, {"a": 80}, NOON + timedelta(hours=ahead)).total for ahead in (0, 2, 10))
    assert soon > later > much_later == pytest.approx(20.0, rel=0.05)


def test_later_weeks_weigh_more() -> None:
    hours = weekly((-2, -1, 0, 1), a=40.0)
    lately = {hour: asked if hour > NOON - 3 * WEEK else {"a": 0.0} for hour, asked in hours.items()}
    assert expected(lately, {"a": 20}).items[0].usual > 1.5 * 20 * 2 / 8


def test_hours_are_those_of_the_citys_clocks() -> None:
    """On 29 March the clocks go forward: the same time of the week is an hour earlier, UTC."""
    after = datetime(2026, 3, 30, 9, 0, tzinfo=UTC)
    assert week_earlier(after, HELSINKI, 1) == datetime(2026, 3, 23, 10, 0, tzinfo=UTC)
    assert datetime(2026, 3, 23, 10, 0, tzinfo=UTC) in hours_needed(after, after + HALF_HOUR, HELSINKI)


def test_weeks_before_the_city_began_are_not_weeks_without_requests() -> None:
    hours = {NOON - WEEK + timedelta(hours=ahead): {"a": 20.0} for ahead in (-2, -1, 0, 1)}
    found = expected(hours, {"a": 20}, first=NOON - WEEK - timedelta(hours=5))
    assert found.weeks == 1.0
    assert found.by_segment()["a"] == pytest.approx(10.0, rel=0.1)


# -- against the truth -----------------------------------------------------------------------------------------------
def poisson(rng: Random, mean: float) -> int:
    """Knuth's method."""
    limit, product, count = exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count


class SeededCity:
    """Requests of thirty segments over weeks: each has its busy hours, each day a level of its own."""

    def __init__(self, seed: int, weeks: int) -> None:
        self.rng = Random(seed)
        self.start = NOON - weeks * WEEK
        self.halves: dict[datetime, dict[str, int]] = {}
        self.truth: dict[datetime, dict[str, float]] = {}
        segments = {f"s{each}": (self.rng.uniform(0.1, 4.0), self.rng.uniform(0, 2 * pi)) for each in range(30)}
        level = 1.0
        for number in range(weeks * 7 * 48):
            if number % 48 == 0:
                level = exp(self.rng.gauss(0, 0.25))
            at = self.start + number * HALF_HOUR
            hour = (number % 48) / 48 * 2 * pi
            weekend = 1.4 if at.weekday() >= 5 else 1.0
            rates = {
                name: level * weekend * mean * (1 + 0.9 * sin(hour + phase)) for name, (mean, phase) in segments.items()
            }
            self.truth[at] = rates
            self.halves[at] = {name: poisson(self.rng, rate) for name, rate in rates.items()}

    def hours(self, until: datetime) -> dict[datetime, dict[str, float]]:
        """Figures by hour, of hours before."""
        found: dict[datetime, Counter[str]] = {}
        for at, asked in self.halves.items():
            if at < until:
                found.setdefault(at.replace(minute=0), Counter()).update(asked)
        return {hour: dict(asked) for hour, asked in found.items()}


def rmse(pairs: list[tuple[float, float]]) -> float:
    return sqrt(sum((one - other) ** 2 for one, other in pairs) / len(pairs))


def errors(seed: int, weeks: int) -> dict[str, float]:
    """Root mean square errors against what was asked for, on times of the last two days; three ways to foresee it."""
    city = SeededCity(seed, weeks)
    known = city.hours(NOON)
    found: dict[str, list[tuple[float, float]]] = {"forecast": [], "last hour": [], "usual": [], "the rate itself": []}
    for back in range(1, 96, 5):
        at = NOON - back * HALF_HOUR
        hours = {hour: asked for hour, asked in known.items() if hour < at.replace(minute=0)}
        recent = Counter(city.halves[at - HALF_HOUR]) + Counter(city.halves[at - 2 * HALF_HOUR])
        then = history_of(at, at + HALF_HOUR, hours, UTC, city.start)
        last = history_of(at - RECENT, at, hours, UTC, city.start)
        needed = hours_needed(at - RECENT, at + HALF_HOUR, UTC)
        shares = shares_of(asked for hour, asked in hours.items() if hour in needed)
        by_segment = {each.segment: each for each in forecast(at, then, last, Lately(recent, at), shares).items}
        for segment, asked in city.halves[at].items():
            each = by_segment.get(segment)
            found["forecast"].append((each.requests if each else 0.0, asked))
            found["usual"].append((each.usual if each else 0.0, asked))
            found["last hour"].append((recent[segment] / 2, asked))
            found["the rate itself"].append((city.truth[at][segment], asked))
    return {name: rmse(pairs) for name, pairs in found.items()}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_errs_less_than_the_last_hour_and_than_the_usual_alone(seed: int) -> None:
    """What not even the true rate foresees is chance; of the rest it leaves about half of what the last hour does."""
    found = errors(seed, weeks=6)
    chance = found["the rate itself"]
    beyond = {name: sqrt(max(error**2 - chance**2, 0.0)) for name, error in found.items()}
    assert found["forecast"] < found["usual"]
    assert beyond["forecast"] < 0.6 * beyond["last hour"], found


def test_with_a_week_of_history_it_errs_no_more_than_the_last_hour() -> None:
    found = errors(4, weeks=2)
    assert found["forecast"] < found["last hour"], found
