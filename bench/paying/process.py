"""Payments under another name, for `nameko run` in a process that is killed; and who stands for trips beside it."""

from __future__ import annotations

import json
import os
from bisect import bisect_right
from functools import cache
from pathlib import Path
from typing import Any

from hansom.contracts import topology
from hansom.contracts.trips import UnknownTrip
from hansom.rpc import ServiceClient, rpc
from services.payments.service import PaymentsService

SERVICE, TRIPS, EAR = "payments_benched", "payments_benched_trips", "payments_benched_ear"
TRIPS_FILE = "BENCH_MONEY_TRIPS"


class PaymentsBenched(PaymentsService):
    """The service itself: only who it is and whom it asks has another name."""

    name = SERVICE

    trips = ServiceClient(TRIPS)
    pricing = ServiceClient(TRIPS)


class TripsStandIn:
    """Knows the benchmark's trips and what was taken off their fares, as trips and pricing would."""

    name = TRIPS

    @rpc
    def get_parties(self, payload: dict[str, Any]) -> dict[str, Any]:
        _, trips = _known()
        if payload["trip_id"] not in trips:
            raise UnknownTrip()
        return dict(trips[payload["trip_id"]]["parties"])

    @rpc
    def list_money(self, payload: dict[str, Any]) -> dict[str, Any]:
        ids, trips = _known()
        first = bisect_right(ids, payload["after"])
        return {"items": [trips[trip_id]["money"] for trip_id in ids[first : first + payload["limit"]]]}

    @rpc
    def list_promo_uses(self, payload: dict[str, Any]) -> dict[str, Any]:
        _, trips = _known()
        return {"items": [trip["promo"] for trip in trips.values() if trip["promo"] is not None], "next_cursor": None}

    @rpc
    def audit(self, payload: dict[str, Any]) -> dict[str, Any]:
        return {"checks": []}


@cache
def _known() -> tuple[list[str], dict[str, Any]]:
    trips = json.loads(Path(os.environ[TRIPS_FILE]).read_text(encoding="utf-8"))
    return sorted(trips), trips


def listen() -> None:
    """Who publishes to whom: trips' stand-in to the service, the service to the benchmark's ear."""
    topology.PUBLISHED[TRIPS] = topology.PUBLISHED["trips"]
    topology.PUBLISHED[SERVICE] = topology.PUBLISHED["payments"]
    topology.SUBSCRIPTIONS[SERVICE] = {TRIPS: topology.SUBSCRIPTIONS["payments"]["trips"]}
    topology.SUBSCRIPTIONS[EAR] = {SERVICE: topology.PUBLISHED["payments"]}


listen()
