"""One trip, as its parties and ops see it."""

from __future__ import annotations

import logging
from typing import Any

from hansom.contracts.errors import HansomError
from hansom.contracts.gateway import NoWay
from hansom.contracts.trips import NotYourTrip
from services.gateway import dispatch_replies, replies, schemas
from services.gateway.asking import names_of
from services.gateway.http.route import PARTY, USER, Call, route
from services.gateway.routes.needs import Needs

log = logging.getLogger(__name__)

WAITING_DEADLINE_S = 1.0
UNDER_WAY = ("assigned", "arrived", "in_progress")


class TripRoutes(Needs):
    @route("GET", "/v1/trips/{trip_id}", who=USER, gives=dispatch_replies.WaitingTrip(), summary="A trip")
    def get_trip(self, call: Call) -> Any:
        """`waiting` says how it stands while a driver is looked for; otherwise, and while that is not known, null.
        Operators are also told `rider: {id, name}`."""
        trip = self.trips.get_trip({**call.data, "actor": call.actor})
        told = {**trip, "waiting": self._waiting(trip)}
        if call.actor["role"] != "ops":
            return told
        names = names_of(self.users, {trip["rider_id"]})
        return {**told, "rider": {"id": trip["rider_id"], "name": names.get(trip["rider_id"])}}

    def _waiting(self, trip: dict[str, Any]) -> dict[str, Any] | None:
        """Nice to know: a trip is shown without it when matching is down."""
        if trip["state"] != "requested":
            return None
        try:
            waiting = self.matching.get_waiting({"trip_id": trip["id"]}, deadline_s=WAITING_DEADLINE_S)["waiting"]
        except HansomError as exc:
            log.warning("a trip is shown without how long it waits", extra={"error": exc.code})
            return None
        return waiting

    @route("GET", "/v1/trips/{trip_id}/trace", who=USER, gives=replies.Trace(), summary="The way that was driven")
    def get_trace(self, call: Call) -> Any:
        """What operators read is recorded first: see `/v1/ops/trace-readings`."""
        parties = self._must_see(call)
        request = {"trip_id": call.data["trip_id"], "driver_id": parties["driver_id"], "actor": call.actor}
        return self.location.get_trace(request)

    @route("POST", "/v1/trips/{trip_id}/rating", who=PARTY, body=schemas.NewRating(), gives=replies.Rating(),
           status=201, keyed=True, summary="Rate the other party, once")  # fmt: skip
    def rate_trip(self, call: Call) -> Any:
        payload = {"comment": None, **call.data, "actor": call.actor}
        return self.ratings.rate_trip(call.with_key(**payload))

    @route("GET", "/v1/trips/{trip_id}/route", who=USER, gives=replies.Way(), refuses=frozenset({409}),
           summary="The way from the car to where it is wanted next")  # fmt: skip
    def get_way(self, call: Call) -> Any:
        """To the pickup, and to the destination once the rider is aboard. 409 `no_way`: the trip has no driver under
        way, or it is not known where he is."""
        trip = self.trips.get_trip({**call.data, "actor": call.actor})
        position = (trip["driver"] or {}).get("position")
        if trip["state"] not in UNDER_WAY or position is None:
            raise NoWay()
        target = trip["dropoff"] if trip["state"] == "in_progress" else trip["pickup"]
        here = {"lat": position["lat"], "lng": position["lng"]}
        return self.maps.route({"pickup": here, "dropoff": target})

    def _must_see(self, call: Call) -> dict[str, Any]:
        """The trip's parties. Raises NotYourTrip unless the caller is one of them or ops."""
        parties = self.trips.get_parties({"trip_id": call.data["trip_id"]})
        if call.actor["role"] != "ops" and call.user_id not in (parties["rider_id"], parties["driver_id"]):
            raise NotYourTrip()
        return parties
