"""A crowd leaves a stadium, fares surge, riders and drivers mind; drivers without a ride are told where to go."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import h3
import numpy as np
import pytest

from services.matching.domain.policies import policies
from services.matching.simulation.day import Day, Dispatching, Driver, Scenario
from services.matching.simulation.demand import draw, stadium
from services.matching.simulation.engine import simulate
from services.matching.simulation.figures import figures, worst_tenth
from services.matching.simulation.hints import Hints, forecast
from services.matching.simulation.people import Dice, Habits, Shift, pays
from services.matching.simulation.planning import a_day
from services.matching.simulation.roaming import worth_the_way
from services.matching.simulation.surging import RESOLUTION, Surge, Surging, surge_rule
from services.matching.simulation.worths import SLOTS
from services.matching.solver import solve
from tests.support.simulated_town import TOWN

BATCH = Dispatching(policies(solve)["batch"])
RULE = surge_rule("services.pricing.domain.surge")
CROWD = 200


def an_evening(surging: Surging | None = None, habits: Habits | None = None) -> Scenario:
    day = a_day(TOWN, 400, 120, 3, habits=habits)
    evening = [request for request in day.requests if request.at_s >= 21 * 3600]
    return replace(day, requests=stadium(TOWN, evening, 3, riders=CROWD), surging=surging)


def of_the_crowd(day: Day) -> Any:
    return figures(day, only=lambda trip: trip.request.crowd)


def a_rule(multiplier: float) -> Any:
    """A rule by which it costs the same everywhere, always."""
    everywhere = defaultdict(lambda: SimpleNamespace(tenths=round(10 * multiplier)))
    everywhere.update({h3.latlng_to_cell(*point, RESOLUTION): everywhere["any"] for point in TOWN.points.tolist()})
    return SimpleNamespace(
        Demand=SimpleNamespace,
        SurgeRules=SimpleNamespace,
        Around=lambda *_: None,
        step=lambda *_, **__: everywhere,
    )


def test_a_crowd_leaves_one_place_within_twenty_minutes() -> None:
    scenario = an_evening()
    crowd = [request for request in scenario.requests if request.crowd]
    assert len(crowd) == CROWD
    assert all(22 * 3600 <= request.at_s <= 22 * 3600 + 1200 for request in crowd)
    assert np.ptp(TOWN.plane_m[[request.pickup for request in crowd]], axis=0).max() <= 300
    assert [request.at_s for request in scenario.requests] == sorted(request.at_s for request in scenario.requests)
    assert len({request.number for request in scenario.requests}) == len(scenario.requests)


def test_fares_surge_where_the_crowd_is_and_fall_again() -> None:
    surge = Surge(Surging(RULE), TOWN.points)
    gate = 0
    for moment in range(0, 600, 10):
        surge.note_asked(float(moment), gate)
        surge.tick(float(moment), waiting=[gate] * 40, free=[gate])
    assert surge.multipliers[gate] == 2.0
    for moment in range(600, 4_000, 30):
        surge.tick(float(moment), waiting=[], free=[gate] * 40)
    assert surge.multipliers.max() == 1.0


def test_surge_turns_some_of_the_crowd_away_and_those_who_ask_get_a_car_sooner() -> None:
    without, with_surge = simulate(an_evening(), BATCH), simulate(an_evening(Surging(RULE)), BATCH)
    before, after = of_the_crowd(without), of_the_crowd(with_surge)
    assert before.priced_out == 0 < after.priced_out
    assert after.wait_mean_s < before.wait_mean_s
    assert after.unserved + after.gave_up < before.unserved + before.gave_up


@pytest.mark.parametrize("multiplier", [1.0, 1.5, 2.0])
def test_fewer_ask_the_dearer_it_is(multiplier: float) -> None:
    habits, dice = Habits(elasticity=0.5), Dice(1)
    asked = sum(pays(habits, dice, trip, multiplier) for trip in range(4_000)) / 4_000
    assert asked == pytest.approx(multiplier**-0.5, abs=0.03)


def test_a_ride_at_twice_the_fare_pays_the_driver_twice() -> None:
    steady = Habits(elasticity=0.0, follows=0.0, stays=0.0)
    usual, dear = (figures(simulate(an_evening(surging, steady), BATCH)) for surging in (None, Surging(a_rule(2.0))))
    assert dear.completed == usual.completed
    assert dear.earned_an_hour > 1.95 * usual.earned_an_hour


def test_drivers_go_where_fares_are_higher_when_it_is_worth_the_way() -> None:
    multipliers = np.ones(len(TOWN))
    multipliers[40] = 1.5
    assert worth_the_way(multipliers, TOWN.seconds[0], 0) == 40
    multipliers[1] = 1.4
    assert worth_the_way(multipliers, TOWN.seconds[0], 0) == 1
    assert worth_the_way(multipliers, TOWN.seconds[40], 40) is None
    assert worth_the_way(np.ones(len(TOWN)), TOWN.seconds[0], 0) is None


def test_some_work_longer_while_fares_are_high() -> None:
    scenario = an_evening(Surging(a_rule(1.5)), Habits(stays=1.0, elasticity=0.0))
    longer = [round(driver.until_s - driver.shift.until_s) for driver in simulate(scenario, BATCH).drivers]
    assert set(longer) == {0.0, scenario.habits.longer_s}


def test_what_is_no_rule_of_surge_is_refused() -> None:
    with pytest.raises(ValueError, match="no rule of surge"):
        surge_rule("services.pricing.domain.nothing")
    with pytest.raises(ValueError, match="has no Demand"):
        surge_rule("math")


def test_the_worst_tenth_is_the_mean_of_the_slowest() -> None:
    assert worst_tenth(np.array([1.0] * 18 + [10.0, 20.0])) == 15.0
    assert worst_tenth(np.array([7.0])) == 7.0
    assert np.isnan(worst_tenth(np.array([])))


def test_drivers_without_a_ride_are_sent_where_cars_are_missing_and_not_all_to_one_place() -> None:
    expected = np.zeros((SLOTS, len(TOWN)))
    expected[:, 56] = expected[:, 7] = 20.0
    idle = {number: Driver(Shift(number, 0, 0.0, 9e4), 0, 9e4) for number in range(30)}
    hints = Hints(TOWN, expected)
    sent = hints.now(36_000.0, idle)
    assert set(sent.values()) == {7, 56}
    assert 4 <= Counter(sent.values())[7] < 30
    assert not set(hints.now(36_300.0, idle)) & set(sent), "told again too soon"


def test_hints_bring_drivers_nearer_to_where_riders_will_be() -> None:
    day = a_day(TOWN, 600, 60, 3, habits=Habits(follows=1.0))
    expected = forecast((draw(TOWN, 600, seed) for seed in (11, 12, 13)), len(TOWN))
    stay, told = (figures(simulate(replace(day, expected=known), BATCH)) for known in (None, expected))
    assert told.pickup_mean_s < stay.pickup_mean_s
    assert told.completed >= stay.completed - 6
