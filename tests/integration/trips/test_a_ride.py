"""A ride from the request to its settling over the broker, and what each who is in it sees."""

from __future__ import annotations

from hansom.contracts.errors import StoreUnavailable
from tests.support.trips_calls import OPS, Call, assigned, driver, in_progress, rider
from tests.support.trips_world import World
from tests.support.waiting import eventually


def test_a_whole_ride_is_told_in_order_and_settled(call: Call, world: World) -> None:
    trip = in_progress(call, world)
    done = call("complete", trip_id=trip["id"], driver_id=trip["driver_id"])
    assert (done["state"], done["pin"], done["fare_final"]) == ("completed", None, False)
    expected = [
        "trip_requested",
        "offer_made",
        "trip_assigned",
        "driver_arrived",
        "trip_started",
        "trip_completed",
        "trip_settled",
    ]
    eventually(lambda: world.told(trip["id"]) == expected, within_s=10)
    settled = call("get_trip", trip_id=trip["id"], actor=rider(trip["rider_id"]))
    assert settled["fare"] == {"amount_minor": 1010, "currency": "EUR"} and settled["fare_final"]
    assert (settled["fare_reason"], settled["distance_m"], settled["version"]) == ("longer_than_quoted", 1400.0, 6)
    asked = world.asked["finish_trace"][-1]
    assert (asked["from"], asked["until"]) == (settled["started_at"], settled["completed_at"])
    assert world.asked["final_fare"][-1]["credible"] is True
    told = next(each.data for each in world.events if each.type == "trip_settled")
    assert told["breakdown"][0]["code"] == "distance" and told["tax"]["amount"]["amount_minor"] == 120
    assert all(check["breaches"] == [] for check in call("audit")["checks"])


def test_the_first_answer_shows_the_rider_his_pin_and_nobody_else_ever_sees_it(call: Call, world: World) -> None:
    trip = assigned(call, world)
    assert len(trip["pin"]) == 4 and trip["pin"].isdigit()
    seen = {
        who: call("get_trip", trip_id=trip["id"], actor=actor)["pin"]
        for who, actor in (("rider", rider(trip["rider_id"])), ("driver", driver(trip["driver_id"])), ("ops", OPS))
    }
    assert seen == {"rider": trip["pin"], "driver": None, "ops": None}
    assert call("list_trips", user_id=trip["driver_id"], role="driver")["items"][0]["pin"] is None
    assert call("list_all")["items"][0]["pin"] is None


def test_a_trip_shows_its_driver_and_where_his_car_is(call: Call, world: World) -> None:
    trip = assigned(call, world)
    here = {
        "point": {"lat": 60.17, "lng": 24.94},
        "bearing_deg": 90.0,
        "at": "2026-03-02T12:00:00.000Z",
        "state": "busy",
    }
    world.positions[trip["driver_id"]] = here
    seen = call("get_trip", trip_id=trip["id"], actor=rider(trip["rider_id"]))["driver"]
    assert (seen["id"], seen["name"], seen["vehicle"]["plate"]) == (trip["driver_id"], "Aino", "ABC-123")
    assert seen["position"] == {**here["point"], "bearing_deg": 90.0, "at": here["at"]}
    assert 55 < seen["pickup_eta_s"] <= 60.5


def test_a_trip_is_shown_without_a_position_when_location_is_down(call: Call, world: World) -> None:
    trip = assigned(call, world)
    world.failures["get_positions"] = StoreUnavailable()
    seen = call("get_trip", trip_id=trip["id"], actor=rider(trip["rider_id"]))
    assert seen["driver"]["position"] is None and seen["state"] == "assigned"
