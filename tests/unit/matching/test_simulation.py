"""A simulated day adds up, repeats itself, and shows what a policy changes and nothing else."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from hansom.cities import Area
from services.matching.domain.model import Policy
from services.matching.domain.policies import policies
from services.matching.simulation.day import Day, Dispatching, Scenario, Trip
from services.matching.simulation.demand import WEEKDAY, Request, draw, read_trips
from services.matching.simulation.engine import simulate
from services.matching.simulation.figures import Figures, figures, gini
from services.matching.simulation.grid import RoadGrid
from services.matching.simulation.people import ACCEPT, Dice, Habits, Shift, acceptance, draw_shifts, patience_s
from services.matching.solver import solve
from tests.support.simulated_town import TOWN

POLICIES = policies(solve)
AREA = Area(60.0, 24.0, 60.02, 24.04)


@cache
def a_day(policy: Policy, *, rides: int = 300, drivers: int = 40, seed: int = 5, habits: Habits | None = None) -> Day:
    habits = habits or Habits()
    shifts = draw_shifts(TOWN, drivers, seed, WEEKDAY, habits)
    return simulate(Scenario(TOWN, draw(TOWN, rides, seed), shifts, habits, seed), Dispatching(policy))


@pytest.mark.parametrize("name", POLICIES)
def test_every_request_has_one_outcome_and_rides_are_those_of_drivers(name: str) -> None:
    day = a_day(POLICIES[name])
    found = figures(day)
    assert {trip.outcome for trip in day.trips} <= {"completed", "unserved", "gave_up", "cancelled"}
    assert found.completed + found.unserved + found.gave_up + found.cancelled == len(day.trips)
    assert sum(driver.rides for driver in day.drivers) == found.completed > 150
    assert all(driver.state == "off" for driver in day.drivers)


@pytest.mark.parametrize("name", POLICIES)
def test_the_same_seed_is_the_same_day(name: str) -> None:
    assert figures(a_day(POLICIES[name])) == figures(a_day.__wrapped__(POLICIES[name]))


def test_another_seed_is_another_day() -> None:
    assert figures(a_day(POLICIES["batch"], seed=6)) != figures(a_day(POLICIES["batch"]))


def test_a_driver_carries_one_rider_at_a_time() -> None:
    day = a_day(POLICIES["batch"])
    rides: dict[int, list[tuple[float, float]]] = {}
    for trip in day.trips:
        if trip.outcome == "completed":
            assert trip.assigned_at_s is not None and trip.pickup_s is not None and trip.driver is not None
            begin_s = trip.assigned_at_s
            ride_s = float(TOWN.seconds[trip.request.pickup, trip.request.dropoff])
            rides.setdefault(trip.driver, []).append((begin_s, begin_s + trip.pickup_s + ride_s))
    for spans in rides.values():
        spans.sort()
        assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_without_drivers_nobody_is_served() -> None:
    found = figures(simulate(Scenario(TOWN, draw(TOWN, 50, 1), []), Dispatching(POLICIES["batch"])))
    assert found.completed == 0
    assert found.unserved + found.gave_up == 50


def test_nobody_waits_longer_than_a_rider_may() -> None:
    habits = Habits(patience_s=60.0)
    day = a_day(POLICIES["batch"], drivers=4, habits=habits)
    waits = [_wait_ended_s(trip) - trip.waiting_since_s for trip in day.trips]
    assert all(0 <= waited_s <= habits.patience_s + 1e-6 for waited_s in waits)
    unserved = [waited_s for waited_s, trip in zip(waits, day.trips, strict=True) if trip.outcome == "unserved"]
    assert unserved == pytest.approx([habits.patience_s] * len(unserved))
    assert len(unserved) > 10


def _wait_ended_s(trip: Trip) -> float:
    """When he had a driver, or was over without one."""
    ended_s = trip.over_at_s if trip.assigned_at_s is None else trip.assigned_at_s
    assert ended_s is not None
    return ended_s


def test_who_is_given_back_waits_as_long_again_as_he_would_have_at_first() -> None:
    """The one driver gives the ride back and may not have it again: the rider leaves when his patience ends, counted
    from then, not from when he asked."""
    habits = Habits(accepts=1 - 1e-9, silent=0.0, drops=1.0, late_hazard=0.0)
    scenario = Scenario(TOWN, [Request(0, 36_000.0, 9, 40)], [Shift(0, 63, 0.0, 86_400.0)], habits)
    [trip] = simulate(scenario, Dispatching(POLICIES["batch"])).trips
    assert trip.returned and trip.over_at_s is not None
    assert trip.waiting_since_s > 36_010.0
    assert trip.over_at_s - trip.waiting_since_s == pytest.approx(patience_s(habits, Dice(scenario.seed), 0))


def test_a_declined_trip_is_never_offered_twice_to_one_driver() -> None:
    shifts = [Shift(0, 0, 0.0, 86_400.0)]
    never = Habits(accepts=1e-9, drops=0.0)
    scenario = Scenario(TOWN, [Request(0, 36_000.0, 9, 40)], shifts, never)
    [trip] = simulate(scenario, Dispatching(POLICIES["nearest"])).trips
    assert trip.offers == 1
    assert trip.outcome in ("gave_up", "unserved")


def test_road_times_beat_straight_lines_across_a_river() -> None:
    """Two banks, one bridge far away: the car in sight is not the car that is there first."""
    seconds = TOWN.seconds.copy()
    east = TOWN.points[:, 1] > 24.018
    seconds[np.ix_(east, ~east)] += 900
    seconds[np.ix_(~east, east)] += 900
    river = RoadGrid(TOWN.points, seconds, TOWN.metres)
    scenario = Scenario(river, draw(TOWN, 300, 3), draw_shifts(river, 40, 3, WEEKDAY, Habits()), seed=3)

    def pickup_mean_s(name: str) -> float:
        return figures(simulate(scenario, Dispatching(POLICIES[name]))).pickup_mean_s

    assert pickup_mean_s("nearest_eta") < pickup_mean_s("nearest")


def test_a_driver_asked_the_same_answers_the_same_under_any_policy() -> None:
    dice, again = Dice(4), Dice(4)
    rolls = [dice.roll(ACCEPT, driver, trip) for driver in range(30) for trip in range(30)]
    assert rolls == [again.roll(ACCEPT, driver, trip) for driver in range(30) for trip in range(30)]
    assert len(set(rolls)) == 900
    assert 0.45 < float(np.mean(rolls)) < 0.55


def test_offers_from_far_away_are_taken_less_often() -> None:
    habits = Habits()
    assert acceptance(habits, 120) == pytest.approx(habits.accepts)
    assert acceptance(habits, 60) > acceptance(habits, 120) > acceptance(habits, 600)


def test_demand_follows_the_hours_of_the_day() -> None:
    hours = [int(request.at_s // 3600) for request in draw(TOWN, 4_000, 2)]
    assert hours.count(17) > 4 * hours.count(3)
    assert hours == sorted(hours)


def test_real_trips_of_another_city_are_moved_onto_this_one(tmp_path: Path) -> None:
    file = tmp_path / "trips.csv"
    file.write_text(
        "requested_at,pickup_lat,pickup_lng,dropoff_lat,dropoff_lng\n"
        "2026-03-02T08:30:00,40.70,-74.00,40.80,-73.90\n"
        "2026-03-02T07:15:00,40.78,-73.95,40.71,-74.01\n"
    )
    early, late = read_trips(file, TOWN, AREA)
    assert (early.at_s, late.at_s) == (7.25 * 3600, 8.5 * 3600)
    assert late.pickup != late.dropoff


def test_a_line_that_is_no_trip_is_named(tmp_path: Path) -> None:
    file = tmp_path / "trips.csv"
    file.write_text("requested_at,pickup_lat,pickup_lng,dropoff_lat,dropoff_lng\nsoon,1,2,3,4\n")
    with pytest.raises(ValueError, match="line 2"):
        read_trips(file, TOWN, AREA)


def test_figures_as_a_line_hold_every_figure() -> None:
    found = figures(a_day(POLICIES["batch"]))
    line = found.as_dict()
    assert set(line) == {field.name for field in fields(Figures)} | {"completed_share"}
    assert line["completed"] == found.completed
    assert line["completed_share"] == pytest.approx(found.completed / found.requests, abs=1e-4)


def test_gini_is_nought_for_equals_and_near_one_when_one_has_all() -> None:
    assert gini([5, 5, 5, 5]) == pytest.approx(0)
    assert gini([0] * 99 + [1]) == pytest.approx(0.99)
