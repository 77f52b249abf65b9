"""What must hold of every trip, checked on its rows. Each function gives a line for each breach, or none."""

from __future__ import annotations

from collections.abc import Sequence

from hansom.contracts.trips import WITH_DRIVER, OfferState, TripState
from services.trips.domain.machine import TRANSITIONS, Verb
from services.trips.domain.offer import Offer
from services.trips.domain.trip import Trip


def history_breaches(trip: Trip) -> list[str]:
    """The history is one unbroken walk through the table of transitions and ends in the trip's state and version."""
    if not trip.history or trip.history[0].verb != "request":
        return [f"{trip.id}: its history does not begin with its request"]
    breaches = []
    state = TripState.REQUESTED
    for number, step in enumerate(trip.history, start=1):
        if step.version != number:
            breaches.append(f"{trip.id}: version {step.version} stands where {number} should")
        if step.verb in set(Verb):
            reached = TRANSITIONS.get((state, Verb(step.verb)))
            if reached is None or reached.value != step.state:
                breaches.append(f"{trip.id}: {step.verb} led from {state.value} to {step.state}")
            state = TripState(step.state)
    if state != trip.state or len(trip.history) != trip.version:
        breaches.append(f"{trip.id}: history ends in {state.value}, the trip says {trip.state.value} v{trip.version}")
    times = [step.at for step in trip.history]
    if times != sorted(times):
        breaches.append(f"{trip.id}: its history goes back in time")
    return breaches


def driver_breaches(trip: Trip, offers: Sequence[Offer]) -> list[str]:
    """A trip has a driver when its state says so: the one whose offer, and no other's, stands accepted."""
    accepted = [offer.driver_id for offer in offers if offer.state == OfferState.ACCEPTED]
    breaches = []
    if trip.state in WITH_DRIVER | {TripState.COMPLETED} and trip.driver_id is None:
        breaches.append(f"{trip.id}: {trip.state.value} without a driver")
    if trip.driver_id is not None and accepted != [trip.driver_id]:
        breaches.append(f"{trip.id}: driver {trip.driver_id}, accepted offers of {accepted}")
    if trip.driver_id is None and accepted:
        breaches.append(f"{trip.id}: no driver, but an accepted offer of {accepted}")
    opened = [offer.id for offer in offers if offer.state == OfferState.OPEN]
    if len(opened) > 1 or (opened and trip.state != TripState.REQUESTED):
        breaches.append(f"{trip.id}: {trip.state.value} with open offers {opened}")
    return breaches


def fare_breaches(trip: Trip) -> list[str]:
    """A fare is final exactly when the trip is settled, and only a ride is: completed, or ended early by its rider."""
    settled = trip.settled_at is not None
    if settled != trip.fare_final or (settled and trip.state != TripState.COMPLETED and not trip.ended_early):
        return [f"{trip.id}: {trip.state.value}, settled {settled}, fare final {trip.fare_final}"]
    return []


def fee_breaches(trip: Trip) -> list[str]:
    """Only a trip that its rider, its driver or ops ended before it began has a fee, and its parts are not above it."""
    fee = trip.cancellation_fee
    if fee is None:
        return []
    if trip.state != TripState.CANCELLED or trip.started_at is not None or trip.driver_id is None:
        return [f"{trip.id}: {trip.state.value}, and a fee of {fee['amount']}"]
    parts = fee["tax"]["amount_minor"] + fee["driver_share"]["amount_minor"]
    if not 0 < fee["amount"]["amount_minor"] >= parts:
        return [f"{trip.id}: of a fee of {fee['amount']} {parts} are tax and the driver's"]
    return []
