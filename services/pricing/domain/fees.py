"""Fees for a ride that is not taken, in exact arithmetic: what is taken, the tax in it, and the driver's share."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from services.pricing.domain.fare import rounded, tax_inside
from services.pricing.domain.tariff import Tariff


@dataclass(frozen=True, slots=True)
class Fee:
    """`amount_minor` is what the rider pays: tax, the driver's share, and what the platform keeps."""

    amount_minor: int
    tax_minor: int
    driver_share_minor: int


@dataclass(frozen=True, slots=True)
class CancelFees:
    """What a category's terms make of a cancellation and of a no-show."""

    cancellation: Fee
    no_show: Fee


def cancel_fees(tariff: Tariff, fare_minor: int) -> CancelFees:
    """The fees of a ride with this fare; neither is more than the fare."""
    terms = tariff.terms.cancellation
    return CancelFees(
        _fee(tariff, terms.fee, Fraction(terms.driver_share), fare_minor),
        _fee(tariff, terms.no_show_fee, Fraction(terms.no_show_driver_share), fare_minor),
    )


def _fee(tariff: Tariff, asked_minor: int, share: Fraction, most_minor: int) -> Fee:
    """Tax and rounding as in the tariff's fares; the share is of what is left without tax, half up."""
    rate = Fraction(tariff.tax_rate)
    on_top = rounded(asked_minor * rate) if tariff.terms.tax_on_top else 0
    amount = min(tariff.terms.rounding.of(asked_minor + on_top), most_minor)
    tax = tax_inside(amount, rate)
    return Fee(amount, tax, rounded((amount - tax) * share))
