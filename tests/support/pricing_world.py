"""The pricing service under another name, and small services that stand for maps and location."""

from __future__ import annotations

from typing import Any

from nameko.testing.services import dummy

from hansom.contracts import topology
from hansom.contracts.errors import HansomError
from hansom.contracts.trips import UnknownTrip
from hansom.rpc import ServiceClient, rpc
from services.pricing.service import PricingService

SERVICE, MAPS, LOCATION, CALLER = "pricing_under_test", "pricing_maps", "pricing_location", "pricing_caller"
TRIPS = "pricing_trips"

CELLS = ["881126d339fffff", "881126d333fffff"]
"""The city's segments, none around the other."""

SEGMENT = CELLS[0]
"""Where `PICKUP` is."""

PICKUP, DROPOFF = {"lat": 60.1699, "lng": 24.9384}, {"lat": 60.175, "lng": 24.95}


class PricingUnderTest(PricingService):
    name = SERVICE

    maps = ServiceClient(MAPS)
    location = ServiceClient(LOCATION)
    trips = ServiceClient(TRIPS)


class World:
    """What the stand-ins answer and what they were asked."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.failures: dict[str, HansomError] = {}
        self.asked: list[str] = []
        self.cars: dict[str, dict[str, int]] = {SEGMENT: {"free": 4, "busy": 0}}
        self.estimated = False
        self.states: dict[str, str] = {}
        self.etas_s: dict[str, float | None] = {"standard": 95.0, "comfort": 120.5, "van": None}

    def answer(self, method: str) -> None:
        self.asked.append(method)
        if method in self.failures:
            raise self.failures[method]


WORLD = World()


class Maps:
    name = MAPS

    @rpc
    def route(self, payload: dict[str, Any]) -> dict[str, Any]:
        WORLD.answer("route")
        line = [payload["pickup"], {"lat": 60.172, "lng": 24.944}, payload["dropoff"]]
        route = {"city": "helsinki", "distance_m": 4000.4, "duration_s": 599.5, "line": line}
        return {**route, "estimated": WORLD.estimated}

    @rpc
    def get_segments(self, payload: dict[str, Any]) -> dict[str, Any]:
        WORLD.answer("get_segments")
        return {"cells": CELLS}


class Location:
    name = LOCATION

    @rpc
    def pickup_etas(self, payload: dict[str, Any]) -> dict[str, Any]:
        WORLD.answer("pickup_etas")
        return {"categories": WORLD.etas_s, "free_nearby": 4}

    @rpc
    def supply_by_segment(self, payload: dict[str, Any]) -> dict[str, Any]:
        WORLD.answer("supply_by_segment")
        return {"items": WORLD.cars}


class Caller:
    """Calls pricing as the gateway and trips do."""

    name = CALLER
    pricing = ServiceClient(SERVICE)

    @dummy
    def idle(self) -> None:
        """Nameko runs no class without an entrypoint."""


class Trips:
    name = TRIPS

    @rpc
    def get_parties(self, payload: dict[str, Any]) -> dict[str, Any]:
        WORLD.answer("get_parties")
        if payload["trip_id"] not in WORLD.states:
            raise UnknownTrip()
        return {"trip_id": payload["trip_id"], "state": WORLD.states[payload["trip_id"]]}


STAND_INS = (Maps, Location, Trips)


def listen() -> None:
    """The service under test hears nobody by the broker: tests hand it events."""
    topology.SUBSCRIPTIONS[SERVICE] = {}
