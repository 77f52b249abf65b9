"""Who gets what of a fare, in whole minor units.

tax = the tax inside the fare; fee = (fare - tax) x PLATFORM_FEE_SHARE, rounded half up; the driver's share is the rest.
So fare = tax + fee + share always, and no unit is lost to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor


@dataclass(frozen=True, slots=True)
class Split:
    """A fare's parts, minor units of one currency; none is negative."""

    fare_minor: int
    tax_minor: int
    fee_minor: int

    @property
    def share_minor(self) -> int:
        """The driver's."""
        return self.fare_minor - self.tax_minor - self.fee_minor


def rounded(amount: Fraction) -> int:
    """Half up."""
    return floor(amount + Fraction(1, 2))


def tax_inside(fare_minor: int, rate: Fraction) -> int:
    """The tax in a price that includes it, at `rate` on the price without."""
    return rounded(fare_minor * rate / (1 + rate))


def split(fare_minor: int, tax_minor: int, fee_share: Fraction) -> Split:
    """The parts of a fare. Raises ValueError: a negative amount, more tax than fare, a share outside 0 to 1."""
    if not 0 <= tax_minor <= fare_minor or not 0 <= fee_share <= 1:
        raise ValueError("a fare has tax between nothing and all of it, and a fee share between 0 and 1")
    return Split(fare_minor, tax_minor, rounded((fare_minor - tax_minor) * fee_share))
