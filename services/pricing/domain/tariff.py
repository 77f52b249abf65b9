"""Tariffs: dated and versioned prices of a city's categories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from services.pricing.domain.terms import NO_TERMS, Terms

AMOUNTS = ("base", "per_km", "per_minute", "minimum", "booking_fee")


@dataclass(frozen=True, slots=True)
class Tariff:
    """What a category costs from `valid_from` on, in minor units. `tax_rate` is on the price without tax."""

    category: str
    version: int
    valid_from: datetime
    base: int
    per_km: int
    per_minute: int
    minimum: int
    booking_fee: int
    tax_rate: str
    terms: Terms = NO_TERMS

    def __post_init__(self) -> None:
        for name in AMOUNTS:
            amount = getattr(self, name)
            if isinstance(amount, bool) or not isinstance(amount, int) or amount < 0:
                raise ValueError(f"tariff {self.category} v{self.version}: {name} is not a whole number of minor units")
        if not 0 <= Fraction(self.tax_rate) < 1:
            raise ValueError(f"tariff {self.category} v{self.version}: the tax rate is not a share")

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any], time_zone: str = "UTC") -> Tariff:
        """A tariff from the settings or from a stored quote. `time_zone`: the city's. Raises KeyError, ValueError."""
        valid_from = datetime.fromisoformat(str(raw["valid_from"]))
        if valid_from.tzinfo is None:
            raise ValueError(f"tariff {raw['category']}: valid_from has no time zone")
        # through its text: 0.135 is exact as a decimal, not as a binary float
        rate = str(raw.get("tax_rate", raw.get("tax_share", "0")))
        return cls(
            category=str(raw["category"]),
            version=int(raw["version"]),
            valid_from=valid_from.astimezone(UTC),
            tax_rate=rate,
            terms=Terms.from_dict(raw, time_zone),
            **{name: raw[name] for name in AMOUNTS},
        )

    def as_dict(self) -> dict[str, Any]:
        """The copy that is kept with a quote."""
        return {
            "category": self.category,
            "version": self.version,
            "valid_from": self.valid_from.isoformat(),
            "tax_rate": self.tax_rate,
            **{name: getattr(self, name) for name in AMOUNTS},
            **self.terms.as_dict(),
        }


def in_force(tariffs: Iterable[Tariff], at: datetime) -> list[Tariff]:
    """One tariff a category: the last to become valid, of equally old ones the highest version.

    Categories keep the order in which they first appear.
    """
    chosen: dict[str, Tariff] = {}
    for tariff in tariffs:
        if tariff.valid_from > at:
            continue
        known = chosen.get(tariff.category)
        if known is None or (known.valid_from, known.version) < (tariff.valid_from, tariff.version):
            chosen[tariff.category] = tariff
    return list(chosen.values())
