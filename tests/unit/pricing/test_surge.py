"""Surge: never from ignorance, never above the cap."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from hansom.contracts.pricing import SurgeReason
from services.pricing.domain.surge import Demand, surge_for

CAP = Fraction(2)


def multiplier(requests: int, free_cars: int | None, unmet: int = 0) -> Fraction:
    return surge_for(Demand(requests, unmet, 300), free_cars, CAP).multiplier


def test_a_fare_rises_when_the_next_minute_asks_for_more_cars_than_are_free() -> None:
    assert multiplier(requests=60, free_cars=6) == Fraction(15, 10)  # 12 expected for 6 cars
    assert surge_for(Demand(60, 0, 300), 6, CAP).reason == SurgeReason.HIGH_DEMAND


def test_enough_cars_mean_no_surge() -> None:
    assert multiplier(requests=60, free_cars=12) == 1
    assert surge_for(Demand(60, 0, 300), 12, CAP).reason == SurgeReason.NORMAL


def test_few_requests_say_nothing_even_with_no_car_near() -> None:
    assert multiplier(requests=4, free_cars=0) == 1


def test_requests_that_found_no_driver_weigh_more() -> None:
    assert multiplier(requests=30, free_cars=6, unmet=15) > multiplier(requests=30, free_cars=6)


def test_what_is_not_known_never_raises_a_fare() -> None:
    assert surge_for(None, 3, CAP).reason == SurgeReason.DEMAND_UNKNOWN
    assert surge_for(Demand(500, 0, 300), None, CAP).reason == SurgeReason.SUPPLY_UNKNOWN
    assert surge_for(None, 3, CAP).multiplier == surge_for(Demand(500, 0, 300), None, CAP).multiplier == 1


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 500), st.integers(10, 40))
def test_surge_is_in_tenths_between_one_and_the_cap(requests: int, unmet: int, free_cars: int, cap_tenths: int) -> None:
    cap = Fraction(cap_tenths, 10)
    surge = surge_for(Demand(requests, unmet, 300), free_cars, cap)
    assert 1 <= surge.multiplier <= cap
    assert (surge.reason == SurgeReason.HIGH_DEMAND) == (surge.multiplier > 1)
