"""A driver's verbs over the broker: his own trip only, in their order, behind its PIN."""

from __future__ import annotations

import pytest

from hansom.contracts.trips import IllegalTransition, NotYourTrip, PinLocked, UnknownTrip, WrongPin
from tests.support.trips_calls import OPS, Call, assigned, driver, rider
from tests.support.trips_world import World
from tests.support.waiting import eventually


def test_three_wrong_pins_lock_even_the_right_one_out(call: Call, world: World) -> None:
    trip = assigned(call, world)
    mine = {"trip_id": trip["id"], "driver_id": trip["driver_id"]}
    call("arrive", **mine)
    wrong = "0000" if trip["pin"] != "0000" else "0001"
    for _ in range(3):
        with pytest.raises(WrongPin) as refused:
            call("start", **mine, pin=wrong)
        assert list(refused.value.details) == ["pin"]
    with pytest.raises(PinLocked) as locked:
        call("start", **mine, pin=trip["pin"])
    assert 50 < locked.value.details["retry_after_s"] <= 60
    assert call("get_trip", trip_id=trip["id"], actor=OPS)["state"] == "arrived"


def test_each_verb_said_again_where_it_led_answers_the_same(call: Call, world: World) -> None:
    trip = assigned(call, world)
    mine = {"trip_id": trip["id"], "driver_id": trip["driver_id"]}
    for verb, more in (("arrive", {}), ("start", {"pin": trip["pin"]}), ("complete", {})):
        assert call(verb, **mine, **more) == call(verb, **mine, **more)
    with pytest.raises(IllegalTransition) as refused:
        call("arrive", **mine)
    assert refused.value.details == {"state": "completed", "verb": "arrive"}
    told = ["trip_requested", "offer_made", "trip_assigned", "driver_arrived", "trip_started", "trip_completed"]
    eventually(lambda: world.told(trip["id"])[:6] == told)


def test_nobody_drives_cancels_or_sees_somebody_elses_trip(call: Call, world: World) -> None:
    trip = assigned(call, world)
    for verb in ("arrive", "complete"):
        with pytest.raises(NotYourTrip):
            call(verb, trip_id=trip["id"], driver_id="driver-x")
        with pytest.raises(UnknownTrip):
            call(verb, trip_id="no-such-trip", driver_id="driver-x")
    for actor in (rider("rider-x"), driver("driver-x"), driver(trip["rider_id"])):
        with pytest.raises(NotYourTrip):
            call("cancel_trip", trip_id=trip["id"], actor=actor)
        with pytest.raises(NotYourTrip):
            call("get_trip", trip_id=trip["id"], actor=actor)
    with pytest.raises(UnknownTrip):
        call("get_trip", trip_id="no-such-trip", actor=OPS)
