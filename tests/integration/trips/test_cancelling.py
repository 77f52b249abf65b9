"""Cancelling over the broker, by whom it is allowed, and what becomes of the offers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from hansom.contracts.trips import IllegalTransition, NotYourTrip, OfferGone
from tests.support.trips_calls import OPS, Call, assigned, driver, in_progress, offer, request, rider
from tests.support.trips_world import Speaker, World
from tests.support.waiting import eventually


def test_a_riders_cancel_withdraws_the_offer_and_is_told_once(call: Call, world: World) -> None:
    trip = request(call, world)
    made = offer(call, trip["id"], "driver-1")
    cancelled = call("cancel_trip", trip_id=trip["id"], actor=rider(trip["rider_id"]), reason="late")
    assert (cancelled["state"], cancelled["cancelled_by"], cancelled["cancel_reason"]) == ("cancelled", "rider", "late")
    assert call("cancel_trip", trip_id=trip["id"], actor=rider(trip["rider_id"])) == cancelled
    with pytest.raises(OfferGone):
        call("accept_offer", offer_id=made["offer_id"], driver_id="driver-1")
    with pytest.raises(IllegalTransition):
        call("cancel_trip", trip_id=trip["id"], actor=OPS)
    told = ["trip_requested", "offer_made", "offer_withdrawn", "trip_cancelled"]
    eventually(lambda: world.told(trip["id"]) == told)


def test_a_ride_under_way_can_be_cancelled_by_its_rider_and_ops_and_not_by_its_driver(call: Call, world: World) -> None:
    trip = in_progress(call, world)
    with pytest.raises(IllegalTransition) as refused:
        call("cancel_trip", trip_id=trip["id"], actor=driver(trip["driver_id"]))
    assert refused.value.details == {"state": "in_progress", "verb": "release"}
    cancelled = call("cancel_trip", trip_id=trip["id"], actor=OPS, reason="safety")
    assert (cancelled["state"], cancelled["cancelled_by"], cancelled["driver_id"]) == (
        "cancelled",
        "ops",
        trip["driver_id"],
    )


def test_a_drivers_cancel_sends_the_trip_back_to_matching(call: Call, world: World) -> None:
    trip = assigned(call, world)
    left = call("cancel_trip", trip_id=trip["id"], actor=driver(trip["driver_id"]), reason="flat tyre")
    assert (left["state"], left["driver_id"], left["driver"], left["pin"]) == ("requested", None, None, None)
    (waiting,) = call("list_waiting", city="helsinki")["items"]
    assert waiting["returned"] and waiting["excluded_driver_ids"] == [trip["driver_id"]]
    second = offer(call, trip["id"], "driver-2")
    call("accept_offer", offer_id=second["offer_id"], driver_id="driver-2")
    again = call("cancel_trip", trip_id=trip["id"], actor=driver(trip["driver_id"]))
    assert (again["state"], again["driver_id"]) == ("requested", None), "he learns nothing of his successor"
    with pytest.raises(NotYourTrip):
        call("get_trip", trip_id=trip["id"], actor=driver(trip["driver_id"]))
    told = ["trip_requested", "offer_made", "trip_assigned", "trip_returned", "offer_made", "trip_assigned"]
    eventually(lambda: world.told(trip["id"]) == told)


def test_a_driver_who_goes_offline_cannot_accept_any_more_and_the_trip_goes_on_at_once(
    call: Call, world: World, speaker: Speaker
) -> None:
    trip, driver_id = request(call, world), uuid4().hex
    made = offer(call, trip["id"], driver_id, ttl_s=600)
    speaker.go_offline(driver_id, datetime.now(UTC) - timedelta(seconds=60))  # comes late: he is long back
    speaker.go_offline(driver_id, datetime.now(UTC))
    eventually(lambda: world.told(trip["id"]) == ["trip_requested", "offer_made", "offer_withdrawn"])
    assert world.events[-1].data["reason"] == "driver_offline"
    with pytest.raises(OfferGone):
        call("accept_offer", offer_id=made["offer_id"], driver_id=driver_id)
    (waiting,) = call("list_waiting", city="helsinki")["items"]
    assert not waiting["has_open_offer"]
