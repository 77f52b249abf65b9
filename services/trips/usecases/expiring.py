"""Time runs out: for an offer that nobody answered, for a trip that nobody took."""

from __future__ import annotations

from datetime import timedelta

from services.trips.domain.trip import expired
from services.trips.usecases.ports import Happening, OfferEvent, TripEvent, Units

BATCH = 200


def expire_offers(units: Units) -> int:
    """End every offer whose time is over, in transactions of at most 200; gives how many."""
    ended = 0
    while True:
        with units() as unit:
            offers = unit.rows.expire_offers(unit.now, BATCH)
            unit.tell([OfferEvent("offer_withdrawn", offer, reason="expired") for offer in offers])
        ended += len(offers)
        if len(offers) < BATCH:
            return ended


def expire_trips(units: Units, patience: timedelta) -> int:
    """End every trip that found no driver within `patience`, in transactions of at most 200; gives how many.

    A trip that is being offered gets the answer of that one driver first.
    """
    ended = 0
    while True:
        with units() as unit:
            trips = unit.rows.lock_impatient(unit.now, patience, BATCH)
            # an offer made between the search and the lock
            withdrawn = unit.rows.withdraw_open_offers([trip.id for trip in trips], unit.now) if trips else []
            happenings: list[Happening] = [
                OfferEvent("offer_withdrawn", offer, reason="trip_expired") for offer in withdrawn
            ]
            for trip in trips:
                after = expired(trip, unit.now)
                unit.rows.save(trip, after)
                happenings.append(TripEvent("trip_expired", after))
            unit.tell(happenings)
        ended += len(trips)
        if len(trips) < BATCH:
            return ended
