"""Matching makes offers; drivers accept or decline them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from hansom.contracts.trips import AnswerOffer, OfferGone, OfferProposal, TripState, UnknownOffer
from services.trips.domain.offer import Offer, accepted, declined, must_be_for, was_accepted, why_refused
from services.trips.domain.trip import Trip, assigned, to_the_millisecond
from services.trips.usecases.ports import MadeOffers, OfferEvent, TripEvent, Unit

CARD_FIELDS = ("id", "name", "rating", "vehicle")
"""What of a driver's card stays with the offer, and later with the trip."""


def make_offers(
    unit: Unit,
    proposals: Sequence[OfferProposal],
    cards: Mapping[str, dict[str, Any]],
    patience: timedelta,
    new_id: Callable[[], str],
) -> MadeOffers:
    """Offer each trip to its driver, as far as trip, driver and constraints allow; all in one transaction."""
    waiting = unit.rows.lock_waiting({proposal.trip_id for proposal in proposals})
    new: dict[str, OfferProposal] = {}
    offers: list[Offer] = []
    refused: list[tuple[OfferProposal, str]] = []
    for proposal in proposals:
        card = cards.get(proposal.driver_id)
        reason = why_refused(proposal, waiting.get(proposal.trip_id), card, patience, unit.now)
        if reason is not None:
            refused.append((proposal, reason))
            continue
        assert card is not None
        offer = _offer(new_id(), proposal, card, unit)
        new[offer.id] = proposal
        offers.append(offer)
    kept = unit.rows.add_offers(offers)
    refused += [(new[offer.id], "driver_not_free") for offer in offers if offer.id not in kept]
    made = [offer for offer in offers if offer.id in kept]
    unit.tell([OfferEvent("offer_made", offer, waiting[offer.trip_id].trip) for offer in made])
    return MadeOffers(made, refused)


def _offer(offer_id: str, proposal: OfferProposal, card: dict[str, Any], unit: Unit) -> Offer:
    return Offer(
        id=offer_id,
        trip_id=proposal.trip_id,
        driver_id=proposal.driver_id,
        pickup_eta_s=proposal.pickup_eta_s,
        card={name: card.get(name) for name in CARD_FIELDS} | {"id": proposal.driver_id},
        made_at=unit.now,
        expires_at=to_the_millisecond(unit.now + timedelta(seconds=proposal.ttl_s)),
    )


def accept_offer(unit: Unit, command: AnswerOffer) -> tuple[Offer, Trip]:
    """The trip becomes the driver's. His repeated accept gets the same answer and changes nothing.

    Raises UnknownOffer, NotYourOffer, OfferGone (also when he is busy with another trip).
    """
    trip, offer = _locked(unit, command)
    if was_accepted(offer, trip):
        return offer, trip
    taken = accepted(offer, unit.now)
    if trip.state != TripState.REQUESTED:
        raise OfferGone(details={"state": trip.state.value})
    after = assigned(trip, offer.card, offer.pickup_eta_s, unit.now)
    unit.rows.save(trip, after)
    unit.rows.save_offer(taken)
    unit.tell([TripEvent("trip_assigned", after)])
    return taken, after


def decline_offer(unit: Unit, command: AnswerOffer) -> Offer:
    """The trip goes into the next batch without this driver. His repeated decline changes nothing.

    Raises UnknownOffer, NotYourOffer, OfferGone.
    """
    _, offer = _locked(unit, command)
    if offer.state == "declined":
        return offer
    refused = declined(offer, unit.now)
    unit.rows.save_offer(refused)
    unit.tell([OfferEvent("offer_declined", refused)])
    return refused


def _locked(unit: Unit, command: AnswerOffer) -> tuple[Trip, Offer]:
    found = unit.rows.lock_with_offer(command.offer_id)
    if found is None:
        raise UnknownOffer()
    must_be_for(found[1], command.driver_id)
    return found
