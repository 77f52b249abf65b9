"""Matching makes offers; drivers accept or decline them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from hansom.contracts.trips import AnswerOffer, OfferGone, OfferProposal, TripState, UnknownOffer
from services.trips.domain.offer import Offer, accepted, declined, must_be_for, was_accepted, why_refused
from services.trips.domain.trip import Trip, assigned, to_the_millisecond
from services.trips.usecases.ports import MadeOffers, OfferEvent, TripEvent, Unit

CARD_FIELDS = ("id", "name", "rating", "vehicle")
"""What of a driver's card stays with the offer, and later with the trip."""


REPLACED = "replaced"
"""Why an unseen offer was withdrawn: matching found a driver who is there sooner."""


def make_offers(
    unit: Unit,
    proposals: Sequence[OfferProposal],
    cards: Mapping[str, dict[str, Any]],
    patience: timedelta,
    new_id: Callable[[], str],
) -> MadeOffers:
    """Offer each trip to its driver, as far as trip, driver and constraints allow; all in one transaction.

    An offer that replaces another is made if its trip's open offer is that other one and was not shown; the other is
    withdrawn then, and only then.
    """
    waiting = unit.rows.lock_waiting({proposal.trip_id for proposal in proposals})
    new: list[tuple[Offer, OfferProposal]] = []
    refused: list[tuple[OfferProposal, str]] = []
    for proposal in proposals:
        card = cards.get(proposal.driver_id)
        reason = why_refused(proposal, waiting.get(proposal.trip_id), card, patience, unit.now)
        if reason is not None:
            refused.append((proposal, reason))
            continue
        assert card is not None
        new.append((_offer(new_id(), proposal, card, unit), proposal))
    made, withdrawn, not_made = _add(unit, new)
    unit.tell([OfferEvent("offer_withdrawn", offer, reason=REPLACED) for offer in withdrawn])
    unit.tell([OfferEvent("offer_made", offer, waiting[offer.trip_id].trip) for offer in made])
    return MadeOffers(made, refused + not_made)


def _add(
    unit: Unit, new: Sequence[tuple[Offer, OfferProposal]]
) -> tuple[list[Offer], list[Offer], list[tuple[OfferProposal, str]]]:
    """The offers that no constraint refused, those withdrawn for them, and the proposals that came to nothing.

    What is withdrawn for an offer that is refused is opened again: nobody else sees it, as its trip is locked.
    """
    unseen = [proposal.replaces for _, proposal in new if proposal.replaces is not None]
    withdrawn = {offer.id: offer for offer in unit.rows.withdraw_unshown(unseen, unit.now)} if unseen else {}
    shown = [proposal for _, proposal in new if proposal.replaces is not None and proposal.replaces not in withdrawn]
    ready = {offer.id: (offer, proposal) for offer, proposal in new if proposal not in shown}
    kept = unit.rows.add_offers([offer for offer, _ in ready.values()])
    not_free = [proposal for offer, proposal in ready.values() if offer.id not in kept]
    stand = [proposal.replaces for proposal in not_free if proposal.replaces is not None]
    if stand:
        unit.rows.reopen_offers(stand)
    return (
        [offer for offer, _ in ready.values() if offer.id in kept],
        [offer for offer_id, offer in withdrawn.items() if offer_id not in stand],
        [(each, "offer_shown") for each in shown] + [(each, "driver_not_free") for each in not_free],
    )


def note_offers_shown(unit: Unit, offer_ids: Collection[str]) -> int:
    """Their drivers see these offers from now on; gives how many are news. Safe to repeat."""
    return unit.rows.note_shown(offer_ids, unit.now)


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
