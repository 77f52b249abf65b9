"""What riders do: look around, ask for a price, ask for a ride."""

from __future__ import annotations

from typing import Any

from services.gateway import quote_replies, replies, schemas
from services.gateway.http.route import RIDER, USER, Call, route
from services.gateway.routes.needs import Needs


class RidingRoutes(Needs):
    @route("GET", "/v1/me/trips", who=USER, query=schemas.PageQuery(), gives=replies.Trips(),
           summary="The caller's trips, newest first")  # fmt: skip
    def list_my_trips(self, call: Call) -> Any:
        return self.trips.list_trips({**call.actor, **call.data})

    @route("GET", "/v1/places", who=RIDER, query=schemas.PlacesQuery(), gives=replies.Places(),
           summary="Search places as you type")  # fmt: skip
    def search_places(self, call: Call) -> Any:
        payload: dict[str, Any] = {"q": call.data["q"], "limit": call.data["limit"]}
        if "lat" in call.data and "lng" in call.data:
            payload["near"] = {"lat": call.data["lat"], "lng": call.data["lng"]}
        return self.maps.search_places(payload)

    @route("GET", "/v1/drivers/nearby", who=RIDER, query=schemas.NearbyQuery(), gives=replies.Cars(),
           summary="Free cars near a point, anonymous")  # fmt: skip
    def list_nearby(self, call: Call) -> Any:
        point = {"lat": call.data["lat"], "lng": call.data["lng"]}
        limit = call.data.get("limit", int(self.config["NEARBY_LIMIT"]))
        return self.location.nearby({"point": point, "limit": limit})

    @route("POST", "/v1/quotes", who=RIDER, body=schemas.QuoteRequest(), gives=quote_replies.Quote(), status=201,
           keyed=True, refuses=frozenset({409}), summary="Ask for a price, good until it expires")  # fmt: skip
    def quote(self, call: Call) -> Any:
        """With a promo code that cannot be used: 409 `promo_refused`, and `details.reason` says why."""
        return self.pricing.quote(call.with_key(rider_id=call.user_id, **call.data))

    @route("POST", "/v1/trips", who=RIDER, body=schemas.TripRequest(), gives=replies.Trip(), status=201, keyed=True,
           refuses=frozenset({404}), summary="Ask for the ride that was quoted")  # fmt: skip
    def request_trip(self, call: Call) -> Any:
        return self.trips.request_trip(call.with_key(rider_id=call.user_id, **call.data))
