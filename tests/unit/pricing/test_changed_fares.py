"""A fare that changed says line by line why; what was promised still holds of a ride to another destination."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansom.contracts.pricing import AskFinalFare, FareReason, SurgeCode
from hansom.contracts.promos import PromoKind
from hansom.values import Point
from services.pricing.domain.fare import Fare
from services.pricing.domain.final import final_fare
from services.pricing.domain.promo import Promo
from services.pricing.domain.quote import Change, Errand, Quote, Route, options_of, requoted
from services.pricing.domain.reasons import Surge
from services.pricing.domain.tariff import Tariff
from services.pricing.domain.terms import EITHER, Night, Round, Rounding, Terms, Zone
from tests.support.fares import a_drive

TOLERANCE = Fraction("0.25")
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TOWN, SUBURB, AIRPORT = Point(60.17, 24.94), Point(60.22, 24.99), Point(60.32, 24.95)
TERMS = Terms(waiting_free_s=180, waiting_per_minute=60, zones=(Zone("Airport", (60.3, 24.9, 60.4, 25.0), 400),))
STANDARD = Tariff("standard", 1, datetime(2026, 1, 1, tzinfo=UTC), 390, 110, 45, 700, 100, "0.135", TERMS)


def a_route(distance_m: int, duration_s: int) -> Route:
    return Route("helsinki", distance_m, duration_s, (TOWN, SUBURB))


def a_quote(tariff: Tariff = STANDARD, way: tuple[int, int] = (4000, 600), tenths: int = 10) -> Quote:
    route, surge = a_route(*way), Surge(tenths, SurgeCode.NORMAL, "The usual fare.")
    options = options_of([tariff], route, surge, Errand(TOWN, SUBURB, NOW), {})
    return Quote("q1", "r", "EUR", TOWN, SUBURB, route, surge, options, NOW, NOW + timedelta(seconds=300))


def elsewhere(quote: Quote, way: tuple[int, int], to: Point = AIRPORT, quote_id: str = "q2") -> Quote:
    later = NOW + timedelta(hours=1)
    return requoted(quote, Change("t1", "standard", to, a_route(*way), later), quote_id)


def charged(quote: Quote, driven: AskFinalFare) -> tuple[dict[str, int], FareReason]:
    fare, reason = final_fare(quote, driven, TOLERANCE)
    lines = {line.code: line.amount_minor for line in fare.lines}
    assert len(lines) == len(fare.lines)
    return lines, reason


def test_a_detour_is_told_from_the_quoted_fare_on() -> None:
    lines, reason = charged(a_quote(), a_drive(8000.0, 900, waited_s=420))
    assert reason == FareReason.LONGER
    assert lines == {"quoted_fare": 1380, "longer_way": 440, "more_time": 225, "waiting": 240}
    fare, _ = final_fare(a_quote(), a_drive(8000.0, 900), TOLERANCE)
    assert [line.label for line in fare.lines] == [
        "Fare as quoted",
        "Longer way: 8.0 km instead of 4.0 km",
        "More time: 15 min instead of 10 min",
    ]
    assert fare.lines[1].values == {"driven_m": 8000, "quoted_m": 4000}


def test_what_a_shorter_ride_saves_is_told_too() -> None:
    lines, reason = charged(a_quote(tenths=15), a_drive(900.0, 100))
    assert reason == FareReason.SHORTER
    # 390 + 99 + 75 = 564, raised to 700, half as much again on it, and the booking fee
    assert lines == {"quoted_fare": 2020, "shorter_way": -341, "less_time": -375, "minimum": 136, "surge": -290}


def test_another_destination_is_quoted_by_the_first_quotes_terms() -> None:
    first = a_quote(tenths=12)
    changed = elsewhere(first, (9000, 1200))
    option = changed.option("standard")
    assert (changed.parent_id, changed.trip_id, changed.surge) == ("q1", "t1", first.surge)
    assert option.tariff == STANDARD
    assert [line.code for line in option.lines] == ["quoted_fare", "new_destination"]
    assert option.lines[0].amount_minor == first.option("standard").fare.total_minor
    assert sum(line.amount_minor for line in option.lines) == option.fare.total_minor
    assert [line.code for line in option.fare.lines if line.code == "zone"] == ["zone"], "the airport's zone is met"


def test_a_ride_to_the_new_destination_costs_what_the_new_quote_says() -> None:
    back = elsewhere(elsewhere(a_quote(), (9000, 1200)), (4000, 600), SUBURB, "q3")
    fare, reason = final_fare(back, a_drive(4100.0, 640), TOLERANCE)
    assert reason == FareReason.DESTINATION_CHANGED
    assert [line.code for line in fare.lines] == ["quoted_fare", "new_destination", "new_destination"]
    assert fare.total_minor == a_quote().option("standard").fare.total_minor, "there and back again"
    changed = elsewhere(a_quote(), (9000, 1200))
    lines, reason = charged(changed, a_drive(20_000.0, 2400, waited_s=600))
    assert reason == FareReason.LONGER
    assert list(lines) == ["quoted_fare", "new_destination", "longer_way", "more_time", "waiting"]


def test_a_ride_elsewhere_that_no_quote_knows_of_is_priced_as_driven() -> None:
    lines, reason = charged(a_quote(), a_drive(4400.0, 660, destination_changed=True))
    assert (lines, reason) == (
        {"quoted_fare": 1380, "longer_way": 44, "more_time": 45},
        FareReason.DESTINATION_CHANGED,
    )
    _, unknown = charged(a_quote(), a_drive(None, 660, credible=False, destination_changed=True))
    assert unknown == FareReason.TRACE_NOT_CREDIBLE


@pytest.mark.parametrize(
    ("driven", "lines"),
    [
        (a_drive(2000.0, 300, ended_early=True), {"shorter_way": -220, "less_time": -225}),
        (a_drive(3900.0, 6000, ended_early=True), {"shorter_way": -11}),
        (a_drive(4400.0, 700, ended_early=True), {}),
        (a_drive(None, 300, credible=False, ended_early=True), {"shorter_way": -220, "less_time": -225}),
        (a_drive(8000.0, 900, ended_early=True), {"longer_way": 440, "more_time": 225}),
    ],
    ids=["half the way", "a traffic jam", "past the end", "no trace", "far round"],
)
def test_a_ride_ended_on_the_way_costs_what_was_driven(driven: AskFinalFare, lines: dict[str, int]) -> None:
    found, reason = charged(a_quote(), driven)
    assert reason == FareReason.ENDED_EARLY
    told = {code: amount for code, amount in found.items() if code != "quoted_fare"}
    if lines:
        assert (told, found["quoted_fare"]) == (lines, 1380)
    else:
        assert sum(found.values()) == 1380


def test_who_gets_out_before_a_zone_does_not_pay_for_it() -> None:
    to_airport = elsewhere(a_quote(), (9000, 1200))
    early = a_drive(3000.0, 500, ended_early=True)
    assert charged(to_airport, early)[0]["zone"] == -400
    assert "zone" not in charged(to_airport, replace(early, ended_at=AIRPORT))[0]


tariffs = st.builds(
    Tariff,
    category=st.just("standard"),
    version=st.just(1),
    valid_from=st.just(datetime(2026, 1, 1, tzinfo=UTC)),
    base=st.integers(0, 5000),
    per_km=st.integers(0, 1000),
    per_minute=st.integers(0, 1000),
    minimum=st.integers(0, 5000),
    booking_fee=st.integers(0, 500),
    tax_rate=st.sampled_from(["0", "0.135", "0.255"]),
    terms=st.builds(
        Terms,
        waiting_free_s=st.integers(0, 300),
        waiting_per_minute=st.integers(0, 200),
        night=st.none() | st.just(Night(NOW.time(), NOW.replace(hour=20).time(), "0.2", "UTC")),
        zones=st.sampled_from([(), TERMS.zones, (*TERMS.zones, Zone("Bridge", (60, 24, 61, 26), 150, EITHER, True))]),
        tax_on_top=st.booleans(),
        rounding=st.builds(Rounding, st.sampled_from([1, 5, 100]), st.sampled_from(list(Round))),
    ),
)
ways = st.tuples(st.integers(0, 60_000), st.integers(0, 9000))
rides = st.builds(
    a_drive,
    distance_m=st.none() | st.floats(0, 80_000),
    duration_s=st.floats(0, 12_000),
    credible=st.booleans(),
    waited_s=st.floats(0, 1200),
    ended_early=st.booleans(),
    ended_at=st.sampled_from([None, TOWN, AIRPORT]),
    destination_changed=st.booleans(),
)


@given(tariffs, ways, st.lists(ways, max_size=3), st.integers(10, 30), rides)
def test_whatever_happens_the_lines_add_up_and_begin_with_what_was_quoted(
    tariff: Tariff, way: tuple[int, int], others: list[tuple[int, int]], tenths: int, driven: AskFinalFare
) -> None:
    quote = a_quote(tariff, way, tenths)
    first = quote.option("standard").fare.total_minor
    for number, other in enumerate(others):
        quote = elsewhere(quote, other, AIRPORT if number % 2 else SUBURB, f"q{number + 2}")
    option = quote.option("standard")
    fare, reason = final_fare(quote, driven, TOLERANCE)
    assert sum(line.amount_minor for line in fare.lines) == fare.total_minor >= 0
    assert 0 <= fare.tax_minor <= fare.total_minor
    assert all(line.amount_minor or line.code in ("base", "distance", "time", "quoted_fare") for line in fare.lines)
    if fare.lines != quote.option("standard").fare.lines:
        assert (fare.lines[0].code, fare.lines[0].amount_minor) == ("quoted_fare", first)
    if reason in (FareReason.QUOTED, FareReason.TRACE_NOT_CREDIBLE) and driven.waited_s <= tariff.terms.waiting_free_s:
        assert fare.total_minor == option.fare.total_minor
    assert final_fare(quote, driven, TOLERANCE) == (fare, reason)


@given(tariffs, ways, st.integers(10, 30), rides)
def test_ending_a_ride_early_never_costs_more_than_the_ride_unless_it_went_far_round(
    tariff: Tariff, way: tuple[int, int], tenths: int, driven: AskFinalFare
) -> None:
    quote = a_quote(tariff, way, tenths)
    early = replace(driven, ended_early=True, ended_at=None, waited_s=0.0)
    if early.credible and early.distance_m is not None and early.distance_m > way[0]:
        early = replace(early, distance_m=float(way[0]))
    fare, _ = final_fare(quote, early, TOLERANCE)
    assert fare.total_minor <= quote.option("standard").fare.total_minor


@given(tariffs, ways, rides, st.integers(1, 100), st.none() | st.integers(1, 3000))
def test_what_is_left_to_pay_after_a_code_is_never_below_nothing(
    tariff: Tariff, way: tuple[int, int], driven: AskFinalFare, percent: int, cap: int | None
) -> None:
    quote = replace(a_quote(tariff, way), promo=Promo("CODE", PromoKind.PERCENT, percent=percent, cap_minor=cap))
    fare: Fare = final_fare(quote, driven, TOLERANCE)[0]
    discount = quote.discount_minor(fare, tariff)
    assert 0 <= discount <= fare.total_minor
    assert cap is None or discount <= cap
