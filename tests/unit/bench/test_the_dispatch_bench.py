"""What the dispatch bench reckons by itself: intervals, the best in hindsight, fleets, growth, and the verdict."""

from __future__ import annotations

from math import isnan
from pathlib import Path

import pytest

from bench.dispatching import stadium
from bench.dispatching.compared import POLICIES, Lot, gaps, lots, rows
from bench.dispatching.days import TOLD, Lived, Task
from bench.dispatching.hindsight import hindsight
from bench.dispatching.live import less, shortened
from bench.dispatching.paired import change, difference, interval
from bench.dispatching.scale import growth
from bench.dispatching.towns import LOADS, Town, fleet, service_s
from bench.dispatching.verdict import targets
from hansom.bots.measures import Measures
from hansom.bots.options import Options
from hansom.bots.rides import Rides
from hansom.bots.summary import Span, summary
from hansom.cities import Area
from hansom.cli.demo_commands import Policy
from hansom.settings import load_config
from services.matching.settings import POLICIES as KNOWN
from services.matching.simulation.day import Day, Driver, Spell, Trip
from services.matching.simulation.demand import Request, draw
from services.matching.simulation.engine import simulate
from services.matching.simulation.people import Habits, Shift
from services.matching.simulation.planning import a_day, dispatching
from tests.support.simulated_town import TOWN


def test_an_interval_is_students() -> None:
    found = interval([1.0, 2.0, 3.0, 4.0])
    assert found.mean == 2.5
    assert found.high - found.mean == pytest.approx(3.1824 * 1.2910 / 2, rel=1e-3)
    assert isnan(interval([3.0]).low)
    assert interval([3.0]).as_dict() == {"mean": 3.0, "low": None, "high": None}


def test_pairing_takes_out_what_the_seeds_have_in_common() -> None:
    theirs = [100.0, 900.0, 300.0, 500.0]
    ours = [value - 10 for value in theirs]
    gained = difference(ours, theirs)
    assert gained.mean == gained.low == gained.high == -10
    assert change([50.0, 100.0], [100.0, 200.0]).mean == -50


def a_trip(number: int, pickup: int, *, asked_s: float, assigned_s: float, driver: int, pickup_s: float) -> Trip:
    trip = Trip(Request(number, asked_s, pickup, 0), outcome="completed", driver=driver)
    trip.waiting_since_s, trip.assigned_at_s, trip.pickup_s = asked_s, assigned_s, pickup_s
    return trip


def a_day_of(trips: list[Trip], spells: list[Spell], drivers: int) -> Day:
    shifts = [Shift(number, 0, 0.0, 86_400.0) for number in range(drivers)]
    return Day(trips, [Driver(shift, 0, shift.until_s) for shift in shifts], spells)


def seconds(start: int, end: int) -> float:
    return float(TOWN.seconds[start, end])


def test_hindsight_uncrosses_two_cars_that_passed_each_other() -> None:
    near_first, near_second = 1, 6
    first = a_trip(0, 0, asked_s=600.0, assigned_s=602.0, driver=1, pickup_s=seconds(near_second, 0))
    second = a_trip(1, 7, asked_s=601.0, assigned_s=604.0, driver=0, pickup_s=seconds(near_first, 7))
    spells = [Spell(0.0, near_first, 604.0, True), Spell(0.0, near_second, 602.0, True)]
    found = hindsight(a_day_of([first, second], spells, 2), TOWN, max_pickup_s=1200.0)
    assert found.riders == 2
    assert found.best_s == pytest.approx((seconds(near_first, 0) + seconds(near_second, 7)) / 2, abs=0.01)
    assert found.actual_s > 2 * found.best_s
    assert found.gap == pytest.approx(100 * (found.actual_s / found.best_s - 1))


def test_hindsight_does_not_send_a_car_before_its_rider_asked_or_fetch_anybody_later() -> None:
    """The near car is free too late to be there as soon as the far one was."""
    way_s = seconds(3, 0)
    trip = a_trip(0, 0, asked_s=600.0, assigned_s=600.0, driver=0, pickup_s=way_s)
    near_too_late = Spell(600.0 + way_s, 1, 5_000.0, False)
    found = hindsight(a_day_of([trip], [Spell(0.0, 3, 600.0, True), near_too_late], 2), TOWN, max_pickup_s=1200.0)
    assert found.best_s == found.actual_s
    near_in_time = Spell(600.0 + way_s - seconds(1, 0), 1, 5_000.0, False)
    found = hindsight(a_day_of([trip], [Spell(0.0, 3, 600.0, True), near_in_time], 2), TOWN, max_pickup_s=1200.0)
    assert found.best_s == pytest.approx(seconds(1, 0))


def test_hindsight_leaves_alone_what_went_to_a_rider_who_cancelled() -> None:
    way_s = seconds(3, 0)
    trip = a_trip(0, 0, asked_s=600.0, assigned_s=610.0, driver=0, pickup_s=way_s)
    sent_elsewhere = Spell(0.0, 1, 620.0, True)
    found = hindsight(a_day_of([trip], [Spell(0.0, 3, 610.0, True), sent_elsewhere], 2), TOWN, max_pickup_s=1200.0)
    assert found.best_s == found.actual_s
    sent_in_the_next_block = Spell(0.0, 1, 950.0, True)
    found = hindsight(
        a_day_of([trip], [Spell(0.0, 3, 610.0, True), sent_in_the_next_block], 2), TOWN, max_pickup_s=1200.0
    )
    assert found.best_s == pytest.approx(seconds(1, 0))


