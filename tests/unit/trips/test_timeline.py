"""What happened to a trip and its offers is told in the order in which it happened."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hansom.contracts.timeline import Code, Who
from hansom.contracts.trips import OfferState, Role, TripState
from services.trips.domain import trip as life
from services.trips.domain.settlement import FinalFare, settled
from services.trips.domain.timeline import timeline
from tests.support.trips_builders import a_fee, a_trip, an_offer, kept_card


def test_an_answer_comes_before_its_effect() -> None:
    trip = a_trip(TripState.ASSIGNED)
    offer = an_offer(trip, state=OfferState.ACCEPTED, answered_at=trip.assigned_at)
    told = [moment.code for moment in timeline(trip, [offer])]
    assert told == [Code.REQUESTED, Code.OFFER_MADE, Code.OFFER_ACCEPTED, Code.ASSIGNED]


def test_who_had_the_trip_and_gave_it_back_is_named_and_so_is_his_successor() -> None:
    trip = a_trip(TripState.ASSIGNED, driver_id="first")
    assert trip.assigned_at is not None
    at = trip.assigned_at + timedelta(seconds=5)
    again = life.assigned(life.released(trip, at), kept_card("second"), 60.0, at + timedelta(seconds=5))
    offers = [
        an_offer(trip, "first", state=OfferState.RELEASED, answered_at=trip.assigned_at),
        an_offer(trip, "second", made_at=at, state=OfferState.ACCEPTED, answered_at=again.assigned_at),
    ]
    told = {(moment.code, moment.who and moment.who.id) for moment in timeline(again, offers)}
    assert {(Code.ASSIGNED, "first"), (Code.GIVEN_BACK, "first"), (Code.ASSIGNED, "second")} <= told
    assert (Code.OFFER_ACCEPTED, "first") in told


def test_a_trip_that_was_taken_from_its_driver_says_why() -> None:
    trip = a_trip(TripState.ASSIGNED, driver_id="late")
    assert trip.assigned_at is not None
    offer = an_offer(trip, "late", state=OfferState.RELEASED, answered_at=trip.assigned_at)
    [taken] = [
        moment
        for moment in timeline(life.released(trip, trip.assigned_at + timedelta(hours=1), "no_show"), [offer])
        if moment.code is Code.TAKEN_BACK
    ]
    assert (taken.who, taken.values) == (None, {"driver_id": "late", "reason": "no_show"})


def test_what_a_cancel_withdrew_comes_after_it_and_its_fee_is_told() -> None:
    trip = a_trip()
    at = trip.requested_at + timedelta(seconds=9)
    cancelled = life.cancelled(trip, Role.OPS, "asked by phone", at, operator_id="olga", fee=a_fee())
    offer = an_offer(trip, state=OfferState.WITHDRAWN, answered_at=at)
    moments = timeline(cancelled, [offer])
    assert [moment.code for moment in moments] == [
        Code.REQUESTED,
        Code.OFFER_MADE,
        Code.CANCELLED,
        Code.OFFER_WITHDRAWN,
    ]
    assert moments[2].who == Who("ops", "olga")
    assert moments[2].values == {"reason": "asked by phone", "fee": a_fee()["amount"]}
    before_it_was_kept = replace(cancelled, cancelled_by_operator=None)
    assert timeline(before_it_was_kept, [])[-1].who == Who("ops", None)


def test_a_ride_that_ended_on_the_way_is_not_called_a_cancel() -> None:
    trip = a_trip(TripState.IN_PROGRESS)
    assert trip.started_at is not None
    at = trip.started_at + timedelta(seconds=60)
    ended = life.cancelled(trip, Role.RIDER, None, at, settle_after=at)
    assert timeline(ended, [])[-1].code is Code.ENDED_EARLY


def test_a_final_fare_says_what_and_why() -> None:
    trip = a_trip(TripState.COMPLETED)
    assert trip.completed_at is not None
    done = settled(trip, FinalFare(trip.fare, "quoted_fare"), 1500.0, trip.completed_at + timedelta(seconds=2))
    last = timeline(done, [])[-1]
    assert (last.code, last.values["reason"], last.values["distance_m"]) == (Code.SETTLED, "quoted_fare", 1500.0)


def test_every_step_of_every_life_has_a_code() -> None:
    for state in TripState:
        trip = a_trip(state)
        assert len(timeline(trip, [])) == len(trip.history)
