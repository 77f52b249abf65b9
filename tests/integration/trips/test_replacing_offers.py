"""An offer that was not shown may be withdrawn for a better one; one that was shown or answered never."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from hansom.contracts.trips import OfferProposal, TripState
from services.trips.domain.offer import Offer
from services.trips.storage.trips import TripRows
from services.trips.usecases.offering import make_offers, note_offers_shown
from tests.integration.trips.conftest import Desk
from tests.integration.trips.test_races import ROUNDS, at_once
from tests.support.trips_builders import a_card, a_trip
from tests.support.trips_calls import Call


def replace_offer(desk: Desk, old: Offer, driver_id: str) -> Any:
    proposal = OfferProposal(old.trip_id, driver_id, 30.0, 15, old.id)
    with desk.units() as unit:
        cards = {driver_id: a_card(driver_id)}
        return make_offers(unit, [proposal], cards, timedelta(seconds=300), lambda: uuid4().hex)


def show(desk: Desk, *offer_ids: str) -> int:
    with desk.units() as unit:
        return note_offers_shown(unit, offer_ids)


def unshown(desk: Desk, *offer_ids: str) -> list[str]:
    with desk.store.begin() as session:
        return TripRows(session).unshown_offers(offer_ids)


def test_an_offer_not_shown_makes_way_and_both_drivers_are_told(desk: Desk) -> None:
    trip, old = desk.offered()
    [made] = replace_offer(desk, old, "better").made
    assert desk.states(trip.id) == {old.driver_id: "withdrawn", "better": "open"}
    (withdrawn, what), (offered, _) = desk.events(trip.id)
    assert (withdrawn, what["offer_id"], what["reason"], offered) == (
        "offer_withdrawn",
        old.id,
        "replaced",
        "offer_made",
    )
    assert desk.accept(made)[1].driver_id == "better"


def test_an_offer_that_was_shown_stays(desk: Desk) -> None:
    trip, old = desk.offered()
    assert (show(desk, old.id, "nobody's"), show(desk, old.id)) == (1, 0)
    assert unshown(desk, old.id) == []
    [(_, why)] = replace_offer(desk, old, "better").refused
    assert why == "offer_shown"
    assert desk.states(trip.id) == {old.driver_id: "open"}
    assert desk.told(trip.id) == []


def test_an_offer_stays_when_the_better_driver_turns_out_to_be_busy(desk: Desk) -> None:
    desk.put(a_trip(TripState.ASSIGNED, rider_id="somebody", driver_id="busy"))
    _, another = desk.offered("asked already")
    for driver_id in ("busy", another.driver_id):
        trip, old = desk.offered()
        [(_, why)] = replace_offer(desk, old, driver_id).refused
        assert why == "driver_not_free"
        assert desk.states(trip.id) == {old.driver_id: "open"}
        assert desk.told(trip.id) == []
        assert unshown(desk, old.id) == [old.id]
        assert desk.accept(old)[1].driver_id == old.driver_id


def test_only_the_trips_own_open_offer_is_replaced(desk: Desk) -> None:
    trip, old = desk.offered()
    _, others = desk.offered()
    with desk.units() as unit:
        proposal = OfferProposal(trip.id, "better", 30.0, 15, others.id)
        outcome = make_offers(unit, [proposal], {"better": a_card("better")}, timedelta(seconds=300), lambda: "new")
    assert [why for _, why in outcome.refused] == ["offer_gone"]
    assert set(unshown(desk, old.id, others.id)) == {old.id, others.id}


@pytest.mark.parametrize("seen_first", [True, False])
def test_showing_and_replacing_at_once_end_with_one_open_offer(desk: Desk, seen_first: bool) -> None:
    for _ in range(ROUNDS):
        trip, old = desk.offered()
        better = uuid4().hex
        at_once(partial(show, desk, old.id), partial(replace_offer, desk, old, better), swap=not seen_first)
        states = desk.states(trip.id)
        assert states in ({old.driver_id: "open"}, {old.driver_id: "withdrawn", better: "open"})
        assert len(desk.told(trip.id)) == (2 if better in states else 0)


def test_accepting_and_replacing_at_once_never_takes_the_trip_from_who_has_accepted(desk: Desk) -> None:
    for number in range(ROUNDS):
        trip, old = desk.offered()
        better = uuid4().hex
        accepted, _ = at_once(partial(desk.accept, old), partial(replace_offer, desk, old, better), swap=number % 2 > 0)
        if isinstance(accepted, tuple):
            assert desk.states(trip.id) == {old.driver_id: "accepted"}
            assert desk.trip(trip.id).driver_id == old.driver_id
        else:
            assert accepted.code == "offer_gone"
            assert desk.states(trip.id) == {old.driver_id: "withdrawn", better: "open"}


def test_the_gateway_says_what_was_shown_and_matching_asks_for_the_rest(call: Call) -> None:
    assert call("note_offers_shown", offer_ids=["unknown"]) == {"noted": 0}
    assert call("list_unshown_offers", offer_ids=["unknown"]) == {"offer_ids": []}
