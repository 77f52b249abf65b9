"""Is every trip what design.md promises? Reads all live trips in small transactions, and the archive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hansom.contracts.trips import Check, OfferState, TripState
from services.trips.domain.audit import driver_breaches, fare_breaches, fee_breaches, history_breaches
from services.trips.domain.offer import Offer
from services.trips.domain.trip import Trip
from services.trips.usecases.ports import Archive, Units

BATCH = 500
BREACHES_KEPT = 100
"""Lines kept of each check; more would only hide the first."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a trip may wait for a driver and for its fare; past that and some slack it is stuck."""

    driver: timedelta
    settlement: timedelta
    slack: timedelta = timedelta(seconds=30)


@dataclass(slots=True)
class Line:
    """A check while it runs."""

    name: str
    checked: int = 0
    breaches: list[str] = field(default_factory=list)

    def add(self, breaches: list[str]) -> None:
        self.checked += 1
        self.breaches += breaches[: BREACHES_KEPT - len(self.breaches)]


def audit(units: Units, archive: Archive, patience: Patience) -> list[Check]:
    """Every check, with how much it looked at and what breaks it."""
    histories, drivers, fares = Line("history_is_legal"), Line("one_driver_a_trip"), Line("fare_final_when_settled")
    fees = Line("fee_fits_cancellation")
    stuck, busy = Line("nothing_is_stuck"), Line("one_active_trip_a_person")
    for now, trip, offers in _live(units):
        histories.add(history_breaches(trip))
        drivers.add(driver_breaches(trip, offers))
        fares.add(fare_breaches(trip))
        fees.add(fee_breaches(trip))
        stuck.add(_stuck(trip, offers, patience, now))
    archived = Line("archived_trips_are_done")
    for trip in _archived(archive):
        fees.add(fee_breaches(trip))
        archived.add(
            history_breaches(trip) + fare_breaches(trip) + ([] if trip.is_done() else [f"{trip.id}: not done"])
        )
    with units() as unit:
        engaged = unit.rows.count_engagements()
    for who, active in engaged.items():
        busy.add([f"{who}: {active} active trips"] if active > 1 else [])
    lines = (histories, drivers, fares, fees, busy, stuck, archived)
    return [Check(name=line.name, checked=line.checked, breaches=line.breaches) for line in lines]


def _live(units: Units) -> Iterator[tuple[datetime, Trip, list[Offer]]]:
    after = ""
    while True:
        with units() as unit:
            batch = unit.rows.walk(after, BATCH)
            now = unit.now
        for trip, offers in batch:
            yield now, trip, offers
        if len(batch) < BATCH:
            return
        after = batch[-1][0].id


def _archived(archive: Archive) -> Iterator[Trip]:
    after = ""
    while True:
        batch = archive.walk(after, BATCH)
        yield from batch
        if len(batch) < BATCH:
            return
        after = batch[-1].id


def _stuck(trip: Trip, offers: list[Offer], patience: Patience, now: datetime) -> list[str]:
    """A trip or offer that a timer should have ended."""
    breaches = []
    offered = [offer for offer in offers if offer.state == OfferState.OPEN]
    if (
        trip.state == TripState.REQUESTED
        and not offered
        and now > trip.waiting_since + patience.driver + patience.slack
    ):
        breaches.append(f"{trip.id}: waits for a driver since {trip.waiting_since.isoformat()}")
    if trip.finished_at and not trip.is_done() and now > trip.finished_at + patience.settlement + patience.slack:
        breaches.append(f"{trip.id}: waits for its fare since {trip.finished_at.isoformat()}")
    late = [offer.id for offer in offered if now > offer.expires_at + patience.slack]
    breaches += [f"{trip.id}: offer {offer_id} is open past its time" for offer_id in late]
    return breaches
