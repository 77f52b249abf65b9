"""Offers over the broker: made, answered by their driver only, and withdrawn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hansom.contracts.trips import NotYourOffer, OfferGone, UnknownOffer
from tests.support.shapes import shape
from tests.support.trips_calls import Call, assigned, offer, request
from tests.support.trips_world import World
from tests.support.waiting import eventually

EXAMPLES = Path(__file__).parents[2] / "contract" / "examples"


def test_offers_are_answered_by_their_driver_only_and_once(call: Call, world: World) -> None:
    trip = request(call, world)
    made = offer(call, trip["id"], "driver-1")
    with pytest.raises(UnknownOffer):
        call("accept_offer", offer_id="no-such-offer", driver_id="driver-1")
    with pytest.raises(NotYourOffer):
        call("accept_offer", offer_id=made["offer_id"], driver_id="driver-2")
    declined = call("decline_offer", offer_id=made["offer_id"], driver_id="driver-1")
    assert declined["offer"]["state"] == "declined"
    assert call("decline_offer", offer_id=made["offer_id"], driver_id="driver-1") == declined
    with pytest.raises(OfferGone):
        call("accept_offer", offer_id=made["offer_id"], driver_id="driver-1")
    second = offer(call, trip["id"], "driver-2")
    first = call("accept_offer", offer_id=second["offer_id"], driver_id="driver-2")
    again = call("accept_offer", offer_id=second["offer_id"], driver_id="driver-2")
    assert again["offer"] == first["offer"] and again["trip"]["version"] == first["trip"]["version"] == 2
    with pytest.raises(OfferGone):
        call("decline_offer", offer_id=second["offer_id"], driver_id="driver-2")


def test_offers_that_cannot_be_made_are_refused_one_by_one(call: Call, world: World) -> None:
    free, busy = request(call, world), assigned(call, world)
    other, third = request(call, world), request(call, world)

    def pair(trip_id: str, driver_id: str) -> dict[str, Any]:
        return {"trip_id": trip_id, "driver_id": driver_id, "pickup_eta_s": 1, "ttl_s": 15}

    outcome = call(
        "make_offers",
        offers=[
            pair(free["id"], "driver-1"),
            pair(other["id"], "driver-1"),
            pair(busy["id"], "driver-2"),
            pair("no-such-trip", "driver-3"),
            pair(third["id"], "nobody"),
            pair(third["id"], busy["driver_id"]),
        ],
    )
    assert [made["driver_id"] for made in outcome["made"]] == ["driver-1"]
    reasons = [refused["reason"] for refused in outcome["refused"]]
    assert sorted(reasons) == [
        "driver_not_free",
        "driver_not_free",
        "trip_not_waiting",
        "unknown_driver",
        "unknown_trip",
    ]
    assert call("make_offers", offers=[]) == {"made": [], "refused": []}
    assert set(call("list_unfree_drivers")["driver_ids"]) == {"driver-1", busy["driver_id"]}


def test_waiting_trips_name_the_drivers_not_to_ask_again(call: Call, world: World) -> None:
    trip = request(call, world)
    made = offer(call, trip["id"], "driver-1")
    call("decline_offer", offer_id=made["offer_id"], driver_id="driver-1")
    offer(call, trip["id"], "driver-2")
    (waiting,) = call("list_waiting", city="helsinki")["items"]
    assert (waiting["trip_id"], waiting["returned"], waiting["has_open_offer"]) == (trip["id"], False, True)
    assert waiting["excluded_driver_ids"] == ["driver-1", "driver-2"]
    assert call("list_waiting", city="turku") == {"items": []}


def test_a_city_shows_who_waits_where_and_which_drivers_have_an_offer(call: Call, world: World) -> None:
    waiting, ridden = request(call, world), request(call, world)
    made = offer(call, ridden["id"], "driver-1")
    call("accept_offer", offer_id=made["offer_id"], driver_id="driver-1")
    offer(call, waiting["id"], "driver-2")
    pickup = waiting["pickup"]
    row = [waiting["id"], round(pickup["lat"], 5), round(pickup["lng"], 5), waiting["requested_at"]]
    assert call("see_city", city="helsinki") == {"waiting": [row], "held": ["driver-2"]}
    assert call("see_city", city="turku") == {"waiting": [], "held": []}
    example = json.loads((EXAMPLES / "rpc" / "trips.see_city.json").read_text(encoding="utf-8"))
    assert shape(call("see_city", **example["request"])) == shape(example["reply"])


def test_an_offer_that_nobody_answers_is_withdrawn_by_the_timer(call: Call, world: World) -> None:
    trip = request(call, world)
    made = offer(call, trip["id"], "driver-1", ttl_s=0.2)
    eventually(lambda: "offer_withdrawn" in world.told(trip["id"]))
    with pytest.raises(OfferGone):
        call("accept_offer", offer_id=made["offer_id"], driver_id="driver-1")
