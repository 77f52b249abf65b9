"""Who bears a refund."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.domain.money_rules import Split
from services.payments.domain.refund import Borne, borne, together

FARE = Split(1000, 100, 180)


def test_the_platform_bears_the_drivers_part_unless_it_was_his_fault() -> None:
    assert borne(FARE, Borne(), 500, by_driver=False) == Borne(50, 450, 0)
    assert borne(FARE, Borne(), 500, by_driver=True) == Borne(50, 90, 360)


def test_all_of_a_fare_is_all_of_its_parts() -> None:
    assert borne(FARE, Borne(), 1000, by_driver=True) == Borne(100, 180, 720)


@pytest.mark.parametrize("amount", [0, -1, 1001])
def test_nothing_and_too_much_are_refused(amount: int) -> None:
    with pytest.raises(ValueError, match="no more than is left"):
        borne(FARE, Borne(), amount, by_driver=True)


@st.composite
def fares_bit_by_bit(draw: st.DrawFn) -> tuple[Split, list[int]]:
    """A fare, and amounts that add up to it."""
    fare = draw(st.integers(1, 100_000))
    tax = draw(st.integers(0, fare))
    fee = draw(st.integers(0, fare - tax))
    cuts = sorted(draw(st.sets(st.integers(1, fare - 1), max_size=8))) if fare > 1 else []
    return Split(fare, tax, fee), [b - a for a, b in zip([0, *cuts], [*cuts, fare], strict=True)]


@given(fares_bit_by_bit(), st.lists(st.booleans(), min_size=9, max_size=9))
def test_bit_by_bit_never_gives_back_more_than_each_got(case: tuple[Split, list[int]], whose: list[bool]) -> None:
    fare, amounts = case
    given_back: list[Borne] = []
    for amount, by_driver in zip(amounts, whose, strict=False):
        parts = borne(fare, together(given_back), amount, by_driver=by_driver)
        assert parts.amount_minor == amount
        assert min(parts.tax_minor, parts.fee_minor, parts.share_minor) >= 0
        given_back.append(parts)
    total = together(given_back)
    assert total.amount_minor == fare.fare_minor
    assert total.tax_minor == fare.tax_minor
    assert total.share_minor <= fare.share_minor


@given(fares_bit_by_bit())
def test_a_driver_who_bears_his_part_of_every_bit_bears_his_share_in_the_end(case: tuple[Split, list[int]]) -> None:
    fare, amounts = case
    given_back: list[Borne] = []
    for amount in amounts:
        given_back.append(borne(fare, together(given_back), amount, by_driver=True))
    assert abs(together(given_back).share_minor - fare.share_minor) <= len(amounts)
