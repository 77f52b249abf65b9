"""Fares, in exact arithmetic.

The rule: ride = base + distance + time, raised to the minimum; a night adds its share of the ride, surge multiplies
the ride; zones, tolls, waiting and the booking fee come on top and are not multiplied. Each line is rounded half up to
one minor unit; their sum is brought to the tariff's rounding by a line of its own, which may be below nothing. The fare
is the sum of its lines, so the explanation always adds up. Tax is inside the fare, fare x rate / (1 + rate), or a line
on top of the others, their sum x rate; both rounded half up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from services.pricing.domain.tariff import Tariff
from services.pricing.domain.terms import Met

LABELS = {
    "base": "Base fare",
    "distance": "Distance",
    "time": "Time",
    "minimum": "Up to the minimum fare",
    "night": "Night",
    "surge": "High demand",
    "waiting": "Waiting",
    "booking_fee": "Booking fee",
    "tax": "Tax",
    "rounding": "Rounding",
}


@dataclass(frozen=True, slots=True)
class FareLine:
    """One line of the explanation, minor units. `values`: the numbers that its label tells in words."""

    code: str
    label: str
    amount_minor: int
    values: Mapping[str, int] | None = None


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


def whole(measured: float | Fraction) -> int:
    """Metres or seconds as fares count them: whole ones, half up. The float ends here."""
    return max(0, floor(Fraction(measured) + Fraction(1, 2)))


def tax_inside(total_minor: int, rate: Fraction) -> int:
    """The part of a price with tax that is tax."""
    return rounded(total_minor * rate / (1 + rate))


NOTHING_MET = Met()


def fare_of(tariff: Tariff, distance_m: int, duration_s: int, surge: Fraction, terms: Met = NOTHING_MET) -> Fare:
    """The fare of a ride of so many whole metres and seconds. `surge` is the multiplier, 1 or more; `terms`: what of
    the tariff's terms the ride meets.

    Raises ValueError for a negative distance or duration or a multiplier below 1.
    """
    if distance_m < 0 or duration_s < 0 or surge < 1:
        raise ValueError("a ride has no negative length, and surge never lowers a fare")
    distance = rounded(Fraction(tariff.per_km * distance_m, 1000))
    time = rounded(Fraction(tariff.per_minute * duration_s, 60))
    metered = tariff.base + distance + time
    top_up = max(0, tariff.minimum - metered)
    night = tariff.terms.night
    lines = [_line("base", tariff.base), _line("distance", distance), _line("time", time)]
    lines += _if_any("minimum", top_up)
    if terms.is_night and night is not None:
        lines += _if_any("night", rounded((metered + top_up) * Fraction(night.share)))
    lines += _if_any("surge", rounded((metered + top_up) * (surge - 1)))
    lines += [
        FareLine("toll" if zone.toll else "zone", f"Toll: {zone.name}" if zone.toll else zone.name, zone.amount)
        for zone in terms.zones
        if zone.amount
    ]
    lines += _waiting(tariff, terms.waited_s)
    lines += _if_any("booking_fee", tariff.booking_fee)
    return _taxed_and_rounded(tariff, lines)


def _line(code: str, amount_minor: int) -> FareLine:
    return FareLine(code, LABELS[code], amount_minor)


def _if_any(code: str, amount_minor: int) -> list[FareLine]:
    return [_line(code, amount_minor)] if amount_minor else []


def waiting_minor(tariff: Tariff, waited_s: int) -> int:
    """What waiting costs beyond the time that is free."""
    paid_s = max(0, waited_s - tariff.terms.waiting_free_s)
    return rounded(Fraction(tariff.terms.waiting_per_minute * paid_s, 60))


def _waiting(tariff: Tariff, waited_s: int) -> list[FareLine]:
    amount = waiting_minor(tariff, waited_s)
    if not amount:
        return []
    paid_s = waited_s - tariff.terms.waiting_free_s
    label = f"{LABELS['waiting']} ({max(1, rounded(Fraction(paid_s, 60)))} min)"
    return [FareLine("waiting", label, amount, {"waited_s": waited_s, "paid_s": paid_s})]


def _taxed_and_rounded(tariff: Tariff, lines: list[FareLine]) -> Fare:
    rate, rounding = Fraction(tariff.tax_rate), tariff.terms.rounding
    before = sum(line.amount_minor for line in lines)
    on_top = rounded(before * rate) if tariff.terms.tax_on_top else 0
    total = rounding.of(before + on_top)
    lines += _if_any("tax", on_top) + _if_any("rounding", total - before - on_top)
    tax = min(on_top, total) if tariff.terms.tax_on_top else tax_inside(total, rate)
    return Fare(tuple(lines), tax)
