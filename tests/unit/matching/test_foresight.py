"""What `foresight` sees that the others do not, one part at a time."""

from __future__ import annotations

import pytest

from hansom.contracts.matching import Dropped
from hansom.values import METRES_A_DEGREE, Point
from services.matching.domain.foresight import driver_bound_s, rider_bound_s
from services.matching.domain.model import Considered, Proposal, Rules
from services.matching.domain.policies import batched, foreseeing
from services.matching.solver import solve
from tests.support.batches import a_batch, a_driver, a_trip

batch, foresight = batched(solve), foreseeing(solve)
RULES = Rules()


def offered(proposal: Proposal) -> dict[str, str]:
    return {pair.trip_id: pair.driver_id for pair in proposal.pairs}


def held(proposal: Proposal) -> dict[str, str]:
    return {pair.trip_id: pair.driver_id for pair in proposal.held}


def of(proposal: Proposal, driver_id: str) -> Considered:
    return next(each for each in proposal.considered if each.driver_id == driver_id)


def test_a_trip_is_held_for_a_driver_who_finishes_round_the_corner() -> None:
    data = a_batch(
        [a_trip("t")],
        [a_driver("free"), a_driver("finishing", free_in_s=20)],
        {("t", "free"): 600.0, ("t", "finishing"): 30.0},
    )
    proposal = foresight(data, RULES)
    assert not offered(proposal)
    assert held(proposal) == {"t": "finishing"}
    assert of(proposal, "finishing").free_in_s == 20
    assert of(proposal, "free").dropped == Dropped.ANOTHER_DRIVER
    assert offered(batch(data, RULES)) == {"t": "free"}


def test_holding_costs_more_than_driving() -> None:
    """He would be there as soon, but the rider would wait without a driver meanwhile."""
    data = a_batch(
        [a_trip("t")],
        [a_driver("free"), a_driver("finishing", free_in_s=60)],
        {("t", "free"): 100.0, ("t", "finishing"): 10.0},
    )
    assert offered(foresight(data, RULES)) == {"t": "free"}


def test_who_has_waited_long_is_not_held() -> None:
    data = a_batch(
        [a_trip("t", waited_s=RULES.hold_waited_max_s - 10)],
        [a_driver("free"), a_driver("finishing", free_in_s=20)],
        {("t", "free"): 600.0, ("t", "finishing"): 30.0},
    )
    proposal = foresight(data, RULES)
    assert offered(proposal) == {"t": "free"}
    assert of(proposal, "finishing").dropped == Dropped.FINISHING


def test_who_would_give_up_before_the_driver_is_free_is_not_held() -> None:
    data = a_batch(
        [a_trip("t", patience_left_s=15)],
        [a_driver("free"), a_driver("finishing", free_in_s=20)],
        {("t", "free"): 600.0, ("t", "finishing"): 30.0},
    )
    proposal = foresight(data, RULES)
    assert offered(proposal) == {"t": "free"}
    assert of(proposal, "finishing").dropped == Dropped.PATIENCE


def test_a_free_driver_far_away_is_in_time_for_a_rider_at_the_end_of_his_patience() -> None:
    data = a_batch([a_trip("t", patience_left_s=3)], [a_driver("d")], {("t", "d"): 400.0})
    assert offered(foresight(data, RULES)) == {"t": "d"}


def test_a_finishing_driver_leaves_the_free_one_to_another_rider() -> None:
    data = a_batch(
        [a_trip("a"), a_trip("b")],
        [a_driver("free"), a_driver("finishing", free_in_s=10)],
        {("a", "free"): 60.0, ("a", "finishing"): 30.0, ("b", "free"): 60.0},
    )
    proposal = foresight(data, RULES)
    assert (offered(proposal), held(proposal)) == ({"b": "free"}, {"a": "finishing"})


def test_a_driver_who_mostly_declines_is_asked_after_one_who_is_as_near() -> None:
    drivers = [a_driver("a_picky", accept_rate=0.2), a_driver("willing", accept_rate=0.95)]
    data = a_batch([a_trip("t")], drivers, {("t", "a_picky"): 100.0, ("t", "willing"): 105.0})
    assert offered(foresight(data, RULES)) == {"t": "willing"}
    assert offered(batch(data, RULES)) == {"t": "a_picky"}


def test_the_further_away_the_likelier_an_offer_is_refused() -> None:
    data = a_batch([a_trip("t")], [a_driver("near"), a_driver("far")], {("t", "near"): 60.0, ("t", "far"): 900.0})
    proposal = foresight(data, RULES)
    near_s, far_s = (of(proposal, driver_id).parts["acceptance"] for driver_id in ("near", "far"))
    assert 0 < near_s < far_s <= RULES.retry_s


