"""Fares: what a ride costs, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.pricing.domain.fare import fare_of, rounded, tax_inside, whole
from services.pricing.domain.tariff import Tariff

STANDARD = Tariff("standard", 1, datetime(2026, 1, 1, tzinfo=UTC), 390, 110, 45, 700, 100, "0.135")

minor = st.integers(0, 10_000)
tariffs = st.builds(
    Tariff,
    category=st.just("standard"),
    version=st.integers(1, 9),
    valid_from=st.just(datetime(2026, 1, 1, tzinfo=UTC)),
    base=minor,
    per_km=minor,
    per_minute=minor,
    minimum=minor,
    booking_fee=minor,
    tax_rate=st.sampled_from(["0", "0.1", "0.135", "0.255", "0.0725"]),
)
metres = st.integers(0, 500_000)
seconds = st.integers(0, 50_000)
surges = st.integers(10, 50).map(lambda tenths: Fraction(tenths, 10))


def amounts(distance_m: int, duration_s: int, surge: Fraction = Fraction(1)) -> dict[str, int]:
    return {line.code: line.amount_minor for line in fare_of(STANDARD, distance_m, duration_s, surge).lines}


def test_a_ride_costs_base_distance_time_and_booking_fee() -> None:
    assert amounts(5000, 600) == {"base": 390, "distance": 550, "time": 450, "booking_fee": 100}
    assert fare_of(STANDARD, 5000, 600, Fraction(1)).total_minor == 1490


def test_a_short_ride_costs_the_minimum_and_the_booking_fee() -> None:
    assert amounts(100, 60) == {"base": 390, "distance": 11, "time": 45, "minimum": 254, "booking_fee": 100}


def test_surge_multiplies_the_ride_and_never_the_booking_fee() -> None:
    assert amounts(5000, 600, Fraction(15, 10)) == {
        "base": 390,
        "distance": 550,
        "time": 450,
        "surge": 695,
        "booking_fee": 100,
    }


def test_half_a_minor_unit_is_rounded_up() -> None:
    assert [rounded(Fraction(n, 2)) for n in (0, 1, 2, 3, 5)] == [0, 1, 1, 2, 3]
    assert amounts(5, 0)["distance"] == 1  # 0.55 cents
    assert amounts(4, 0)["distance"] == 0  # 0.44 cents


def test_metres_and_seconds_are_whole_before_they_are_priced() -> None:
    assert [whole(measured) for measured in (0.0, 0.49, 0.5, 1234.5, 1234.4999, -0.2)] == [0, 0, 1, 1235, 1234, 0]


def test_tax_is_inside_the_fare() -> None:
    assert tax_inside(1135, Fraction("0.135")) == 135
    assert tax_inside(1490, Fraction("0.135")) == 177
    assert tax_inside(1490, Fraction(0)) == 0


@pytest.mark.parametrize("wrong", [(-1, 0, Fraction(1)), (0, -1, Fraction(1)), (0, 0, Fraction(9, 10))])
def test_a_negative_ride_and_a_lowering_surge_are_refused(wrong: tuple[int, int, Fraction]) -> None:
    with pytest.raises(ValueError, match="no negative length"):
        fare_of(STANDARD, *wrong)


@given(tariffs, metres, seconds, surges)
def test_the_lines_add_up_to_the_fare_and_all_are_whole(tariff: Tariff, far: int, long: int, surge: Fraction) -> None:
    fare = fare_of(tariff, far, long, surge)
    assert all(type(line.amount_minor) is int and line.amount_minor >= 0 for line in fare.lines)
    assert fare.total_minor == sum(line.amount_minor for line in fare.lines)
    assert fare.total_minor >= tariff.minimum + tariff.booking_fee
    assert 0 <= fare.tax_minor <= fare.total_minor


@given(tariffs, st.tuples(metres, seconds), surges, st.tuples(metres, seconds))
def test_a_longer_ride_never_costs_less(
    tariff: Tariff, ride: tuple[int, int], surge: Fraction, more: tuple[int, int]
) -> None:
    (far, long), (farther, longer) = ride, more
    fare = fare_of(tariff, far, long, surge)
    assert fare_of(tariff, far + farther, long + longer, surge).total_minor >= fare.total_minor


@given(tariffs, metres, seconds, surges)
def test_a_fare_is_within_a_unit_a_line_of_the_exact_amount(
    tariff: Tariff, far: int, long: int, surge: Fraction
) -> None:
    metered = tariff.base + Fraction(tariff.per_km * far, 1000) + Fraction(tariff.per_minute * long, 60)
    exact = max(metered, Fraction(tariff.minimum)) * surge + tariff.booking_fee
    assert abs(fare_of(tariff, far, long, surge).total_minor - exact) <= surge + Fraction(1, 2)
