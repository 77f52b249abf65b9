"""Fares, in exact arithmetic.

The rule: ride = base + distance + time, raised to the minimum; surge multiplies the ride; the booking fee comes on top.
Each line is rounded half up to one minor unit and the fare is the sum of its lines, so the explanation always adds up.
Tax is inside the fare: fare x rate / (1 + rate), rounded half up.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor

from services.pricing.domain.tariff import Tariff

LABELS = {
    "base": "Base fare",
    "distance": "Distance",
    "time": "Time",
    "minimum": "Up to the minimum fare",
    "surge": "High demand",
    "booking_fee": "Booking fee",
}


@dataclass(frozen=True, slots=True)
class FareLine:
    """One line of the explanation, minor units."""

    code: str
    label: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Fare:
    """A fare with its lines and the tax in it, minor units of one currency."""

    lines: tuple[FareLine, ...]
    tax_minor: int

    @property
    def total_minor(self) -> int:
        return sum(line.amount_minor for line in self.lines)


def rounded(amount: Fraction) -> int:
    """Half up to a whole minor unit; amounts here are never negative."""
    return floor(amount + Fraction(1, 2))


def whole(measured: float) -> int:
    """Metres or seconds as fares count them: whole ones, half up. The float ends here."""
    return max(0, floor(Fraction(measured) + Fraction(1, 2)))


def tax_inside(total_minor: int, rate: Fraction) -> int:
    """The part of a price with tax that is tax."""
    return rounded(total_minor * rate / (1 + rate))


def fare_of(tariff: Tariff, distance_m: int, duration_s: int, surge: Fraction) -> Fare:
    """The fare of a ride of so many whole metres and seconds. `surge` is the multiplier, 1 or more.

    Raises ValueError for a negative distance or duration or a multiplier below 1.
    """
    if distance_m < 0 or duration_s < 0 or surge < 1:
        raise ValueError("a ride has no negative length, and surge never lowers a fare")
    distance = rounded(Fraction(tariff.per_km * distance_m, 1000))
    time = rounded(Fraction(tariff.per_minute * duration_s, 60))
    metered = tariff.base + distance + time
    top_up = max(0, tariff.minimum - metered)
    amounts = {
        "base": tariff.base,
        "distance": distance,
        "time": time,
        "minimum": top_up,
        "surge": rounded((metered + top_up) * (surge - 1)),
        "booking_fee": tariff.booking_fee,
    }
    always = {"base", "distance", "time"}
    lines = tuple(FareLine(code, LABELS[code], amount) for code, amount in amounts.items() if amount or code in always)
    return Fare(lines, tax_inside(sum(amounts.values()), Fraction(tariff.tax_rate)))
