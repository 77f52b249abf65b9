"""What trips tells is what the example messages say; consumers' tests read the same files."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hansom.contracts.topology import PUBLISHED
from hansom.contracts.trips import OfferState, Role, TripState
from hansom.values import Money, Point
from services.trips.domain import settlement
from services.trips.domain import trip as life
from services.trips.domain.settlement import FinalFare
from services.trips.outgoing import event_of
from services.trips.usecases.ports import Happening, OfferEvent, TripEvent
from tests.support.trips_builders import NOON, a_fee, a_trip, an_offer, some_terms

EXAMPLES = Path(__file__).resolve().parents[2] / "contract" / "examples"
TRIP_ID, OFFER_ID = "0195541b2c007000800000000000aaaa", "0195541b2fe87000800000000000bbbb"


def happenings() -> dict[str, Happening]:
    """One happening of each type."""
    trips = {state: a_trip(state, id=TRIP_ID, terms=some_terms()) for state in TripState}
    offer = an_offer(trips[TripState.REQUESTED], id=OFFER_ID)
    late = NOON + timedelta(seconds=30)
    returned = life.released(trips[TripState.ASSIGNED], late)
    new = {"quote_id": "quote-2", "dropoff": Point(60.18, 24.96), "fare": Money(1500, "EUR")}
    elsewhere = life.goes_elsewhere(trips[TripState.IN_PROGRESS], late, **new, distance_m=2200.0, duration_s=480.0)
    fare = FinalFare(Money(1010, "EUR"), "longer_than_quoted")
    priced = {
        "breakdown": [{"code": "distance", "label": "Distance", "amount": {"amount_minor": 1010, "currency": "EUR"}}],
        "tax": {"rate": 0.135, "amount": {"amount_minor": 120, "currency": "EUR"}},
    }
    settled = settlement.settled(trips[TripState.COMPLETED], fare, 1390.0, late)
    fee = a_fee()
    late_cancelled = life.cancelled(trips[TripState.ASSIGNED], Role.RIDER, "changed my mind", late, fee=fee)
    told = {"driver_id": "driver-1", "reason": "changed my mind", "fee": fee, "operator_id": None}
    given_back = {"former_driver_id": "driver-1", "reason": "flat tyre"}
    return {
        "trip_requested": TripEvent("trip_requested", trips[TripState.REQUESTED]),
        "trip_assigned": TripEvent("trip_assigned", trips[TripState.ASSIGNED]),
        "driver_arrived": TripEvent("driver_arrived", trips[TripState.ARRIVED]),
        "trip_started": TripEvent("trip_started", trips[TripState.IN_PROGRESS]),
        "trip_completed": TripEvent("trip_completed", trips[TripState.COMPLETED]),
        "trip_cancelled": TripEvent("trip_cancelled", late_cancelled, told),
        "trip_expired": TripEvent("trip_expired", trips[TripState.EXPIRED]),
        "trip_returned": TripEvent("trip_returned", returned, given_back),
        "trip_changed": TripEvent("trip_changed", elsewhere),
        "trip_settled": TripEvent("trip_settled", settled, {**priced, **settlement.settled_terms(settled)}),
        "offer_made": OfferEvent("offer_made", offer, trips[TripState.REQUESTED]),
        "offer_withdrawn": OfferEvent("offer_withdrawn", replace(offer, state=OfferState.EXPIRED), reason="expired"),
        "offer_declined": OfferEvent("offer_declined", replace(offer, state=OfferState.DECLINED)),
    }


def example_of(happening: Happening) -> dict[str, Any]:
    """The whole event, as it stands in the file."""
    now = NOON + timedelta(seconds=4)
    type_, _, data = event_of(happening, now)
    event_id = f"0195541b3bd07000800000{sorted(happenings()).index(type_):010x}"
    return {
        "event_id": event_id,
        "type": type_,
        "version": 1,
        "occurred_at": "2026-03-02T12:00:04.000Z",
        "data": json.loads(json.dumps(data)),
    }


@pytest.mark.parametrize("type_", PUBLISHED["trips"])
def test_each_event_is_told_as_its_example_says(type_: str) -> None:
    happening = happenings()[type_]
    assert example_of(happening) == json.loads((EXAMPLES / f"trips.{type_}.json").read_text(encoding="utf-8"))


def test_every_event_is_keyed_by_its_trip() -> None:
    assert {event_of(happening, NOON)[1] for happening in happenings().values()} == {TRIP_ID}
