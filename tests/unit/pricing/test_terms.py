"""Waiting, nights, zones, tolls, tax on top and rounding."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansom.values import Point
from services.pricing.domain.fare import fare_of
from services.pricing.domain.tariff import Tariff
from services.pricing.domain.terms import Met, Round, Rounding, Terms, met

AMOUNTS = {"base": 390, "per_km": 110, "per_minute": 45, "minimum": 700, "booking_fee": 100}
PLAIN = {"category": "standard", "version": 1, "valid_from": "2026-01-01T00:00:00Z", "tax_share": 0.135, **AMOUNTS}
AIRPORT = {"name": "Airport", "area": [60.31, 24.90, 60.33, 24.98], "amount": 400, "at": "pickup"}
BRIDGE = {"name": "Bridge", "area": [60.0, 24.0, 60.2, 25.0], "amount": 150, "toll": True}
NIGHT = {"from": "22:00", "until": "06:00", "share": 0.2}
TOWN, AT_AIRPORT = Point(60.17, 24.94), Point(60.32, 24.95)
NOON = datetime(2026, 3, 2, 10, tzinfo=UTC)


def a_tariff(**terms: Any) -> Tariff:
    return Tariff.from_dict({**PLAIN, **terms}, "Europe/Helsinki")


NOTHING, NO_SURGE = Met(), Fraction(1)


def lines(tariff: Tariff, terms: Met = NOTHING, surge: Fraction = NO_SURGE) -> dict[str, int]:
    fare = fare_of(tariff, 5000, 600, surge, terms)  # 390 + 550 + 450 = 1390, and 100
    return {line.code: line.amount_minor for line in fare.lines}


@pytest.mark.parametrize(("waited_s", "cost"), [(0, None), (180, None), (181, 1), (240, 45), (600, 315)], ids=str)
def test_waiting_costs_by_the_minute_once_the_free_time_is_over(waited_s: int, cost: int | None) -> None:
    tariff = a_tariff(waiting={"free_s": 180, "per_minute": 45})
    assert lines(tariff, Met(waited_s=waited_s)).get("waiting") == cost


@pytest.mark.parametrize(
    ("at", "is_night"),
    [
        (datetime(2026, 1, 15, 19, 59, tzinfo=UTC), False),
        (datetime(2026, 1, 15, 20, 0, tzinfo=UTC), True),  # 22:00 in a Helsinki winter
        (datetime(2026, 7, 15, 19, 0, tzinfo=UTC), True),  # 22:00 in summer
        (datetime(2026, 1, 16, 3, 59, tzinfo=UTC), True),
        (datetime(2026, 1, 16, 4, 0, tzinfo=UTC), False),
    ],
)
def test_a_night_is_by_the_citys_clock_and_over_midnight(at: datetime, is_night: bool) -> None:
    tariff = a_tariff(night=NIGHT)
    terms = met(tariff.terms, TOWN, TOWN, at)
    assert terms.is_night is is_night
    assert lines(tariff, terms).get("night") == (278 if is_night else None)


def test_a_zone_counts_for_the_end_that_it_names_and_a_toll_is_passed_through() -> None:
    tariff = a_tariff(zones=[AIRPORT, BRIDGE])
    from_airport = met(tariff.terms, AT_AIRPORT, TOWN, NOON)
    assert [zone.name for zone in from_airport.zones] == ["Airport", "Bridge"]
    assert [zone.name for zone in met(tariff.terms, TOWN, AT_AIRPORT, NOON).zones] == ["Bridge"]
    found = lines(tariff, from_airport, Fraction(2))
    assert (found["zone"], found["toll"], found["surge"]) == (400, 150, 1390), "neither is multiplied"


def test_tax_on_top_is_a_line_of_its_own() -> None:
    fare = fare_of(a_tariff(tax="on_top"), 5000, 600, Fraction(1))
    assert [line.amount_minor for line in fare.lines if line.code == "tax"] == [201]  # 13.5 % of 1490
    assert (fare.total_minor, fare.tax_minor) == (1691, 201)


@pytest.mark.parametrize(
    ("how", "to", "total"),
    [("half_up", 10, 1490), ("half_up", 100, 1500), ("up", 100, 1500), ("down", 100, 1400), ("half_even", 20, 1480)],
)
def test_a_fare_comes_to_the_tariffs_rounding_by_a_line_of_its_own(how: str, to: int, total: int) -> None:
    fare = fare_of(a_tariff(rounding={"to": to, "how": how}), 5000, 600, Fraction(1))
    assert fare.total_minor == total == sum(line.amount_minor for line in fare.lines)


def test_the_copy_in_a_quote_is_the_tariff() -> None:
    tariff = a_tariff(
        waiting={"free_s": 180, "per_minute": 45},
        night=NIGHT,
        zones=[AIRPORT, BRIDGE],
        tax="on_top",
        rounding={"to": 5, "how": "half_even"},
    )
    assert Tariff.from_dict(tariff.as_dict()) == tariff
    assert Tariff.from_dict(a_tariff().as_dict()) == a_tariff()
    assert set(a_tariff().as_dict()) == {"category", "version", "valid_from", "tax_rate", *AMOUNTS}


@pytest.mark.parametrize(
    "wrong",
    [
        {"waiting": {"free_s": -1, "per_minute": 45}},
        {"waiting": {"free_s": 60, "per_minute": 4.5}},
        {"night": {**NIGHT, "share": 9}},
        {"night": {"from": "25:00", "until": "06:00", "share": 0.2}},
        {"zones": [{**AIRPORT, "area": [60.33, 24.90, 60.31, 24.98]}]},
        {"zones": [{**AIRPORT, "amount": -5}]},
        {"zones": [{**AIRPORT, "at": "somewhere"}]},
        {"tax": "sometimes"},
        {"rounding": {"to": 0}},
        {"rounding": {"to": 5, "how": "away"}},
    ],
)
def test_terms_that_make_no_sense_stop_the_service(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        a_tariff(**wrong)


both_zones = st.just(a_tariff(zones=[AIRPORT, BRIDGE]).terms.zones)
conditions = st.builds(Met, is_night=st.booleans(), zones=both_zones, waited_s=st.integers(0, 9999))
roundings = st.builds(Rounding, st.integers(1, 1000), st.sampled_from(Round))


ways = st.tuples(st.integers(0, 100_000), st.integers(0, 10_000))


@given(ways, st.integers(10, 50), conditions, roundings, st.booleans())
def test_lines_add_up_tax_is_part_of_it_and_nothing_is_below_nothing(
    way: tuple[int, int], tenths: int, terms: Met, rounding: Rounding, on_top: bool
) -> None:
    distance_m, duration_s = way
    tariff = a_tariff(night=NIGHT, waiting={"free_s": 180, "per_minute": 45})
    tariff = replace(tariff, terms=replace(tariff.terms, rounding=rounding, tax_on_top=on_top))
    fare = fare_of(tariff, distance_m, duration_s, Fraction(tenths, 10), terms)
    assert fare.total_minor == sum(line.amount_minor for line in fare.lines)
    assert 0 <= fare.tax_minor <= fare.total_minor
    assert fare.total_minor % rounding.to == 0
    assert all(type(line.amount_minor) is int for line in fare.lines)
    assert all(line.amount_minor >= 0 for line in fare.lines if line.code != "rounding")


def test_terms_are_none_unless_a_tariff_says_so() -> None:
    assert a_tariff().terms == Terms()
