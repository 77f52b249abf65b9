"""Promo codes: what one takes off a fare, who may use it and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from hansom.contracts.promos import PromoKind, PromoReason, PromoRefused, UseState
from services.pricing.domain.fare import rounded
from services.pricing.domain.terms import Rounding

SENTENCES = {
    PromoReason.UNKNOWN: "There is no such code.",
    PromoReason.NOT_YET: "This code cannot be used yet.",
    PromoReason.OVER: "This code is over.",
    PromoReason.USED_UP: "This code has been used as often as it may be.",
    PromoReason.USED_BY_YOU: "You have used this code already.",
    PromoReason.NOT_FIRST_RIDE: "This code is for a first ride only.",
    PromoReason.OTHER_CITY: "This code is not for rides in this city.",
    PromoReason.DISABLED: "This code is no longer in use.",
}


def refused(code: str, reason: PromoReason) -> PromoRefused:
    """The refusal of a code, with a sentence for the rider."""
    return PromoRefused(SENTENCES[reason], {"reason": reason.value, "code": code})


@dataclass(frozen=True, slots=True)
class Promo:
    """What a code takes off, as it is copied into a quote. Amounts are minor units of the quote's currency.

    Fixed: `amount_minor`. Percent: `percent` hundredths of the fare, at most `cap_minor`.
    """

    code: str
    kind: PromoKind
    amount_minor: int | None = None
    percent: int | None = None
    cap_minor: int | None = None

    def __post_init__(self) -> None:
        is_fixed = self.kind is PromoKind.FIXED
        if is_fixed != (self.amount_minor is not None) or is_fixed == (self.percent is not None):
            raise ValueError(f"promo code {self.code}: an amount or hundredths, and one of them")
        if is_fixed and self.cap_minor is not None:
            raise ValueError(f"promo code {self.code}: an amount has no cap")
        given = [number for number in (self.amount_minor, self.cap_minor, self.percent) if number is not None]
        if min(given) < 1 or (self.percent is not None and self.percent > 100):
            raise ValueError(f"promo code {self.code}: nothing is taken off, or more than all")

    @property
    def label(self) -> str:
        return f"Promo code {self.code}" + (f" ({self.percent} %)" if self.percent is not None else "")

    def discount_minor(self, fare_minor: int, rounding: Rounding) -> int:
        """What is taken off a fare: never more than the fare, the amount or the cap.

        Hundredths are rounded half up to a minor unit; then what is left to pay keeps to the tariff's rounding.
        """
        if self.amount_minor is not None:
            most = self.amount_minor
        else:
            most = rounded(Fraction(fare_minor * (self.percent or 0), 100))
        if self.cap_minor is not None:
            most = min(most, self.cap_minor)
        if most >= fare_minor:
            return fare_minor
        return most // rounding.to * rounding.to

    def as_dict(self) -> dict[str, Any]:
        """The copy that is kept with a quote."""
        return {
            "code": self.code,
            "kind": self.kind.value,
            "amount_minor": self.amount_minor,
            "percent": self.percent,
            "cap_minor": self.cap_minor,
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Promo:
        return cls(raw["code"], PromoKind(raw["kind"]), raw["amount_minor"], raw["percent"], raw["cap_minor"])


@dataclass(frozen=True, slots=True)
class PromoCode:
    """A code with its limits. `uses`: reserved or used by now. `currency`: of its amounts, None when it has none.

    `valid_until` is the first moment at which it is over; `cities` None: all of them.
    """

    promo: Promo
    currency: str | None
    first_ride: bool
    valid_from: datetime
    valid_until: datetime | None
    uses_max: int | None
    uses_per_rider: int | None
    cities: tuple[str, ...] | None
    uses: int
    note: str | None
    created_at: datetime
    created_by: str
    disabled_at: datetime | None = None
    disabled_by: str | None = None

    @property
    def code(self) -> str:
        return self.promo.code


@dataclass(frozen=True, slots=True)
class Hope:
    """Who would use a code, and where. `uses`: the rider's own, reserved or used; `had_a_ride`: so far as is known."""

    city: str
    currency: str
    uses: int
    had_a_ride: bool
    at: datetime


def why_not(code: PromoCode, hope: Hope) -> PromoReason | None:
    """Why a code cannot be used; None when it can."""
    limits = (
        (PromoReason.DISABLED, code.disabled_at is not None),
        (PromoReason.NOT_YET, hope.at < code.valid_from),
        (PromoReason.OVER, code.valid_until is not None and hope.at >= code.valid_until),
        (PromoReason.OTHER_CITY, code.cities is not None and hope.city not in code.cities),
        # amounts of one currency are never taken off fares in another
        (PromoReason.OTHER_CITY, code.currency is not None and code.currency != hope.currency),
        (PromoReason.USED_BY_YOU, code.uses_per_rider is not None and hope.uses >= code.uses_per_rider),
        (PromoReason.NOT_FIRST_RIDE, code.first_ride and hope.had_a_ride),
        (PromoReason.USED_UP, code.uses_max is not None and code.uses >= code.uses_max),
    )
    return next((reason for reason, is_met in limits if is_met), None)


@dataclass(frozen=True, slots=True)
class PromoUse:
    """A trip's one use of a code. `discount_minor`: the quote's while it is reserved, then the final fare's."""

    trip_id: str
    code: str
    rider_id: str
    quote_id: str
    category: str
    state: UseState
    discount_minor: int
    currency: str
    reserved_at: datetime
    resolved_at: datetime | None = None
