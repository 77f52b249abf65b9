"""An offer of a trip to a driver. A pair is offered once: whatever became of it, it is never offered again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from hansom.contracts.trips import NotYourOffer, OfferGone, OfferProposal, OfferState, TripState
from services.trips.domain.trip import Trip, is_out_of_patience

ANSWERED_BY_HAVING = frozenset({TripState.ASSIGNED, TripState.ARRIVED, TripState.IN_PROGRESS, TripState.COMPLETED})
"""States in which a driver who accepted has (or had) the ride that he accepted."""


@dataclass(frozen=True, slots=True)
class Offer:
    """`card` is the driver's as it was then: {id, name, rating, vehicle}. `pickup_eta_s` in seconds by road.

    `shown_at`: when a gateway wrote it to a socket of the driver; None: as far as is known he has not seen it.
    """

    id: str
    trip_id: str
    driver_id: str
    pickup_eta_s: float
    card: dict[str, Any]
    made_at: datetime
    expires_at: datetime
    state: OfferState = OfferState.OPEN
    answered_at: datetime | None = None
    shown_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WaitingPlace:
    """Where a rider waits for a driver, and since when."""

    trip_id: str
    lat: float
    lng: float
    since: datetime


@dataclass(frozen=True, slots=True)
class WaitingTrip:
    """A trip with the drivers it was offered to before.

    `open_offer_id` and `open_offer_shown`: of a locked trip, its open offer, and whether the driver has seen it.
    """

    trip: Trip
    asked_driver_ids: Collection[str]
    has_open_offer: bool
    open_offer_id: str | None = None
    open_offer_shown: bool = False


def must_be_for(offer: Offer, driver_id: str) -> None:
    """Raises NotYourOffer."""
    if offer.driver_id != driver_id:
        raise NotYourOffer()


def was_accepted(offer: Offer, trip: Trip) -> bool:
    """True when this driver accepted before and the ride is (or became) his: his repeated accept changes nothing."""
    mine = offer.state == OfferState.ACCEPTED and trip.driver_id == offer.driver_id
    return mine and trip.state in ANSWERED_BY_HAVING


def accepted(offer: Offer, at: datetime) -> Offer:
    """Raises OfferGone when it is no longer open, or its time is over (the timer may not have told it yet)."""
    _must_be_open(offer)
    if offer.expires_at <= at:
        raise OfferGone(details={"state": OfferState.EXPIRED.value})
    return replace(offer, state=OfferState.ACCEPTED, answered_at=at)


def declined(offer: Offer, at: datetime) -> Offer:
    """Raises OfferGone when it is no longer open."""
    _must_be_open(offer)
    return replace(offer, state=OfferState.DECLINED, answered_at=at)


def _must_be_open(offer: Offer) -> None:
    if offer.state != OfferState.OPEN:
        raise OfferGone(details={"state": offer.state.value})


def why_refused(
    proposal: OfferProposal,
    waiting: WaitingTrip | None,
    card: dict[str, Any] | None,
    patience: timedelta,
    now: datetime,
) -> str | None:
    """Why a pair cannot be offered: a word for matching's decision records, or None when it can."""
    if waiting is None:
        return "unknown_trip"
    trip = waiting.trip
    reasons = (
        ("trip_not_waiting", trip.state != TripState.REQUESTED or is_out_of_patience(trip, patience, now)),
        ("trip_has_open_offer", proposal.replaces is None and waiting.has_open_offer),
        ("offer_gone", proposal.replaces is not None and proposal.replaces != waiting.open_offer_id),
        ("offer_shown", proposal.replaces is not None and waiting.open_offer_shown),
        ("driver_excluded", proposal.driver_id in waiting.asked_driver_ids),
        ("unknown_driver", card is None),
        ("wrong_category", card is not None and trip.category not in card.get("categories", ())),
    )
    return next((reason for reason, holds in reasons if holds), None)
