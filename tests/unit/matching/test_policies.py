"""What every policy must keep, and what sets them apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import permutations
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hansom.contracts.matching import Dropped
from services.matching.domain.looking import HardRules
from services.matching.domain.model import Batch, Considered, Proposal, Rules
from services.matching.domain.policies import batched, nearest, nearest_eta, policies
from services.matching.solver import solve
from tests.support.batches import a_batch, a_driver, a_trip

batch = batched(solve)
TOGETHER = ("batch", "foresight")
RULES = Rules()

# a machine that is busy with other tests is no fault of these
quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def pairs(proposal: Proposal) -> dict[str, str]:
    return {pair.trip_id: pair.driver_id for pair in proposal.pairs}


def why(proposal: Proposal, trip_id: str, driver_id: str) -> Dropped | None:
    return next(each for each in proposal.considered if (each.trip_id, each.driver_id) == (trip_id, driver_id)).dropped


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    """Any mix of trips and drivers, with pairs that were not looked at, have no road or are forbidden."""
    trips = [
        a_trip(
            f"t{number}",
            category=draw(st.sampled_from(["standard", "van"])),
            waited_s=draw(st.integers(0, 300)),
            returned=draw(st.booleans()),
            excluded=frozenset(draw(st.sets(st.sampled_from(["d0", "d1", "d2"]), max_size=2))),
            patience_left_s=draw(st.one_of(st.none(), st.integers(-5, 300))),
            worth_s=draw(st.integers(-500, 500)),
        )
        for number in range(draw(st.integers(0, 5)))
    ]
    drivers = [
        a_driver(
            f"d{number}",
            60.17,
            24.94,
            *draw(st.sampled_from([("standard",), ("standard", "van"), ("van",), ()])),
            free_in_s=draw(st.sampled_from([0.0, 0.0, 30.0, 500.0])),
            idle_s=draw(st.integers(0, 9000)),
            accept_rate=draw(st.one_of(st.none(), st.floats(0, 1))),
            worth_s=draw(st.integers(-500, 500)),
        )
        for number in range(draw(st.integers(0, 5)))
    ]
    road_time = st.one_of(st.none(), st.integers(0, 1500))
    times = {
        (trip.trip_id, driver.driver_id): draw(road_time)
        for trip in trips
        for driver in drivers
        if draw(st.integers(0, 4))
    }
    return Batch(tuple(trips), tuple(drivers), times)


@pytest.mark.parametrize("name", policies(solve))
@quick
@given(data=batches())
def test_pairs_are_one_to_one_and_keep_the_hard_rules(name: str, data: Batch) -> None:
    proposal = policies(solve)[name](data, RULES)
    chosen = [(pair.trip_id, pair.driver_id) for pair in (*proposal.pairs, *proposal.held)]
    assert len({trip_id for trip_id, _ in chosen}) == len({driver_id for _, driver_id in chosen}) == len(chosen)
    trips = {trip.trip_id: trip for trip in data.trips}
    drivers = {driver.driver_id: driver for driver in data.drivers}
    for trip_id, driver_id in chosen:
        seconds, trip, driver = data.road_times[trip_id, driver_id], trips[trip_id], drivers[driver_id]
        assert seconds is not None
        assert seconds <= RULES.max_pickup_s
        assert driver_id not in trip.excluded
        assert driver.categories is None or trip.category in driver.categories
        assert trip.patience_left_s is None or trip.patience_left_s > driver.free_in_s


@pytest.mark.parametrize("name", policies(solve))
@quick
@given(data=batches())
def test_nobody_is_asked_before_he_has_finished_and_only_foresight_waits_for_him(name: str, data: Batch) -> None:
    proposal = policies(solve)[name](data, RULES)
    free_in_s = {driver.driver_id: driver.free_in_s for driver in data.drivers}
    waited_s = {trip.trip_id: trip.waited_s for trip in data.trips}
    assert all(free_in_s[pair.driver_id] == 0 for pair in proposal.pairs)
    assert name == "foresight" or not proposal.held
    for pair in proposal.held:
        assert 0 < free_in_s[pair.driver_id] <= RULES.finishing_max_s
        assert waited_s[pair.trip_id] + free_in_s[pair.driver_id] <= RULES.hold_waited_max_s


@pytest.mark.parametrize("name", policies(solve))
@quick
@given(data=batches())
def test_the_parts_of_a_score_sum_to_it(name: str, data: Batch) -> None:
    for each in policies(solve)[name](data, RULES).considered:
        if name == "nearest" or each.score is None:
            assert not each.parts
        else:
            assert sum(each.parts.values()) == pytest.approx(each.score, abs=1e-6)


@pytest.mark.parametrize("name", policies(solve))
@quick
@given(data=batches(), seed=st.integers(0, 99))
def test_the_order_of_the_input_does_not_matter(name: str, data: Batch, seed: int) -> None:
    random = Random(seed)
    trips, drivers, times = list(data.trips), list(data.drivers), list(data.road_times.items())
    for each in (trips, drivers, times):
        random.shuffle(each)
    policy = policies(solve)[name]
    assert policy(Batch(tuple(trips), tuple(drivers), dict(times)), RULES) == policy(data, RULES)


@pytest.mark.parametrize("name", policies(solve))
@quick
@given(data=batches())
def test_every_driver_who_was_looked_at_has_an_offer_or_a_reason(name: str, data: Batch) -> None:
    proposal = policies(solve)[name](data, RULES)
    assert [(each.trip_id, each.driver_id) for each in proposal.considered] == sorted(data.road_times)
    assert Dropped.NOT_MATCHED not in {each.dropped for each in proposal.considered}
    assert tuple(each for each in proposal.considered if each.dropped is None) == proposal.pairs
    assert tuple(each for each in proposal.considered if each.dropped is Dropped.HELD) == proposal.held


@pytest.mark.parametrize("name", policies(solve))
@quick
@given(data=batches())
def test_a_pair_is_scored_when_no_hard_rule_forbids_it_and_only_then(name: str, data: Batch) -> None:
    hard = HardRules(RULES, hold=name == "foresight")
    trips = {trip.trip_id: trip for trip in data.trips}
    drivers = {driver.driver_id: driver for driver in data.drivers}
    for each in policies(solve)[name](data, RULES).considered:
        forbidden = hard.forbidden(trips[each.trip_id], drivers[each.driver_id], each.pickup_eta_s)
        assert (each.score is None) == (forbidden is not None)
        assert forbidden is None or each.dropped == forbidden


@pytest.mark.parametrize("name", TOGETHER)
@quick
@given(data=batches())
def test_all_at_once_is_never_worse_in_total_than_one_by_one(name: str, data: Batch) -> None:
    """The total: how many pairs, and of as many the least sum of what the policy minds."""
    together, alone = policies(solve)[name](data, RULES), nearest_eta(data, RULES)
    minded = {(each.trip_id, each.driver_id): each.score or 0.0 for each in together.considered}
    found, other = ([*each.pairs, *each.held] for each in (together, alone))
    assert len(found) >= len(other)
    if len(found) == len(other):
        assert total(found, minded) <= total(other, minded) + 1e-6


@quick
@given(data=batches())
def test_a_batch_that_serves_the_same_riders_has_them_picked_up_no_later(data: Batch) -> None:
    together, alone = batch(data, RULES).pairs, nearest_eta(data, RULES).pairs
    if {pair.trip_id for pair in together} == {pair.trip_id for pair in alone}:
        road = {key: eta_s or 0.0 for key, eta_s in data.road_times.items()}
        assert total(together, road) <= total(alone, road) + 1e-6


def total(chosen: Iterable[Considered], cost: Mapping[tuple[str, str], float]) -> float:
    return sum(cost[pair.trip_id, pair.driver_id] for pair in chosen)


@pytest.mark.parametrize("name", TOGETHER)
@quick
@given(data=batches())
def test_all_at_once_is_the_best_of_all_assignments(name: str, data: Batch) -> None:
    proposal = policies(solve)[name](data, RULES)
    allowed = {(pair.trip_id, pair.driver_id): pair.score for pair in proposal.considered if pair.score is not None}
    chosen = [*proposal.pairs, *proposal.held]
    best = best_by_trying_all([trip.trip_id for trip in data.trips], [d.driver_id for d in data.drivers], allowed)
    assert -len(chosen) == best[0]
    assert sum(pair.score or 0.0 for pair in chosen) == pytest.approx(best[1])


def best_by_trying_all(
    trips: list[str], drivers: list[str], allowed: dict[tuple[str, str], float]
) -> tuple[int, float]:
    """(-pairs, cost) of the best assignment, found by trying each."""
    places = drivers + [""] * max(0, len(trips) - len(drivers))
    best = (0, 0.0)
    for order in permutations(places, len(trips)):
        costs = [allowed[pair] for pair in zip(trips, order, strict=True) if pair in allowed]
        best = min(best, (-len(costs), sum(costs)))
    return best


def test_the_nearest_by_road_is_not_the_nearest_in_a_straight_line() -> None:
    data = a_batch(
        [a_trip("t")],
        [a_driver("across_the_water", 60.1701), a_driver("down_the_street", 60.1720)],
        {("t", "across_the_water"): 600.0, ("t", "down_the_street"): 60.0},
    )
    assert pairs(nearest(data, RULES)) == {"t": "across_the_water"}
    assert pairs(nearest_eta(data, RULES)) == {"t": "down_the_street"}


def test_a_batch_gives_one_rider_the_second_nearest_car_when_that_serves_both_sooner() -> None:
    data = a_batch(
        [a_trip("first", waited_s=2), a_trip("second", waited_s=1)],
        [a_driver("between"), a_driver("far")],
        {
            ("first", "between"): 100.0,
            ("first", "far"): 120.0,
            ("second", "between"): 100.0,
            ("second", "far"): 900.0,
        },
    )
    assert pairs(nearest_eta(data, RULES)) == {"first": "between", "second": "far"}
    assert pairs(batch(data, RULES)) == {"first": "far", "second": "between"}


def test_a_returned_trip_comes_before_all_others() -> None:
    trips = [a_trip("new", waited_s=290), a_trip("returned", waited_s=1, returned=True)]
    for policy in policies(solve).values():
        assert set(pairs(policy(a_batch(trips, [a_driver("only")]), RULES))) == {"returned"}


def test_a_forbidden_pair_says_which_rule_forbids_it() -> None:
    trip = a_trip("t", category="van", excluded=frozenset({"said_no"}))
    drivers = [a_driver("small", 60.17, 24.94, "standard"), a_driver("said_no"), a_driver("island"), a_driver("far")]
    times = {("t", "small"): 1.0, ("t", "said_no"): 1.0, ("t", "island"): None, ("t", "far"): 1200.5}
    proposal = batch(a_batch([trip], drivers, times), RULES)
    assert not proposal.pairs
    assert why(proposal, "t", "small") == Dropped.CATEGORY
    assert why(proposal, "t", "said_no") == Dropped.EXCLUDED
    assert why(proposal, "t", "island") == Dropped.NO_ROAD
    assert why(proposal, "t", "far") == Dropped.TOO_FAR


def test_a_driver_left_out_learns_whether_trip_or_driver_went_to_another() -> None:
    data = a_batch(
        [a_trip("old", waited_s=100), a_trip("new")],
        [a_driver("near"), a_driver("nearer")],
        {("old", "near"): 90.0, ("old", "nearer"): 50.0, ("new", "nearer"): 50.0},
    )
    proposal = nearest_eta(data, RULES)
    assert why(proposal, "old", "near") == Dropped.ANOTHER_DRIVER
    assert why(proposal, "new", "nearer") == Dropped.ANOTHER_TRIP
