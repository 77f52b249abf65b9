"""What promises teach, and what they do not."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from hansom.ids import made_at, new_id
from services.analytics.domain import reports
from services.analytics.domain.facts import Fact
from services.analytics.domain.figures import added, figures_of
from services.analytics.domain.learning import Evidence, differ, evidence, factors, weighted_median
from services.analytics.domain.promises import NONE_YET, Correction, Terms, judged, ratio_bin
from services.analytics.schemas import read_fact
from tests.support.dispatch import a_trip, an_event

HELSINKI = ZoneInfo("Europe/Helsinki")
TERMS = Terms({"helsinki": HELSINKI}, timedelta(days=35), timedelta(seconds=15), timedelta(seconds=120))
NOON = datetime(2026, 1, 1, 10, 0, tzinfo=UTC)
"""In Helsinki."""


def kept(kind: str, promised_s: float, actual_s: float, promised_at: datetime = NOON + timedelta(minutes=30)) -> Fact:
    """A promise and how it was kept."""
    name = {"pickup": "trips.driver_arrived", "trip": "trips.trip_completed"}[kind]
    values = {
        "promised_ms": round(1000 * promised_s),
        "actual_ms": round(1000 * actual_s),
        "made_at_ms": round(1000 * promised_at.timestamp()),
    }
    return Fact("e", name, "t", promised_at + timedelta(seconds=actual_s), "helsinki", segment="s", values=values)


def correction(valid_from: datetime, factor: float, **by_hour: tuple[float, ...]) -> Correction:
    return replace(Correction("helsinki", valid_from, (factor,) * 24, (factor,) * 24), **by_hour)


def learnt(facts: list[Fact], kind: str = "trip", history: tuple[Correction, ...] = ()) -> tuple[float, ...]:
    return factors(evidence(added(figures_of(judged(fact, history, TERMS)) for fact in facts), kind))


def test_an_hours_factor_is_how_much_longer_drives_took_in_it() -> None:
    rng = Random(1)
    rush = [kept("trip", base := rng.uniform(60, 600), base * 1.6 * rng.uniform(0.9, 1.1)) for _ in range(200)]
    night = NOON - timedelta(hours=9)
    calm = [kept("trip", base := rng.uniform(60, 600), base * rng.uniform(0.9, 1.1), night) for _ in range(200)]
    found = learnt([*rush, *calm])
    assert found[12] == pytest.approx(1.6, rel=0.05)
    assert found[3] == pytest.approx(1.0, rel=0.05)
    assert 1.0 < found[18] < 1.6, "an hour that nothing is known of has the day's factor"


def test_corrected_promises_are_nearer_in_every_hour() -> None:
    """The gain on rides that were not learnt from, in a city where each hour has a traffic of its own."""
    rng = Random(2)
    traffic = [1.0 + 0.8 * (7 <= hour <= 9 or 15 <= hour <= 18) - 0.15 * (hour < 5) for hour in range(24)]

    def drives(factor_of: tuple[float, ...], many: int = 120) -> dict[int, list[Fact]]:
        by_hour: dict[int, list[Fact]] = {}
        for hour in range(24):
            at = datetime(2026, 1, 1, hour, 30, tzinfo=HELSINKI).astimezone(UTC)
            for _ in range(many):
                base = rng.uniform(60, 900)
                fact = kept("trip", base * factor_of[hour], base * traffic[hour] * rng.gauss(1.0, 0.12), at)
                by_hour.setdefault(hour, []).append(fact)
        return by_hour

    before = drives(NONE_YET)
    found = learnt([fact for facts in before.values() for fact in facts])
    after = drives(found)

    def error_s(facts: list[Fact]) -> float:
        return reports.errors(added(map(figures_of, facts)), "trip")["mean_abs_error_s"] or 0.0

    for hour in range(24):
        if traffic[hour] != 1.0:
            assert error_s(after[hour]) < 0.8 * error_s(before[hour]), hour
        else:
            assert error_s(after[hour]) < 1.25 * error_s(before[hour]), hour


def test_what_was_learnt_does_not_teach_itself() -> None:
    """Promises made with a correction teach the same factor again, not a second one on top."""
    first = correction(NOON - timedelta(days=1), 1.5)
    facts = [kept("trip", 150.0, 150.0) for _ in range(100)]
    assert learnt(facts, history=(first,))[12] == pytest.approx(1.5, rel=0.06)
    assert learnt(facts)[12] == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(("seconds_after", "base_s"), [(-60, 150.0), (0, None), (60, None), (119, None), (300, 100.0)])
def test_a_promise_made_while_a_correction_spreads_is_not_learnt_from(
    seconds_after: float, base_s: float | None
) -> None:
    new = correction(NOON, 1.5)
    fact = judged(kept("trip", 150.0, 150.0, NOON + timedelta(seconds=seconds_after)), (new,), TERMS)
    assert fact.values.get("base_ms") == (None if base_s is None else 1000 * base_s)


def test_a_promise_is_judged_by_the_correction_of_its_time_and_not_of_its_keeping() -> None:
    old, new = correction(NOON - timedelta(days=1), 1.25), correction(NOON + timedelta(minutes=40), 2.0)
    fact = judged(kept("trip", 1500.0, 1500.0, NOON + timedelta(minutes=30)), (old, new), TERMS)
    assert fact.values["base_ms"] == 1_200_000


def test_an_offer_may_have_lain_over_the_turn_of_the_hour() -> None:
    by_hour = tuple(1.5 if hour == 12 else 1.0 for hour in range(24))
    history = (correction(NOON - timedelta(days=1), 1.0, pickup=by_hour, trip=by_hour),)
    accepted = NOON + timedelta(seconds=8)
    assert "base_ms" not in judged(kept("pickup", 90.0, 90.0, accepted), history, TERMS).values
    assert judged(kept("trip", 90.0, 90.0, accepted), history, TERMS).values["base_ms"] == 60_000
    later = judged(kept("pickup", 90.0, 90.0, NOON + timedelta(seconds=30)), history, TERMS)
    assert (later.values["base_ms"], later.values["hour"]) == (60_000, 12)


def test_hours_are_those_of_the_city_in_summer_and_in_winter() -> None:
    for month, hour in ((1, 12), (7, 13)):
        at = datetime(2026, month, 1, 10, 30, tzinfo=UTC)
        assert judged(kept("trip", 90.0, 90.0, at), (), TERMS).values["hour"] == hour


@pytest.mark.parametrize(
    ("promised_s", "actual_s"),
    [(300.0, 0.0), (300.0, 2.0), (300.0, -5.0), (300.0, 99.0), (300.0, 901.0), (10.0, 12.0), (0.0, 60.0)],
)
def test_instant_endless_and_tiny_drives_teach_nothing(promised_s: float, actual_s: float) -> None:
    figures = figures_of(judged(kept("trip", promised_s, actual_s), (), TERMS))
    assert figures["trip_promises"] == 1
    assert evidence(figures, "trip") == {}


def test_a_third_of_wild_drives_moves_the_factor_little() -> None:
    rng = Random(3)
    sane = [kept("trip", 200.0, 260.0 * rng.uniform(0.9, 1.1)) for _ in range(200)]
    wild = [kept("trip", 200.0, 590.0) for _ in range(50)] + [kept("trip", 200.0, 70.0) for _ in range(50)]
    assert learnt([*sane, *wild])[12] == pytest.approx(1.3, rel=0.05)


def test_few_trips_change_nothing_and_some_are_believed_in_part() -> None:
    assert learnt([kept("trip", 200.0, 300.0)] * 19) == NONE_YET
    some, many = (learnt([kept("trip", 200.0, 300.0)] * trips)[12] for trips in (20, 500))
    assert 1.3 < some < many
    assert many == pytest.approx(1.5, rel=0.02)


def test_factors_beyond_belief_are_cut_off() -> None:
    assert learnt([kept("trip", 200.0, 590.0)] * 100)[12] == 2.0
    assert learnt([kept("trip", 200.0, 70.0)] * 100)[12] == 0.5


def test_the_median_goes_by_weight() -> None:
    assert weighted_median({0: 10, 5: 1, 9: 8}) == 0
    assert weighted_median({0: 10, 5: 1, 9: 12}) == 9
    assert factors({3: Evidence(100, {ratio_bin(1000, 1500): 7})})[3] > 1.4


def test_a_correction_is_worth_telling_when_an_hour_changed_by_two_in_a_hundred() -> None:
    assert not differ((1.51,) * 24, (1.5,) * 24)
    assert differ((1.0,) * 23 + (1.03,), (1.0,) * 24)


def test_reports_say_what_the_same_rides_would_have_been_off_without_correction() -> None:
    fact = judged(kept("trip", 150.0, 160.0), (correction(NOON - timedelta(days=1), 1.5),), TERMS)
    assert reports.errors(figures_of(fact), "trip")["uncorrected"] == {
        "trips": 1,
        "mean_abs_error_s": 10.0,
        "mean_abs_error_uncorrected_s": 60.0,
    }


def test_an_event_says_when_its_promise_was_made() -> None:
    quote_id = new_id()
    quoted_at = made_at(quote_id)
    assert quoted_at is not None
    assert abs(datetime.now(UTC) - quoted_at) < timedelta(minutes=1)
    times = {"assigned_at": "2026-01-01T12:00:00Z", "arrived_at": "2026-01-01T12:05:00Z"}
    trip = a_trip(quote_id=quote_id, driver_id="d", **times)
    completed = read_fact(an_event("trip_completed", trip["id"], {"trip": trip}))
    assert completed.values["made_at_ms"] == round(1000 * quoted_at.timestamp())
    arrived = read_fact(an_event("driver_arrived", trip["id"], {"trip": trip}))
    assert arrived.values["made_at_ms"] == 1000 * 1767268800
    foreign = read_fact(an_event("trip_completed", trip["id"], {"trip": {**trip, "quote_id": "quote-1"}}))
    assert "made_at_ms" not in foreign.values
    assert judged(foreign, (), TERMS) == foreign


def test_ids_of_other_make_tell_no_time() -> None:
    for id_ in ("", "quote-1", "f" * 32, "ffffffffffff7fffbfffffffffffffff", "6ba7b8109dad41d180b400c04fd430c8"):
        assert made_at(id_) is None


def test_figures_of_ratios_add_up_in_any_order() -> None:
    facts = [judged(kept("pickup", 100.0, 100.0 + n), (), TERMS) for n in range(50)]
    assert added(map(figures_of, facts)) == added(map(figures_of, facts[::-1]))
    assert sum(each.trips for each in evidence(Counter(added(map(figures_of, facts))), "pickup").values()) == 50
