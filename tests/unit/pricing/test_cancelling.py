"""What cancelling and not coming cost, and the highest tip."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.pricing.domain.cancelling import FREE, Cancellation
from services.pricing.domain.fees import Fee, cancel_fees
from services.pricing.domain.tariff import Tariff
from services.pricing.domain.terms import Round, Rounding, Terms

AMOUNTS = {"base": 390, "per_km": 110, "per_minute": 45, "minimum": 700, "booking_fee": 100}
PLAIN = {"category": "standard", "version": 1, "valid_from": "2026-01-01T00:00:00Z", "tax_share": 0.135, **AMOUNTS}
TERMS = {"free_s": 120, "late_s": 300, "fee": 400, "driver_share": 0.7}
NO_SHOW = {"no_show_after_s": 300, "no_show_fee": 600, "no_show_driver_share": 0.8}


def a_tariff(**terms: Any) -> Tariff:
    return Tariff.from_dict({**PLAIN, **terms}, "Europe/Helsinki")


def test_a_fee_has_its_tax_and_the_drivers_share_in_it() -> None:
    fees = cancel_fees(a_tariff(cancellation={**TERMS, **NO_SHOW}), 1380)
    assert fees.cancellation == Fee(400, 48, 246)  # 400 - 400 / 1.135, and 0.7 of the 352 that are left
    assert fees.no_show == Fee(600, 71, 423)


def test_a_tariff_without_terms_takes_no_fees() -> None:
    tariff = a_tariff()
    assert tariff.terms.cancellation == FREE and FREE.no_show_after_s is None
    fees = cancel_fees(tariff, 1380)
    assert fees.cancellation == fees.no_show == Fee(0, 0, 0)


def test_a_no_show_costs_what_a_cancellation_does_unless_told_otherwise() -> None:
    terms = a_tariff(cancellation={**TERMS, "no_show_after_s": 240}).terms.cancellation
    assert (terms.no_show_fee, terms.no_show_driver_share) == (400, "0.7")
    assert a_tariff(cancellation=TERMS).terms.cancellation.no_show_fee == 0, "nobody can claim it"


def test_tax_on_top_is_added_to_a_fee() -> None:
    fees = cancel_fees(a_tariff(cancellation=TERMS, tax="on_top"), 1380)
    assert fees.cancellation == Fee(454, 54, 280)


def test_nobody_pays_more_for_not_riding_than_for_riding() -> None:
    assert cancel_fees(a_tariff(cancellation=TERMS), 300).cancellation == Fee(300, 36, 185)


shares = st.integers(0, 100).map(lambda hundredths: f"{hundredths / 100:.2f}")
terms = st.builds(
    Terms,
    tax_on_top=st.booleans(),
    rounding=st.builds(Rounding, st.sampled_from([1, 5, 100]), st.sampled_from(list(Round))),
    cancellation=st.builds(
        Cancellation,
        fee=st.integers(0, 10_000),
        driver_share=shares,
        no_show_after_s=st.integers(1, 900),
        no_show_fee=st.integers(0, 10_000),
        no_show_driver_share=shares,
    ),
)


@given(terms, st.sampled_from(["0", "0.135", "0.255"]), st.integers(0, 20_000))
def test_tax_share_and_what_the_platform_keeps_are_never_below_nothing(terms: Terms, rate: str, fare: int) -> None:
    tariff = Tariff("standard", 1, datetime(2026, 1, 1, tzinfo=UTC), **AMOUNTS, tax_rate=rate, terms=terms)
    fees = cancel_fees(tariff, fare)
    for fee in (fees.cancellation, fees.no_show):
        assert all(type(part) is int for part in (fee.amount_minor, fee.tax_minor, fee.driver_share_minor))
        assert 0 <= fee.amount_minor <= fare
        assert fee.tax_minor >= 0 and fee.driver_share_minor >= 0
        assert fee.tax_minor + fee.driver_share_minor <= fee.amount_minor
    whole_share = Fraction(terms.cancellation.driver_share) == 1
    if whole_share:
        assert fees.cancellation.amount_minor == fees.cancellation.tax_minor + fees.cancellation.driver_share_minor


@pytest.mark.parametrize("also", [{}, NO_SHOW, {"no_show_after_s": 300}], ids=str)
def test_the_copy_in_a_quote_is_what_was_promised(also: dict[str, Any]) -> None:
    tariff = a_tariff(cancellation={**TERMS, **also}, tip_max=5000)
    assert Tariff.from_dict(tariff.as_dict()) == tariff


@pytest.mark.parametrize(
    "wrong",
    [
        {"cancellation": {**TERMS, "fee": -1}},
        {"cancellation": {**TERMS, "fee": 4.5}},
        {"cancellation": {**TERMS, "free_s": True}},
        {"cancellation": {**TERMS, "driver_share": 1.1}},
        {"cancellation": {**TERMS, "no_show_after_s": 0}},
        {"cancellation": {**TERMS, "late_s": 90_000}},
        {"tip_max": -1},
        {"tip_max": 2.5},
    ],
    ids=str,
)
def test_terms_that_make_no_sense_stop_the_service(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        a_tariff(**wrong)
