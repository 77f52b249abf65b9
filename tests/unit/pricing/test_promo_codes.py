"""What a promo code takes off a fare, and why one cannot be used."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansom.contracts.promos import PromoKind, PromoReason
from services.pricing.domain.promo import Hope, Promo, PromoCode, why_not
from services.pricing.domain.terms import EXACT, Round, Rounding

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FIXED, PERCENT = PromoKind.FIXED, PromoKind.PERCENT

promos = st.one_of(
    st.builds(Promo, st.just("A-CODE"), st.just(FIXED), amount_minor=st.integers(1, 20_000)),
    st.builds(
        Promo,
        st.just("A-CODE"),
        st.just(PERCENT),
        percent=st.integers(1, 100),
        cap_minor=st.none() | st.integers(1, 20_000),
    ),
)
roundings = st.builds(Rounding, st.sampled_from([1, 5, 10, 100]), st.sampled_from(list(Round)))


def off(promo: Promo, fare_minor: int, rounding: Rounding = EXACT) -> int:
    return promo.discount_minor(fare_minor, rounding)


def test_an_amount_is_taken_off_as_far_as_the_fare_goes() -> None:
    five_euros = Promo("FIVE", FIXED, amount_minor=500)
    assert [off(five_euros, fare) for fare in (1380, 501, 500, 499, 0)] == [500, 500, 500, 499, 0]


def test_hundredths_are_rounded_half_up_and_end_at_the_cap() -> None:
    fifth = Promo("FIFTH", PERCENT, percent=20, cap_minor=300)
    assert [off(fifth, fare) for fare in (1000, 1002, 1003, 1500, 9000)] == [200, 200, 201, 300, 300]
    assert off(Promo("ALL", PERCENT, percent=100), 1385, Rounding(10)) == 1385, "free is free"


def test_what_is_left_to_pay_keeps_to_the_tariffs_rounding() -> None:
    assert off(Promo("FIFTH", PERCENT, percent=20), 1385, Rounding(5)) == 275
    assert off(Promo("ODD", FIXED, amount_minor=333), 1385, Rounding(5)) == 330


@given(promos, st.integers(0, 100_000), roundings)
def test_a_discount_is_never_more_than_the_fare_the_amount_or_the_cap(
    promo: Promo, steps: int, rounding: Rounding
) -> None:
    fare = steps * rounding.to
    discount = off(promo, fare, rounding)
    assert type(discount) is int
    assert 0 <= discount <= fare
    assert discount <= (promo.amount_minor or promo.cap_minor or fare)
    assert (fare - discount) % rounding.to == 0
    assert discount <= off(promo, fare + rounding.to, rounding), "of a higher fare no less"


@given(promos)
def test_the_copy_in_a_quote_is_the_code(promo: Promo) -> None:
    assert Promo.from_dict(promo.as_dict()) == promo


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": FIXED},
        {"kind": FIXED, "amount_minor": 0},
        {"kind": FIXED, "amount_minor": 100, "percent": 10},
        {"kind": FIXED, "amount_minor": 100, "cap_minor": 50},
        {"kind": PERCENT},
        {"kind": PERCENT, "percent": 0},
        {"kind": PERCENT, "percent": 101},
        {"kind": PERCENT, "percent": 10, "cap_minor": 0},
    ],
    ids=str,
)
def test_a_code_takes_something_off_and_no_more_than_all(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="promo code"):
        Promo("A-CODE", **wrong)


def a_code(**more: Any) -> PromoCode:
    code = PromoCode(
        promo=Promo("A-CODE", FIXED, amount_minor=500),
        currency="EUR",
        first_ride=False,
        valid_from=NOON,
        valid_until=NOON + timedelta(hours=1),
        uses_max=10,
        uses_per_rider=1,
        cities=("helsinki",),
        uses=9,
        note=None,
        created_at=NOON,
        created_by="ops",
    )
    return replace(code, **more)


A_HOPE = Hope("helsinki", "EUR", uses=0, had_a_ride=True, at=NOON)


@pytest.mark.parametrize(
    ("code", "hope", "reason"),
    [
        ({}, {}, None),
        ({}, {"at": NOON - timedelta(seconds=1)}, PromoReason.NOT_YET),
        ({}, {"at": NOON + timedelta(minutes=59)}, None),
        ({}, {"at": NOON + timedelta(hours=1)}, PromoReason.OVER),
        ({"valid_until": None}, {"at": NOON + timedelta(days=900)}, None),
        ({}, {"city": "turku"}, PromoReason.OTHER_CITY),
        ({"cities": None}, {"city": "turku"}, None),
        ({"cities": None}, {"city": "malmo", "currency": "SEK"}, PromoReason.OTHER_CITY),
        ({}, {"uses": 1}, PromoReason.USED_BY_YOU),
        ({"uses_per_rider": None}, {"uses": 8}, None),
        ({"first_ride": True}, {}, PromoReason.NOT_FIRST_RIDE),
        ({"first_ride": True}, {"had_a_ride": False}, None),
        ({"uses": 10}, {}, PromoReason.USED_UP),
        ({"uses": 10, "uses_max": None}, {}, None),
        ({"disabled_at": NOON, "disabled_by": "ops"}, {"uses": 1}, PromoReason.DISABLED),
    ],
    ids=str,
)
def test_a_code_cannot_be_used_for_one_reason(
    code: dict[str, Any], hope: dict[str, Any], reason: PromoReason | None
) -> None:
    assert why_not(a_code(**code), replace(A_HOPE, **hope)) == reason
