"""Nobody starves: over many batches, no rider and no driver is passed over for longer than the stated bound."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from services.matching.domain.foresight import driver_bound_s, rider_bound_s
from services.matching.domain.model import Policy, Rules
from services.matching.domain.policies import batch_driver_bound_s, policies
from services.matching.solver import solve
from tests.support.batches import a_batch, a_driver, a_trip

POLICIES = policies(solve)
RULES = Rules(max_pickup_s=400.0, rider_long_s=60.0)
EVERY_S = 10.0


def waits_when_scarce(policy: Policy, rules: Rules, batches: int) -> tuple[list[float], float]:
    """(How long each served rider waited, by how much the longest overtaken one had come earlier), in seconds.

    Riders come a little more often than drivers become free. One rider in ten is far from all drivers, so that
    everybody who comes after him is nearer.
    """
    dice, waiting, waits, overtaken_s = Random(4), dict[str, tuple[float, float]](), list[float](), 0.0
    for number in range(batches):
        now_s = number * EVERY_S
        for rider in range(dice.choice([1, 2, 2, 3])):
            far = dice.random() < 0.1
            waiting[f"t{number}-{rider}"] = (now_s, rules.max_pickup_s if far else dice.uniform(5, 60))
        trips = [a_trip(key, waited_s=now_s - came_s) for key, (came_s, _) in waiting.items()]
        drivers = [a_driver(f"d{each}") for each in range(2)]
        times: dict[tuple[str, str], float | None] = {
            (key, driver.driver_id): eta_s for key, (_, eta_s) in waiting.items() for driver in drivers
        }
        for pair in policy(a_batch(trips, drivers, times), rules).pairs:
            came_s, _ = waiting.pop(pair.trip_id)
            waits.append(now_s - came_s)
            overtaken_s = max(overtaken_s, came_s - min((first for first, _ in waiting.values()), default=came_s))
    return waits, overtaken_s


@pytest.mark.parametrize("name", POLICIES)
def test_no_rider_is_passed_over_for_one_who_came_much_later(name: str) -> None:
    waits, overtaken_s = waits_when_scarce(POLICIES[name], RULES, batches=600)
    bound_s = rider_bound_s(RULES) if name == "foresight" else RULES.max_pickup_s / RULES.wait_weight
    assert overtaken_s <= bound_s
    assert len(waits) > 1100
    assert max(waits) <= bound_s + 40 * EVERY_S  # as long as the queue is anyway, and the bound


def test_the_bound_is_what_keeps_the_far_rider_from_starving() -> None:
    """Without it he waits until the queue is empty, which it never is."""
    never = Rules(max_pickup_s=400.0, rider_weight=0.0, rider_long_weight=0.0)
    _, overtaken_s = waits_when_scarce(POLICIES["foresight"], never, batches=600)
    assert overtaken_s > 2 * rider_bound_s(RULES)


def longest_idle_s(policy: Policy, rules: Rules, batches: int) -> float:
    """The longest that a driver was without a ride when 12 drivers share a rider a window, and one is the furthest.

    Who got a ride is free again, where he was before, with the next window.
    """
    drivers = {f"d{number}": (0.0, 20.0 + 2 * number) for number in range(11)} | {"furthest": (0.0, 400.0)}
    longest_s = 0.0
    for number in range(batches):
        now_s = number * EVERY_S
        free = [a_driver(key, idle_s=now_s - since_s) for key, (since_s, _) in drivers.items()]
        times: dict[tuple[str, str], float | None] = {("t", key): eta_s for key, (_, eta_s) in drivers.items()}
        for pair in policy(a_batch([a_trip("t")], free, times), rules).pairs:
            since_s, eta_s = drivers[pair.driver_id]
            longest_s = max(longest_s, now_s - since_s)
            drivers[pair.driver_id] = (now_s, eta_s)
    return max(longest_s, *(batches * EVERY_S - since_s for since_s, _ in drivers.values()))


@pytest.mark.parametrize(("name", "bound_of"), [("foresight", driver_bound_s), ("batch", batch_driver_bound_s)])
def test_no_driver_is_passed_over_for_ever(name: str, bound_of: Callable[[Rules], float]) -> None:
    bound_s = bound_of(RULES)
    batches = int(3 * bound_s / EVERY_S)
    assert longest_idle_s(POLICIES[name], RULES, batches) <= bound_s + 12 * EVERY_S
    never = Rules(max_pickup_s=400.0, idle_weight=0.0, idle_long_weight=0.0)
    assert longest_idle_s(POLICIES[name], never, batches) == batches * EVERY_S


def test_the_bounds_of_the_rules_as_they_are() -> None:
    """As the service's page states them."""
    assert rider_bound_s(Rules()) == pytest.approx(900)
    assert 7200 < driver_bound_s(Rules()) < 7800
    assert batch_driver_bound_s(Rules()) == pytest.approx(7500)
