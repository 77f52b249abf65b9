"""What a policy that looks ahead is shown of a simulated day, and what comes of what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from services.matching.domain.model import Batch, Proposal, Rules
from services.matching.domain.policies import nearest_eta, policies
from services.matching.simulation.day import Day, Dispatching, Scenario
from services.matching.simulation.engine import simulate
from services.matching.simulation.figures import figures
from services.matching.simulation.learning import earlier_seeds, learn, worths_of
from services.matching.simulation.people import Habits
from services.matching.simulation.planning import a_day
from services.matching.simulation.worths import SLOTS, Worths
from services.matching.solver import solve
from tests.support.simulated_town import TOWN

POLICIES = policies(solve)
AHEAD = Dispatching(POLICIES["foresight"], Rules(finishing_max_s=120.0), finishing=5)


def lived(how: Dispatching, drivers: int = 20, seed: int = 5) -> tuple[Day, list[tuple[float, Batch, Proposal]]]:
    seen: list[tuple[float, Batch, Proposal]] = []
    scenario = a_day(TOWN, 300, drivers, seed)
    return simulate(scenario, how, watch=lambda *batch: seen.append(batch)), seen


def test_drivers_about_to_finish_are_shown_with_their_time_and_where_they_end() -> None:
    _, seen = lived(AHEAD)
    soon = [driver for _, batch, _ in seen for driver in batch.drivers if driver.free_in_s > 0]
    assert len(soon) > 50
    assert all(driver.free_in_s <= AHEAD.rules.finishing_max_s for driver in soon)
    assert all(driver.idle_s == 0 for driver in soon)


def test_a_policy_that_does_not_look_ahead_is_shown_free_drivers_alone() -> None:
    _, seen = lived(Dispatching(POLICIES["batch"]))
    assert not [driver for _, batch, _ in seen for driver in batch.drivers if driver.free_in_s > 0]


def test_a_trip_that_is_held_is_offered_to_nobody_and_looked_at_again_in_the_next_window() -> None:
    day, seen = lived(AHEAD)
    held = [(at_s, pair) for at_s, _, proposal in seen for pair in proposal.held]
    assert held
    batches = {at_s: {trip.trip_id for trip in batch.trips} for at_s, batch, _ in seen}
    again = [at_s for at_s, pair in held if pair.trip_id in batches.get(at_s + AHEAD.window_s, ())]
    assert len(again) > len(held) / 2
    assert figures(day).completed > 150


def test_nobody_is_offered_a_driver_on_a_ride_whatever_the_policy_says() -> None:
    """A policy that takes a driver who is still finishing for a free one gets no offer through."""

    def hasty(batch: Batch, rules: Rules) -> Proposal:
        as_free = tuple(replace(driver, free_in_s=0.0) for driver in batch.drivers)
        return nearest_eta(replace(batch, drivers=as_free), rules)

    day, _ = lived(replace(AHEAD, policy=hasty))
    assert sum(driver.rides for driver in day.drivers) == figures(day).completed > 100


def test_how_willingly_a_driver_accepts_is_learnt_as_the_day_goes_on() -> None:
    scenario = a_day(TOWN, 300, 20, 5, habits=Habits(choosy=2.0))
    last: dict[str, float] = {}

    def note(at_s: float, batch: Batch, proposal: Proposal) -> None:
        last.update({driver.driver_id: driver.accept_rate or 0.0 for driver in batch.drivers})

    day = simulate(scenario, AHEAD, watch=note)
    answered = [number for number, driver in enumerate(day.drivers) if driver.answered >= 10 and str(number) in last]
    shares = [day.drivers[number].accepted / day.drivers[number].answered for number in answered]
    assert len(answered) >= 10
    assert np.corrcoef(shares, [last[str(number)] for number in answered])[0, 1] > 0.8


def test_hindsight_is_shown_the_trips_to_come_and_makes_no_offer_for_them() -> None:
    day, seen = lived(Dispatching(POLICIES["batch"], foreseen_s=300.0))
    asked = [(at_s, trip) for at_s, batch, _ in seen for trip in batch.trips]
    coming = [(at_s, trip) for at_s, trip in asked if trip.waited_s < 0]
    assert coming
    for at_s, trip in coming:
        assert day.trips[int(trip.trip_id)].request.at_s == pytest.approx(at_s - trip.waited_s)
        assert trip.waited_s >= -300
    for trip in day.trips:
        assert trip.assigned_at_s is None or trip.assigned_at_s > trip.request.at_s


def test_worths_are_learnt_from_days_other_than_the_one_that_is_measured() -> None:
    worths = learn([a_day(TOWN, 600, 40, seed) for seed in earlier_seeds(5)], Dispatching(POLICIES["batch"]))
    assert worths.seconds.shape == (SLOTS, len(TOWN))
    assert np.ptp(worths.at(17 * 3600)) > 5
    assert np.isfinite(worths.seconds).all()
    assert 5 not in earlier_seeds(5) and not set(earlier_seeds(5)) & set(earlier_seeds(6))


def test_where_drivers_wait_long_is_worth_less() -> None:
    """All rides begin in one corner: a driver who becomes free there is sooner on the road again."""
    scenario = a_day(TOWN, 600, 10, 7)
    corner = [
        replace(request, pickup=request.pickup % 4, dropoff=60 - request.pickup % 4) for request in scenario.requests
    ]
    worths = learn([replace(scenario, requests=corner)], Dispatching(POLICIES["nearest"]))
    evening = worths.at(17.5 * 3600)
    assert evening[0] > evening[60]


def test_the_way_to_the_next_rider_counts_against_a_place() -> None:
    """Scarce cars have their next ride at once wherever they are; from a remote corner it takes long to get there."""
    scenario = a_day(TOWN, 900, 4, 7)
    corners = [
        replace(request, pickup=request.number % 4, dropoff=63 if request.number % 2 else 9)
        for request in scenario.requests
    ]
    day = simulate(replace(scenario, requests=corners), Dispatching(POLICIES["nearest"]))
    assert all(empty.idle_s >= 0 for empty in day.empties)
    assert sum(empty.ended for empty in day.empties) >= figures(day).completed
    rush = worths_of(day.empties, TOWN).at(17.5 * 3600)
    assert rush[9] > rush[63] + 20


def test_batches_say_what_places_are_worth() -> None:
    seconds = np.tile(np.arange(len(TOWN), dtype=float), (SLOTS, 1))
    _, seen = lived(replace(AHEAD, worths=Worths(seconds)))
    _, batch, _ = seen[len(seen) // 2]
    places = {tuple(point): number for number, point in enumerate(TOWN.points)}
    for trip in batch.trips:
        assert trip.dropoff is not None
        assert trip.worth_s == places[trip.dropoff.lat, trip.dropoff.lng]
    for driver in batch.drivers:
        assert driver.worth_s == places[driver.point.lat, driver.point.lng]


def test_a_city_is_the_same_city_on_every_day() -> None:
    """Other people ask, but from the same quarters; another layout is another city."""

    def starts(scenario: Scenario) -> np.ndarray:
        return np.bincount([request.pickup for request in scenario.requests], minlength=len(TOWN)).astype(float)

    one, other = starts(a_day(TOWN, 4_000, 1, 1)), starts(a_day(TOWN, 4_000, 1, 2))
    elsewhere = starts(a_day(TOWN, 4_000, 1, 1, layout=9))
    assert np.corrcoef(one, other)[0, 1] > 0.9 > np.corrcoef(one, elsewhere)[0, 1]
