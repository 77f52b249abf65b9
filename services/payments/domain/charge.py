"""A charge: what a rider pays for a trip - its ride, its cancellation, a tip - and what came of asking for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from hansom.contracts.payments import ChargeKind, ChargeState
from services.payments.domain.money_rules import Split, split

MOST_MINOR = 10**12
"""More than any ride costs in any currency: an amount beyond it is a mistake."""

FEES = frozenset({ChargeKind.CANCELLATION, ChargeKind.NO_SHOW})
"""What a trip costs that never became a ride."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the fare's explanation, minor units. `values`: the numbers that its label tells, such as `driven_m`,
    for documents in other languages."""

    code: str
    label: str
    amount_minor: int
    values: Mapping[str, Any] | None = field(default=None, hash=False)


@dataclass(frozen=True, slots=True)
class SettledRide:
    """What a trip is charged for, once that is final: its ride, or by `kind` its cancellation, a no-show or a tip.

    The lines add up to the fare; `method` is None for the rider's usual one. `discount_minor` is what the platform pays
    of the fare. `share_minor` is the driver's part where it is agreed (None: what the platform's fee leaves).
    `tip_max_minor`: no tip is higher; 0: none may be given; None: nobody said. `completed_at`: when the ride ended, the
    trip was cancelled, the tip was given. `cause`: the event or request that it follows from.
    """

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
    kind: ChargeKind = ChargeKind.RIDE
    discount_minor: int = 0
    promo_code: str | None = None
    share_minor: int | None = None
    tip_max_minor: int | None = None

    def __post_init__(self) -> None:
        for amount in (self.fare_minor, self.tax_minor, self.discount_minor, self.share_minor or 0):
            if isinstance(amount, bool) or not isinstance(amount, int) or not 0 <= amount <= MOST_MINOR:
                raise ValueError(f"trip {self.trip_id}: an amount is not a whole number of minor units")
        if self.tax_minor > self.fare_minor:
            raise ValueError(f"trip {self.trip_id}: more tax than fare")
        if self.discount_minor > (self.fare_minor if self.kind == ChargeKind.RIDE else 0):
            raise ValueError(f"trip {self.trip_id}: more discount than fare")
        if self.tax_minor + (self.share_minor or 0) > self.fare_minor:
            raise ValueError(f"trip {self.trip_id}: a share and tax of more than the fare")
        if not all(isinstance(id_, str) and id_ for id_ in (self.trip_id, self.rider_id, self.driver_id)):
            raise ValueError(f"trip {self.trip_id}: a party is missing")
        if sum(line.amount_minor for line in self.lines) != self.fare_minor:
            raise ValueError(f"trip {self.trip_id}: the lines do not add up to the fare")

    @property
    def to_pay_minor(self) -> int:
        """What the rider pays."""
        return self.fare_minor - self.discount_minor


def parts_of(ride: SettledRide, fee_share: Fraction) -> Split:
    """Who gets what of it: a part that was agreed is the driver's, otherwise what `fee_share` leaves."""
    if ride.share_minor is None:
        return split(ride.fare_minor, ride.tax_minor, fee_share)
    return Split(ride.fare_minor, ride.tax_minor, ride.fare_minor - ride.tax_minor - ride.share_minor)


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge of a trip: one of a kind. Its `id` is the key by which the provider knows it."""

    id: str
    ride: SettledRide
    method: str
    fee_minor: int
    state: ChargeState
    created_at: datetime

    @property
    def kind(self) -> ChargeKind:
        return self.ride.kind

    @property
    def to_pay_minor(self) -> int:
        return self.ride.to_pay_minor

    @property
    def parts(self) -> Split:
        return Split(self.ride.fare_minor, self.ride.tax_minor, self.fee_minor)


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
    """What the provider said of a charge: captured with its reference, failed with a reason in a word, or pending: it
    has the charge and will tell."""

    state: ChargeState
    reference: str | None
    reason: str | None


def ride_of(data: Mapping[str, Any], cause: str, completed_at: datetime, tax_minor: int) -> SettledRide:
    """A ride from the data of `trip_settled`. Raises KeyError, ValueError, TypeError when it is not one.

    Without a breakdown in the event the fare is one line; events of the version before know no discounts and tips.
    """
    trip = data["trip"]
    fare = trip["fare"]
    discount, tip_max = data.get("discount"), data.get("tip_max")
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
        discount_minor=minor_of(discount, fare["currency"]) if discount else 0,
        promo_code=data.get("promo_code"),
        tip_max_minor=_tip_max(tip_max, fare["currency"]) if "tip_max" in data else None,
    )


def fee_of(data: Mapping[str, Any], cause: str, cancelled_at: datetime) -> SettledRide:
    """What cancelling a trip, or not coming, costs: from the data of a `trip_cancelled` that has a `fee`.

    Raises KeyError, ValueError, TypeError when it is none.
    """
    trip, fee = data["trip"], data["fee"]
    amount = fee["amount"]
    kind = ChargeKind(fee["kind"])
    if kind not in FEES:
        raise ValueError(f"trip {trip['id']}: {kind} is no fee")
    return SettledRide(
        trip_id=trip["id"],
        rider_id=trip["rider_id"],
        driver_id=data.get("driver_id") or trip["driver_id"],
        city=trip["city"],
        category=trip["category"],
        currency=amount["currency"],
        fare_minor=amount["amount_minor"],
        tax_minor=minor_of(fee["tax"], amount["currency"]),
        lines=(Line(f"{kind.value}_fee", fee["label"], amount["amount_minor"]),),
        method=trip.get("payment_method"),
        fare_reason=fee.get("reason"),
        distance_m=None,
        duration_s=None,
        completed_at=cancelled_at,
        cause=cause,
        kind=kind,
        share_minor=minor_of(fee["driver_share"], amount["currency"]),
    )


def tip_of(ride: SettledRide, amount_minor: int, method: str, given_at: datetime, cause: str) -> SettledRide:
    """A tip for a ride: all the driver's."""
    return replace(
        ride,
        kind=ChargeKind.TIP,
        fare_minor=amount_minor,
        tax_minor=0,
        lines=(Line("tip", "Tip", amount_minor),),
        method=method,
        fare_reason=None,
        distance_m=None,
        duration_s=None,
        completed_at=given_at,
        cause=cause,
        discount_minor=0,
        promo_code=None,
        share_minor=amount_minor,
        tip_max_minor=None,
    )


def _tip_max(raw: Mapping[str, Any] | None, currency: str) -> int:
    return minor_of(raw, currency) if raw is not None else 0


def minor_of(raw: Mapping[str, Any], currency: str) -> int:
    """The minor units of Money in its wire form. Raises ValueError when it is of another currency, or not whole."""
    if raw["currency"] != currency:
        raise ValueError("an amount of another currency")
    minor = raw["amount_minor"]
    if isinstance(minor, bool) or not isinstance(minor, int):
        raise ValueError("an amount is not a whole number of minor units")
    return minor


def _line(raw: Mapping[str, Any], currency: str) -> Line:
    amount = raw["amount"]
    return Line(raw["code"], raw["label"], minor_of(amount, currency), raw.get("values") or None)
