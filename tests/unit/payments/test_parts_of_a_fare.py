"""Who gets what of a fare, and how it is posted."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.domain.ledger import (
    Account,
    Entry,
    Posting,
    card_payment_entries,
    cash_payment_entries,
    payout_entries,
    ride_entries,
)
from services.payments.domain.money_rules import split, tax_inside

AT = datetime(2026, 3, 2, tzinfo=UTC)
shares = st.fractions(0, 1, max_denominator=1000)


def test_tax_comes_off_first_then_the_platforms_share_of_the_rest() -> None:
    parts = split(1135, tax_inside(1135, Fraction("0.135")), Fraction("0.2"))
    assert (parts.tax_minor, parts.fee_minor, parts.share_minor) == (135, 200, 800)


@pytest.mark.parametrize("wrong", [(100, 101, Fraction(0)), (100, -1, Fraction(0)), (100, 0, Fraction(2))])
def test_parts_that_cannot_be_are_refused(wrong: tuple[int, int, Fraction]) -> None:
    with pytest.raises(ValueError, match="a fare has tax"):
        split(*wrong)


@given(st.integers(0, 10**9), shares, st.sampled_from(["0", "0.1", "0.135", "0.255"]))
def test_no_minor_unit_is_lost_between_the_parts(fare_minor: int, fee_share: Fraction, rate: str) -> None:
    parts = split(fare_minor, tax_inside(fare_minor, Fraction(rate)), fee_share)
    assert parts.tax_minor + parts.fee_minor + parts.share_minor == fare_minor
    assert min(parts.tax_minor, parts.fee_minor, parts.share_minor) >= 0


@given(st.integers(0, 10**9), shares, st.sampled_from(["0", "0.135"]), st.booleans())
def test_a_ride_its_payment_and_its_payout_leave_nothing_owed(
    fare_minor: int, fee_share: Fraction, rate: str, in_cash: bool
) -> None:
    parts = split(fare_minor, tax_inside(fare_minor, Fraction(rate)), fee_share)
    entries = list(ride_entries("r", "d", parts, "EUR"))
    entries += (
        cash_payment_entries("r", "d", fare_minor, "EUR") if in_cash else card_payment_entries("r", fare_minor, "EUR")
    )
    owed_minor = parts.share_minor - (fare_minor if in_cash else 0)
    entries += payout_entries("d", owed_minor, "EUR")
    balances: dict[str, int] = {}
    for entry in entries:
        balances[entry.account.kind] = balances.get(entry.account.kind, 0) + entry.amount_minor
    assert sum(balances.values()) == 0
    assert balances.get("rider", 0) == balances.get("driver", 0) == 0
    assert balances.get("revenue", 0) == -parts.fee_minor
    assert balances.get("tax", 0) == -parts.tax_minor


def test_a_posting_that_does_not_sum_to_zero_cannot_be_made() -> None:
    one = Entry(Account("rider", "r", "EUR"), 100)
    with pytest.raises(ValueError, match="does not sum to zero"):
        Posting("ride", "c", "e", AT, (one, Entry(Account("clearing", "", "EUR"), -99)))
    with pytest.raises(ValueError, match="does not sum to zero"):
        Posting("ride", "c", "e", AT, (one, Entry(Account("clearing", "", "SEK"), -100)))
