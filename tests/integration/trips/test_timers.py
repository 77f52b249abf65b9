"""Time runs out, fares become final, and the audit sees it all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from hansom.contracts.errors import HansomError, InternalError, StoreUnavailable
from hansom.contracts.location import TraceUnfinished
from hansom.contracts.trips import CancelTrip, OfferState, TripState
from hansom.values import Money
from services.trips.domain.settlement import Driven, FinalFare, SettleRule
from services.trips.domain.trip import Trip
from services.trips.outgoing import in_parallel
from services.trips.usecases.auditing import Patience, audit
from services.trips.usecases.cancelling import cancel_trip
from services.trips.usecases.expiring import expire_offers, expire_trips
from services.trips.usecases.settling import settle_due
from services.trips.usecases.withdrawing import withdraw_offers_to
from tests.integration.trips.conftest import Desk
from tests.support.trips_builders import GRACE, NOON, a_trip, an_offer, driver

PATIENCE = timedelta(seconds=300)
RULE = SettleRule(
    grace=timedelta(seconds=1),
    patience=timedelta(seconds=120),
    retry=timedelta(seconds=1),
)


class Survey:
    """What location and pricing say, or fail with."""

    def __init__(self, credible: bool = True, failure: HansomError | None = None) -> None:
        self.driven = Driven(1500.0, credible)
        self.failure = failure
        self.asked: list[str] = []

    def survey(self, trip: Trip) -> Driven:
        self.asked.append(trip.id)
        if self.failure is not None:
            raise self.failure
        return self.driven

    def final_fare(self, trip: Trip, driven: Driven) -> FinalFare:
        line = {"code": "fare", "label": "Fare", "amount": {"amount_minor": 1010, "currency": "EUR"}}
        return FinalFare(Money(1010, "EUR"), "driven" if driven.credible else "quoted", [line])


def settle(desk: Desk, survey: Survey) -> int:
    return settle_due(desk.units, survey, RULE, in_parallel)


# -- offers and trips ------------------------------------------------------------------------------------------------
def test_an_offer_nobody_answers_is_withdrawn_and_its_driver_not_asked_again(desk: Desk) -> None:
    trip, offer = desk.offered("driver-1")
    assert expire_offers(desk.units) == 0
    desk.clock.time = offer.expires_at
    assert expire_offers(desk.units) == 1 and expire_offers(desk.units) == 0
    assert desk.events(trip.id) == [
        ("offer_withdrawn", {"offer_id": offer.id, "driver_id": "driver-1", "trip_id": trip.id, "reason": "expired"})
    ]
    assert [why for _, why in desk.offer((trip.id, "driver-1")).refused] == ["driver_excluded"]
    assert len(desk.offer((trip.id, "driver-2")).made) == 1


def test_five_hundred_offers_expire_in_one_round(desk: Desk) -> None:
    for _ in range(450):
        desk.put(trip := a_trip(rider_id=uuid4().hex), an_offer(trip, uuid4().hex))
    desk.clock.forward(60)
    assert expire_offers(desk.units) == 450


def test_a_trip_that_nobody_takes_expires(desk: Desk) -> None:
    trip = desk.put(a_trip())
    desk.clock.forward(299.999)
    assert expire_trips(desk.units, PATIENCE) == 0
    desk.clock.forward(0.001)
    assert expire_trips(desk.units, PATIENCE) == 1
    assert desk.trip(trip.id).state == TripState.EXPIRED and desk.told(trip.id) == ["trip_expired"]
    assert [why for _, why in desk.offer((trip.id, "driver-1")).refused] == ["trip_not_waiting"]


def test_a_trip_on_offer_waits_for_that_answer_before_it_expires(desk: Desk) -> None:
    trip = a_trip()
    offer = an_offer(trip, made_at=NOON + PATIENCE, expires_at=NOON + PATIENCE + timedelta(seconds=15))
    desk.put(trip, offer)
    desk.clock.forward(301)
    assert expire_trips(desk.units, PATIENCE) == 0
    assert desk.accept(offer)[1].state == TripState.ASSIGNED


def test_offers_to_drivers_who_go_offline_are_taken_back_and_no_others(desk: Desk) -> None:
    left, offer = desk.offered("driver-1")
    stays, _ = desk.offered("driver-2")
    back, _ = desk.offered("driver-3")
    taken, his = desk.offered("driver-4")
    desk.accept(his)
    now = desk.clock.now()
    gone = {"driver-1": now, "driver-3": now - timedelta(seconds=60), "driver-4": now, "driver-5": now}
    for _ in range(2):
        with desk.units() as unit:
            withdraw_offers_to(unit, gone)
    told = {"offer_id": offer.id, "driver_id": "driver-1", "trip_id": left.id, "reason": "driver_offline"}
    assert desk.events(left.id) == [("offer_withdrawn", told)]
    assert desk.states(left.id) == {"driver-1": "withdrawn"}
    assert (desk.states(stays.id), desk.states(back.id)) == ({"driver-2": "open"}, {"driver-3": "open"})
    assert desk.told(taken.id) == ["trip_assigned"], "the ride that he has is his"


def test_a_trip_given_back_has_its_patience_anew_and_never_meets_that_driver_again(desk: Desk) -> None:
    trip, offer = desk.offered("driver-1")
    desk.accept(offer)
    desk.clock.forward(290)
    for _ in range(2):  # his phone sends it twice
        with desk.units() as unit:
            left = cancel_trip(unit, CancelTrip(trip.id, driver("driver-1"), "flat tyre"), GRACE)
        assert (left.state, left.driver_id) == (TripState.REQUESTED, None)
    assert desk.told(trip.id) == ["trip_assigned", "trip_returned"]
    assert desk.events(trip.id)[1][1]["former_driver_id"] == "driver-1"
    desk.clock.forward(299)
    assert expire_trips(desk.units, PATIENCE) == 0
    assert [why for _, why in desk.offer((trip.id, "driver-1")).refused] == ["driver_excluded"]
    assert len(desk.offer((trip.id, "driver-2")).made) == 1


# -- fares -----------------------------------------------------------------------------------------------------------
def test_a_fare_is_settled_on_what_was_driven(desk: Desk) -> None:
    trip = desk.put(a_trip(TripState.COMPLETED))
    assert settle(desk, Survey()) == 0, "the grace is not over"
    desk.clock.forward(10)
    assert settle(desk, Survey()) == 1 and settle(desk, Survey()) == 0
    after = desk.trip(trip.id)
    assert (after.fare, after.fare_reason, after.distance_m, after.fare_final) == (
        Money(1010, "EUR"),
        "driven",
        1500.0,
        True,
    )
    assert desk.told(trip.id) == ["trip_settled"]


def test_a_trace_that_is_not_credible_is_not_put_on_the_trip(desk: Desk) -> None:
    trip = desk.put(a_trip(TripState.COMPLETED))
    desk.clock.forward(10)
    assert settle(desk, Survey(credible=False)) == 1
    assert (desk.trip(trip.id).fare_reason, desk.trip(trip.id).distance_m) == ("quoted", 1234.5)


def test_a_trace_that_is_still_arriving_is_asked_for_again_a_second_later(desk: Desk) -> None:
    trip = desk.put(a_trip(TripState.COMPLETED))
    desk.clock.forward(10)
    survey = Survey(failure=TraceUnfinished())
    assert settle(desk, survey) == 0 and settle(desk, survey) == 0
    assert survey.asked == [trip.id], "not before the next try is due"
    desk.clock.forward(1)
    assert settle(desk, Survey()) == 1


@pytest.mark.parametrize("failure", [StoreUnavailable(), InternalError()])
def test_a_fare_that_nobody_can_settle_is_the_quoted_one_in_the_end(desk: Desk, failure: HansomError) -> None:
    trip = desk.put(a_trip(TripState.COMPLETED))
    assert trip.completed_at is not None
    desk.clock.time = trip.completed_at + timedelta(seconds=119)
    assert settle(desk, Survey(failure=failure)) == 0
    desk.clock.forward(1)
    assert settle(desk, Survey(failure=failure)) == 1
    after = desk.trip(trip.id)
    assert (after.fare, after.fare_final, after.fare_reason) == (trip.fare, True, "quoted_fare_trace_unavailable")


def test_one_ride_that_fails_does_not_hold_up_the_others(desk: Desk) -> None:
    rides = [desk.put(a_trip(TripState.COMPLETED, rider_id=uuid4().hex, driver_id=uuid4().hex)) for _ in range(120)]

    class OneFails(Survey):
        def survey(self, trip: Trip) -> Driven:
            if trip.id == rides[3].id:
                raise InternalError()
            return super().survey(trip)

    desk.clock.forward(10)
    assert settle(desk, OneFails()) == 119
    assert desk.trip(rides[3].id).settled_at is None


# -- the audit -------------------------------------------------------------------------------------------------------
def breaches(desk: Desk) -> dict[str, list[str]]:
    patience = Patience(driver=PATIENCE, settlement=RULE.patience)
    return {
        check["name"]: check["breaches"] for check in audit(desk.units, desk.history, patience) if check["breaches"]
    }


def test_the_audit_of_rides_in_every_state_finds_nothing(desk: Desk) -> None:
    for state in TripState:
        trip = a_trip(state, rider_id=uuid4().hex, driver_id=uuid4().hex)
        taken = [an_offer(trip, trip.driver_id, state=OfferState.ACCEPTED)] if trip.driver_id else []
        desk.put(trip, *taken)
    done = a_trip(TripState.COMPLETED, rider_id="rider-1", settled_at=NOON, settle_after=None, fare_final=True)
    desk.history.keep([(done, [])], NOON)
    assert breaches(desk) == {}


def test_the_audit_finds_what_is_wrong(desk: Desk) -> None:
    skipped = a_trip(TripState.IN_PROGRESS, rider_id="rider-1")
    desk.put(replace(skipped, history=skipped.history[:2]), an_offer(skipped, state=OfferState.ACCEPTED))
    stuck = desk.put(a_trip(rider_id="rider-2"))
    unpaid = a_trip(TripState.COMPLETED, rider_id="rider-3", driver_id="driver-3")
    desk.put(unpaid, an_offer(unpaid, "driver-4", state=OfferState.ACCEPTED))
    alive = a_trip(rider_id="rider-5")
    desk.history.keep([(alive, [])], NOON)
    desk.clock.forward(400)
    found: dict[str, Any] = breaches(desk)
    assert set(found) == {"history_is_legal", "one_driver_a_trip", "nothing_is_stuck", "archived_trips_are_done"}
    assert any(stuck.id in line for line in found["nothing_is_stuck"])
    assert any(unpaid.id in line for line in found["nothing_is_stuck"])
    assert unpaid.id in found["one_driver_a_trip"][0]
