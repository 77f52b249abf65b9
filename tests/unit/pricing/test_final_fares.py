"""The final fare: the quoted one, unless the ride was another."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansom.contracts.pricing import AskFinalFare, CategoryNotInQuote, FareReason, SurgeCode
from hansom.values import Point
from services.pricing.domain.fare import fare_of
from services.pricing.domain.final import final_fare
from services.pricing.domain.quote import Errand, Quote, Route, options_of
from services.pricing.domain.reasons import Surge
from services.pricing.domain.tariff import Tariff
from services.pricing.domain.terms import Terms
from tests.support.fares import a_drive

TOLERANCE = Fraction("0.25")
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
STANDARD = Tariff("standard", 1, datetime(2026, 1, 1, tzinfo=UTC), 390, 110, 45, 700, 100, "0.135")


def a_quote(distance_m: int = 4000, duration_s: int = 600, surge_tenths: int = 12) -> Quote:
    route = Route("helsinki", distance_m, duration_s, (Point(60.17, 24.94), Point(60.18, 24.95)))
    surge = Surge(surge_tenths, SurgeCode.HIGH_DEMAND, "Busy.")
    ends = route.line[0], route.line[-1]
    options = options_of([STANDARD], route, surge, Errand(*ends, NOW), {"standard": 120.0})
    return Quote("q", "r", "EUR", *ends, route, surge, options, NOW, NOW + timedelta(seconds=300))


def price(driven: AskFinalFare) -> tuple[int, FareReason]:
    fare, reason = final_fare(a_quote(), driven, TOLERANCE)
    return fare.total_minor, reason


QUOTED = a_quote().option("standard").fare.total_minor


@pytest.mark.parametrize("driven_m", [4000.0, 5000.0, 3000.0])
def test_a_ride_within_the_tolerance_costs_what_was_quoted(driven_m: float) -> None:
    assert price(a_drive(driven_m, 3000)) == (QUOTED, FareReason.QUOTED)


def test_a_detour_beyond_the_tolerance_is_priced_as_driven_by_the_quotes_own_tariff_and_surge() -> None:
    expected = fare_of(STANDARD, 5001, 900, Fraction(12, 10)).total_minor
    assert price(a_drive(5001.0, 900)) == (expected, FareReason.LONGER)


def test_a_ride_cut_short_costs_less() -> None:
    fare, reason = price(a_drive(2000.0, 300))
    assert reason == FareReason.SHORTER
    assert fare < QUOTED


@pytest.mark.parametrize("driven", [a_drive(None, 600), a_drive(90_000.0, 600, credible=False)])
def test_a_trace_that_is_missing_or_not_credible_leaves_the_quoted_fare(driven: AskFinalFare) -> None:
    assert price(driven) == (QUOTED, FareReason.TRACE_NOT_CREDIBLE)


def test_a_category_that_was_not_quoted_has_no_fare() -> None:
    with pytest.raises(CategoryNotInQuote):
        final_fare(a_quote(), a_drive(1.0, 1, category="limousine"), TOLERANCE)


@given(st.floats(0, 1e6, allow_nan=False), st.floats(0, 1e5, allow_nan=False), st.booleans())
def test_a_final_fare_is_the_same_however_often_it_is_asked(driven_m: float, driven_s: float, credible: bool) -> None:
    driven = a_drive(driven_m, driven_s, credible)
    first = final_fare(a_quote(), driven, TOLERANCE)
    assert first == final_fare(a_quote(), driven, TOLERANCE)
    assert type(first[0].total_minor) is int


def test_waiting_is_added_to_the_quoted_fare_and_to_a_longer_one() -> None:
    quote = a_quote()
    waits = replace(STANDARD, terms=Terms(waiting_free_s=180, waiting_per_minute=60))
    option = replace(quote.option("standard"), tariff=waits)
    quote = replace(quote, options=(option,))
    driven = a_drive(4000.0, 600, waited_s=420)
    fare, reason = final_fare(quote, driven, TOLERANCE)
    assert (fare.total_minor, reason) == (QUOTED + 240, FareReason.WAITED)
    assert [line.label for line in fare.lines if line.code == "waiting"] == ["Waiting (4 min)"]
    longer, why = final_fare(quote, replace(driven, distance_m=9000.0), TOLERANCE)
    assert (why, longer.total_minor > fare.total_minor) == (FareReason.LONGER, True)
    kept, still = final_fare(quote, replace(driven, waited_s=180), TOLERANCE)
    assert (kept, still) == (option.fare, FareReason.QUOTED)
    untold, untold_why = final_fare(quote, replace(driven, distance_m=None), TOLERANCE)
    assert (untold.total_minor, untold_why) == (QUOTED + 240, FareReason.TRACE_NOT_CREDIBLE)
