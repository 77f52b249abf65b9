"""Figures by minute, of a city's own day, and the quantiles of waits."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from random import Random
from zoneinfo import ZoneInfo

import pytest

from services.analytics.domain.facts import Fact
from services.analytics.domain.figures import added, figures_of
from services.analytics.domain.reports import wait_quantile_s
from services.analytics.domain.series import Counted, day, day_began, minutes_until, series
from services.analytics.domain.waits import LONGEST_S, wait_bin

NOON = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)


def a_wait(wait_s: float) -> Counter[str]:
    return figures_of(Fact("e", "trips.trip_assigned", "t", NOON, "helsinki", values={"wait_ms": round(1000 * wait_s)}))


@pytest.mark.parametrize(("up_to_s", "wrong_by_s"), [(59, 0.5), (299, 2.5), (1799, 7.5)])
def test_quantiles_of_waits_are_right_to_half_a_bin(up_to_s: float, wrong_by_s: float) -> None:
    random = Random(11)
    waits = sorted(random.uniform(0, up_to_s) for _ in range(501))
    figures = added(a_wait(wait) for wait in random.sample(waits, len(waits)))
    for part, exact in ((0.5, waits[250]), (0.9, waits[450])):
        found = wait_quantile_s(figures, part)
        assert found is not None
        assert abs(found - exact) <= wrong_by_s + 0.001


def test_quantiles_of_minutes_put_together_are_those_of_all() -> None:
    random = Random(12)
    minutes = [[random.expovariate(1 / 30) for _ in range(random.randrange(20))] for _ in range(30)]
    together = added(added(a_wait(wait) for wait in minute) for minute in minutes)
    assert together == added(a_wait(wait) for minute in minutes for wait in minute)


def test_bins_grow_with_the_wait_and_end() -> None:
    found = [wait_bin(seconds * 100) for seconds in range(40_000)]
    assert found == sorted(found)
    assert (wait_bin(-5), wait_bin(0), wait_bin(10**9), max(found)) == (0, 0, LONGEST_S, LONGEST_S)


@pytest.mark.parametrize(
    ("now", "zone", "began"),
    [
        ("2026-07-01T21:30:00Z", "Europe/Helsinki", "2026-07-01T21:00:00Z"),
        ("2026-01-01T21:30:00Z", "Europe/Helsinki", "2025-12-31T22:00:00Z"),
        ("2026-03-29T12:00:00Z", "Europe/Helsinki", "2026-03-28T22:00:00Z"),  # a day of 23 hours
        ("2026-03-02T18:29:59Z", "Asia/Kolkata", "2026-03-01T18:30:00Z"),
        ("2026-03-02T02:00:00Z", "America/Santiago", "2026-03-01T03:00:00Z"),
    ],
)
def test_a_day_begins_at_midnight_where_the_city_is(now: str, zone: str, began: str) -> None:
    assert day_began(datetime.fromisoformat(now), ZoneInfo(zone)) == datetime.fromisoformat(began)


def test_each_minute_has_a_value_in_each_line_and_the_one_under_way_is_the_last() -> None:
    starts = minutes_until(NOON, 3)
    assert [start.isoformat()[11:16] for start in starts] == ["11:58", "11:59", "12:00"]
    figures = {starts[1]: {"requests": 2, "captured:EUR": 900, "captured:SEK": 5, "unmet": 1}}
    lines = series(starts, figures, {starts[0]: Counted(90, 60), starts[2]: Counted(300, 9.9)}, "EUR")
    assert all(len(line) == 3 for line in lines.values())
    assert (lines["requests"], lines["unserved"], lines["charged_minor"]) == ([0, 2, 0], [0, 1, 0], [0, 900, 0])
    assert lines["wait_p50_s"] == [None, None, None]
    assert lines["positions_per_s"] == [1.5, None, None]


def test_a_day_on_which_nothing_happened_has_figures_all_the_same() -> None:
    quiet = day({}, "EUR")
    assert (quiet["requests"], quiet["charged_minor"], quiet["wait_p90_s"], quiet["currency"]) == (0, 0, None, "EUR")
