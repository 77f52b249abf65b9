"""Calls of the trips service by which a trip comes into each state, and who calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from tests.support.trips_world import World

Call = Callable[..., dict[str, Any]]
"""`call("request_trip", rider_id=..., ...)` over the broker, from any number of greenlets."""

OPS = {"user_id": "ops-1", "role": "ops"}


def rider(user_id: str) -> dict[str, str]:
    return {"user_id": user_id, "role": "rider"}


def driver(user_id: str) -> dict[str, str]:
    return {"user_id": user_id, "role": "driver"}


def request(call: Call, world: World, rider_id: str | None = None, **quote: Any) -> dict[str, Any]:
    rider_id = rider_id or uuid4().hex
    quote_id = world.add_quote(rider_id, **quote)
    return call("request_trip", rider_id=rider_id, quote_id=quote_id, category="standard")


def offer(call: Call, trip_id: str, driver_id: str, ttl_s: float = 15) -> dict[str, Any]:
    pair = {"trip_id": trip_id, "driver_id": driver_id, "pickup_eta_s": 60.5, "ttl_s": ttl_s}
    outcome = call("make_offers", offers=[pair])
    assert outcome["refused"] == []
    return outcome["made"][0]


def assigned(call: Call, world: World, **quote: Any) -> dict[str, Any]:
    trip, driver_id = request(call, world, **quote), uuid4().hex
    made = offer(call, trip["id"], driver_id)
    return call("accept_offer", offer_id=made["offer_id"], driver_id=driver_id)["trip"] | {"pin": trip["pin"]}


def in_progress(call: Call, world: World, **quote: Any) -> dict[str, Any]:
    trip = assigned(call, world, **quote)
    call("arrive", trip_id=trip["id"], driver_id=trip["driver_id"])
    return call("start", trip_id=trip["id"], driver_id=trip["driver_id"], pin=trip["pin"])