def test_an_accept_rate_holds_two_minutes_away() -> None:
    data = a_batch([a_trip("t")], [a_driver("d", accept_rate=0.7)], {("t", "d"): 120.0})
    assert of(foresight(data, RULES), "d").parts["acceptance"] == pytest.approx(0.3 * RULES.retry_s)


def test_scarce_drivers_go_where_the_next_rider_is_sooner() -> None:
    trips = [a_trip("to_the_woods", worth_s=-200), a_trip("to_the_station", worth_s=200)]
    assert set(offered(foresight(a_batch(trips, [a_driver("only")]), RULES))) == {"to_the_station"}


def test_plentiful_drivers_leave_places_where_riders_are_few() -> None:
    drivers = [a_driver("at_the_station", worth_s=200), a_driver("in_the_woods", worth_s=-200)]
    data = a_batch([a_trip("t")], drivers, {("t", "at_the_station"): 100.0, ("t", "in_the_woods"): 110.0})
    assert offered(foresight(data, RULES)) == {"t": "in_the_woods"}


def test_no_place_counts_for_more_than_the_rules_say() -> None:
    drivers = [a_driver("woods", worth_s=-1e9)]
    found = of(foresight(a_batch([a_trip("t", worth_s=1e9)], drivers), RULES), "woods")
    assert found.parts["worth"] == -2 * RULES.worth_weight * RULES.worth_most_s


def test_scarce_drivers_are_soon_free_again_where_that_is_wanted() -> None:
    trips = [a_trip("a_long", ride_s=900.0), a_trip("short", ride_s=200.0)]
    data = a_batch(trips, [a_driver("only")])
    assert set(offered(foresight(data, Rules(ride_weight=0.5)))) == {"short"}
    assert set(offered(foresight(data, RULES))) == {"a_long"}  # all count alike: the first in order


def test_how_long_a_ride_takes_is_reckoned_when_nobody_says() -> None:
    there = Point(60.17 + 1000 / METRES_A_DEGREE, 24.94)
    proposal = foresight(a_batch([a_trip("t", dropoff=there)], [a_driver("d")]), Rules(ride_weight=0.5))
    assert of(proposal, "d").parts["ride"] == pytest.approx(100, rel=0.01)


def test_of_drivers_as_near_the_one_longest_without_a_ride_drives() -> None:
    drivers = [a_driver("a_new", idle_s=10), a_driver("old", idle_s=1800)]
    data = a_batch([a_trip("t")], drivers, {("t", "a_new"): 100.0, ("t", "old"): 105.0})
    assert offered(foresight(data, RULES)) == {"t": "old"}


def test_without_anything_to_foresee_it_decides_like_batch() -> None:
    rules = Rules(accept_minds=0.0, rider_weight=1.0)
    trips = [a_trip(f"t{number}", 60.16 + number / 1000, waited_s=7.0 * number) for number in range(8)]
    drivers = [a_driver(f"d{number}", 60.17, 24.93 + number / 900) for number in range(6)]
    data = a_batch(trips, drivers)
    assert offered(foresight(data, rules)) == offered(batch(data, rules))


@pytest.mark.parametrize("rules", [RULES, Rules(idle_long_weight=0.0), Rules(rider_weight=1.0, rider_long_weight=0.0)])
def test_a_lead_in_waiting_as_long_as_the_bound_beats_everything_else(rules: Rules) -> None:
    """The worst case on all counts against the one who waits, and a second more waiting than the bound."""
    patient = a_trip("patient", waited_s=rider_bound_s(rules) + 1, worth_s=-1e9, ride_s=1e9)
    newcomer = a_trip("newcomer", worth_s=1e9, ride_s=0.0)
    times: dict[tuple[str, str], float | None] = {("patient", "d"): rules.max_pickup_s, ("newcomer", "d"): 0.0}
    assert set(offered(foresight(a_batch([patient, newcomer], [a_driver("d")], times), rules))) == {"patient"}

    longest = a_driver("longest", idle_s=driver_bound_s(rules) + 1, worth_s=1e9, accept_rate=0.0)
    nearer = a_driver("nearer", worth_s=-1e9, accept_rate=1.0)
    times = {("t", "longest"): rules.max_pickup_s, ("t", "nearer"): 0.0}
    assert offered(foresight(a_batch([a_trip("t")], [longest, nearer], times), rules)) == {"t": "longest"}