@pytest.mark.parametrize("policy", ["nearest", "batch", "foresight"])
def test_no_policy_beats_hindsight_and_its_day_is_among_the_plans(policy: str) -> None:
    how = dispatching(policy, load_config())
    day = simulate(a_day(TOWN, 300, 25, 4), how)
    found = hindsight(day, TOWN, how.rules.max_pickup_s)
    assert found.riders == sum(trip.outcome == "completed" for trip in day.trips)
    assert 0 < found.best_s < found.actual_s


def test_a_fleet_follows_from_the_load_alone() -> None:
    requests, habits = draw(TOWN, 3_000, 0), Habits()
    drivers = {name: fleet(load, TOWN, requests, habits) for name, load in LOADS.items()}
    assert drivers["scarce"] < drivers["balanced"] < drivers["plentiful"]
    assert drivers["plentiful"] == pytest.approx(2 * drivers["balanced"], abs=1)
    time_on_shift_s = drivers["balanced"] * sum(habits.shift_s) / 2
    assert time_on_shift_s == pytest.approx(3_000 * service_s(TOWN, requests, habits), rel=0.05)


def test_growth_is_the_power_of_the_number_of_trips() -> None:
    sizes = (500, 1_000, 2_000)
    found = growth(
        [{"kind": "sparse", "count": n, "batch_s": 1e-6 * n**2, "batch_mib": n / 100} for n in sizes], "sparse"
    )
    assert found == {"seconds": 2.0, "memory": 1.0}


def lived(policy: str, load: str, seed: int, **figures: float) -> Lived:
    usual = {
        "completed_share": 0.8,
        "pickup_mean_s": 100.0,
        "wait_mean_s": 150.0,
        "wait_worst_s": 400.0,
        "empty_share": 0.3,
        "earned_an_hour": 4000.0,
        "earned_p10_an_hour": 3000.0,
        "gini": 0.2,
    }
    backs = {"riders": 9, "actual_s": 100.0, "best_s": 80.0} if load == "balanced" else {}
    return Lived(Task("here", load, 100, 10, policy, seed), {**usual, **figures}, 1.0, 1.0, backs)


def some_lots() -> list[Lot]:
    days = []
    for seed in (1, 2, 3):
        days += [
            lived("nearest", "balanced", seed),
            lived("batch", "balanced", seed, pickup_mean_s=80.0 + seed),
            lived("foresight", "balanced", seed, completed_share=0.8 - 0.001 * seed, wait_worst_s=500.0 + seed),
            lived(TOLD, "balanced", seed, pickup_mean_s=70.0),
            lived("nearest", "scarce", seed, completed_share=0.6),
            lived("batch", "scarce", seed, completed_share=0.63),
        ]
    return lots(days)


def test_the_verdict_names_what_was_met_and_what_was_missed() -> None:
    scale_row = {
        "kind": "sparse",
        "count": 1_000,
        "road_times_s": 0.7,
        "again_s": 0.1,
        "joined_s": 0.1,
        "batch_s": 0.3,
        "foresight_s": 0.4,
    }
    verdict = targets(some_lots(), {"scale": [{"town": "here", "rows": [scale_row]}]})
    assert {name for name, target in verdict.items() if not target["ok"]} == {
        "here, scarce: batch against nearest, completed, points",
        "here, balanced: foresight against batch, completed, points",
        "here, balanced: foresight against batch, worst tenth of waits, s",
        "here, 1,000 x 1,000 sparse, batch with new road times, s",
    }
    pickup = verdict["here, balanced: batch against nearest, pickup, %"]
    assert (pickup["measured"], pickup["ok"], pickup["sure"]) == (-18.0, True, True)


def test_lots_have_a_row_for_each_policy_and_a_gap_where_days_were_looked_back_at() -> None:
    scarce, balanced = some_lots()
    assert (scarce.load, balanced.load) == ("scarce", "balanced")
    assert [row["policy"] for row in rows(balanced)] == ["nearest", "batch", "foresight", TOLD]
    assert [(gap["policy"], gap["gap_percent"]["mean"]) for gap in gaps(balanced)] == [
        (policy, 25.0) for policy in ("nearest", "batch", "foresight", TOLD)
    ]
    assert list(gaps(scarce)) == []


def test_the_demo_and_the_bench_know_the_policies_that_matching_knows() -> None:
    assert {policy.value for policy in Policy} == set(KNOWN) == set(POLICIES)


def test_a_demo_is_compared_by_its_own_summary() -> None:
    rides = Rides()
    rides.waits.to_assigned.add(4.0)
    rides.waits.pickup.add(50.0)
    before = shortened(summary(Options(), rides, Measures(), Span(1.0, 1.0)))
    rides.waits.pickup.add(10.0)
    after = shortened(summary(Options(), rides, Measures(), Span(1.0, 1.0)))
    assert less(before, after) == {"request_to_assigned": 0.0, "assigned_to_arrived": 40.0}
    assert (
        less(after, shortened(summary(Options(), Rides(), Measures(), Span(1.0, 1.0))))["assigned_to_arrived"] is None
    )


def test_an_evening_is_lived_twice_and_differs_by_its_fares_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Town("here", Path(), Area(60.0, 24.0, 60.02, 24.04), TOWN)
    monkeypatch.setattr(stadium, "town_of", lambda name: here)
    evenings = stadium.evenings(here, 2_000, (3,))
    found = stadium.compared(map(stadium.live_evening, evenings))
    assert found["crowd"]["requests"]["with"] == found["crowd"]["requests"]["without"] == 60
    assert found["others"]["requests"]["difference"]["mean"] == 0
    assert found["crowd"]["priced_out"]["without"] == 0 < found["crowd"]["priced_out"]["with"]
    assert found["multiplier"]["mean"] > 1
