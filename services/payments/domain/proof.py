"""What trips and payments must say alike, trip by trip: pure comparisons, each breach in one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hansom.contracts.payment_replies import AuditCheck
from hansom.contracts.payments import AuditCause

SLACK = timedelta(minutes=2)
"""What was settled or charged later than this before the audit began is not judged: its event may be on its way."""

SHOWN = 20
"""Breaches of a check that are named; all are counted."""


@dataclass(frozen=True, slots=True)
class TripMoney:
    """What trips knows of a trip's money. `fee`: kind and amount of a cancellation or no-show that costs."""

    trip_id: str
    rider_id: str
    driver_id: str | None
    currency: str
    fare_minor: int
    discount_minor: int
    settled_at: datetime | None
    cancelled_at: datetime | None
    fee: tuple[str, int] | None
    promo_code: str | None = None

    def is_settled_before(self, moment: datetime) -> bool:
        return self.settled_at is not None and self.settled_at < moment

    def has_fee_before(self, moment: datetime) -> bool:
        return self.fee is not None and self.cancelled_at is not None and self.cancelled_at < moment


@dataclass(frozen=True, slots=True)
class ChargeMoney:
    """What payments knows of a charge."""

    trip_id: str
    kind: str
    rider_id: str
    driver_id: str
    currency: str
    fare_minor: int
    discount_minor: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Audit:
    """What one audit found. `checked` and `broken` are sums over its checks."""

    id: str
    cause: AuditCause
    started_at: datetime
    finished_at: datetime
    checks: Sequence[AuditCheck]

    @property
    def checked(self) -> int:
        return sum(check["checked"] for check in self.checks)

    @property
    def broken(self) -> int:
        return sum(check["broken"] for check in self.checks)


@dataclass(frozen=True, slots=True)
class PromoUse:
    """What pricing knows of a promo code that a trip used."""

    code: str
    rider_id: str
    discount_minor: int
    used_at: datetime


@dataclass(slots=True)
class Tally:
    """A check while it runs."""

    name: str
    checked: int = 0
    broken: int = 0
    breaches: list[str] = field(default_factory=list)

    def look(self, breaches: Iterable[str]) -> None:
        self.checked += 1
        for breach in breaches:
            self.broken += 1
            if len(self.breaches) < SHOWN:
                self.breaches.append(breach)


@dataclass(slots=True)
class Comparison:
    """Trips against charges and promo codes, a page after the other; what is younger than `until` is not judged.

    `uses`: every promo code that was used, by trip.
    """

    until: datetime
    uses: Mapping[str, PromoUse] = field(default_factory=dict)
    rides: Tally = field(default_factory=lambda: Tally("every settled trip has one charge of its fare and discount"))
    fees: Tally = field(default_factory=lambda: Tally("every cancellation that costs has one charge of its fee"))
    orphans: Tally = field(default_factory=lambda: Tally("every charge is of a trip that was driven, or costs a fee"))
    promos: Tally = field(default_factory=lambda: Tally("every discount is a promo code used, and every such code one"))
    _discounted: set[str] = field(default_factory=set)

    @property
    def tallies(self) -> tuple[Tally, ...]:
        return self.rides, self.fees, self.orphans, self.promos

    def compare(self, trips: Sequence[TripMoney], charges: Sequence[ChargeMoney]) -> None:
        """All trips and all charges of one range of trip ids."""
        by_trip: dict[str, list[ChargeMoney]] = {}
        for charge in charges:
            by_trip.setdefault(charge.trip_id, []).append(charge)
        known = {trip.trip_id: trip for trip in trips}
        for trip in trips:
            of_trip = by_trip.get(trip.trip_id, [])
            if trip.is_settled_before(self.until):
                self.rides.look(_breaches(trip, of_trip, "ride", trip.fare_minor, trip.discount_minor))
                self._look_at_promo(trip)
            if trip.fee is not None and trip.has_fee_before(self.until):
                kind, amount_minor = trip.fee
                self.fees.look(_breaches(trip, of_trip, kind, amount_minor, 0))
        for charge in charges:
            if charge.created_at < self.until:
                self.orphans.look(_why_orphan(charge, known.get(charge.trip_id)))

    def end(self) -> None:
        """All pages were compared: what pricing counts as used, and no trip has, is left."""
        for trip_id, use in self.uses.items():
            if trip_id not in self._discounted and use.used_at < self.until:
                self.promos.look([f"trip {trip_id}: code {use.code} was used, and no such trip is settled"])

    def _look_at_promo(self, trip: TripMoney) -> None:
        use = self.uses.get(trip.trip_id)
        taken = None if trip.promo_code is None else (trip.promo_code, trip.rider_id, trip.discount_minor)
        used = None if use is None else (use.code, use.rider_id, use.discount_minor)
        if taken is not None or used is not None:
            self._discounted.add(trip.trip_id)
            self.promos.look(
                [] if taken == used else [f"trip {trip.trip_id}: its discount is {taken}, used was {used}"]
            )


def _breaches(
    trip: TripMoney, charges: Sequence[ChargeMoney], kind: str, amount_minor: int, discount_minor: int
) -> list[str]:
    found = [charge for charge in charges if charge.kind == kind]
    if len(found) != 1:
        return [f"trip {trip.trip_id}: {len(found)} charges of kind {kind}"]
    charge = found[0]
    due = (trip.rider_id, trip.driver_id, trip.currency, amount_minor, discount_minor)
    charged = (charge.rider_id, charge.driver_id, charge.currency, charge.fare_minor, charge.discount_minor)
    return [] if charged == due else [f"trip {trip.trip_id}: due {due}, charged {charged}"]


def _why_orphan(charge: ChargeMoney, trip: TripMoney | None) -> list[str]:
    """A ride and a tip are of a settled trip, a fee of one that was cancelled for it."""
    if trip is None:
        return [f"trip {charge.trip_id}: charged ({charge.kind}), and there is no such trip"]
    if charge.kind in ("ride", "tip"):
        is_due = trip.settled_at is not None
    else:
        is_due = trip.fee is not None and trip.fee[0] == charge.kind
    return [] if is_due else [f"trip {charge.trip_id}: charged ({charge.kind}), and nothing of it is due"]
