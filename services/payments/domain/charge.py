"""A charge: what one settled ride costs its rider, and what came of asking for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hansom.contracts.payments import ChargeState

MOST_MINOR = 10**12
"""More than any ride costs in any currency: an amount beyond it is a mistake."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the fare's explanation, minor units."""

    code: str
    label: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class SettledRide:
    """A ride whose fare is final. The lines add up to the fare; `method` is None for the rider's usual one."""

    trip_id: str
    rider_id: str
    driver_id: str
    city: str
    category: str
    currency: str
    fare_minor: int
    tax_minor: int
    lines: tuple[Line, ...]
    method: str | None
    fare_reason: str | None
    distance_m: float | None
    duration_s: float | None
    completed_at: datetime
    cause: str

    def __post_init__(self) -> None:
        for amount in (self.fare_minor, self.tax_minor):
            if isinstance(amount, bool) or not isinstance(amount, int) or not 0 <= amount <= MOST_MINOR:
                raise ValueError(f"trip {self.trip_id}: an amount is not a whole number of minor units")
        if self.tax_minor > self.fare_minor:
            raise ValueError(f"trip {self.trip_id}: more tax than fare")
        if not all(isinstance(id_, str) and id_ for id_ in (self.trip_id, self.rider_id, self.driver_id)):
            raise ValueError(f"trip {self.trip_id}: a party is missing")
        if sum(line.amount_minor for line in self.lines) != self.fare_minor:
            raise ValueError(f"trip {self.trip_id}: the lines do not add up to the fare")


@dataclass(frozen=True, slots=True)
class Charge:
    """The one charge of a trip. Its `id` is the key by which the provider knows it."""

    id: str
    ride: SettledRide
    method: str
    fee_minor: int
    state: ChargeState
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Debt:
    """What a rider owes because his charge failed, minor units."""

    charge_id: str
    rider_id: str
    amount_minor: int
    currency: str
    reason: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the provider said of a charge: captured with its reference, or failed with a reason in a word."""

    state: ChargeState
    reference: str | None
    reason: str | None


def ride_of(data: Mapping[str, Any], cause: str, completed_at: datetime, tax_minor: int) -> SettledRide:
    """A ride from the data of `trip_settled`. Raises KeyError, ValueError, TypeError when it is not one.

    Without a breakdown in the event the fare is one line.
    """
    trip = data["trip"]
    fare = trip["fare"]
    lines = tuple(_line(raw, fare["currency"]) for raw in data.get("breakdown") or ())
    return SettledRide(
        trip_id=trip["id"],
        rider_id=trip["rider_id"],
        driver_id=trip["driver_id"],
        city=trip["city"],
        category=trip["category"],
        currency=fare["currency"],
        fare_minor=fare["amount_minor"],
        tax_minor=tax_minor,
        lines=lines or (Line("fare", "Fare", fare["amount_minor"]),),
        method=trip.get("payment_method"),
        fare_reason=trip.get("fare_reason"),
        distance_m=trip.get("distance_m"),
        duration_s=trip.get("duration_s"),
        completed_at=completed_at,
        cause=cause,
    )


def _line(raw: Mapping[str, Any], currency: str) -> Line:
    amount = raw["amount"]
    if amount["currency"] != currency:
        raise ValueError("a line of another currency")
    return Line(raw["code"], raw["label"], amount["amount_minor"])
