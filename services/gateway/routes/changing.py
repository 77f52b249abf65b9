"""How a ride ends before its end, and how it goes elsewhere."""

from __future__ import annotations

from typing import Any

from services.gateway import change_schemas, quote_replies, replies
from services.gateway.http.route import DRIVER, RIDER, USER, Call, route
from services.gateway.routes.needs import Needs


class ChangingRoutes(Needs):
    @route("GET", "/v1/trips/{trip_id}/cancel-preview", who=USER, gives=change_schemas.CancelPreview(),
           refuses=frozenset({404, 409}), summary="What cancelling would cost now, and why")  # fmt: skip
    def preview_cancel(self, call: Call) -> Any:
        return self.trips.cancel_preview({**call.data, "actor": call.actor})

    @route("POST", "/v1/trips/{trip_id}/cancel", who=USER, body=change_schemas.Cancellation(), gives=replies.Trip(),
           summary="Cancel; a driver's cancel sends the trip back to matching")  # fmt: skip
    def cancel_trip(self, call: Call) -> Any:
        """What it costs, `cancel-preview` says before and `cancellation_fee` after. A rider who cancels under way ends
        his ride there: it is charged for what was driven (`ended_early`)."""
        return self.trips.cancel_trip({**call.data, "actor": call.actor})

    @route("POST", "/v1/trips/{trip_id}/no-show", who=DRIVER, gives=replies.Trip(),
           summary="End it: the rider did not come")  # fmt: skip
    def claim_no_show(self, call: Call) -> Any:
        """At the pickup, and once the rider has had his time: earlier is 409 `too_early` with `details.claim_at`, from
        elsewhere 409 `not_at_pickup`."""
        return self.trips.claim_no_show({**call.data, "driver_id": call.user_id})

    @route("POST", "/v1/trips/{trip_id}/destination-quotes", who=RIDER, body=change_schemas.DestinationWish(),
           gives=quote_replies.Quote(), status=201, keyed=True, refuses=frozenset({404, 409}),
           summary="Ask what the ride costs to another place")  # fmt: skip
    def quote_destination(self, call: Call) -> Any:
        """By the terms of the ride's own quote; under way, from where the car is, and what was driven counts."""
        return self.trips.quote_destination(call.with_key(rider_id=call.user_id, **call.data))

    @route("PATCH", "/v1/trips/{trip_id}", who=RIDER, body=change_schemas.DestinationChange(), gives=replies.Trip(),
           refuses=frozenset({404, 409}), summary="Go where that quote goes")  # fmt: skip
    def change_destination(self, call: Call) -> Any:
        return self.trips.change_destination({**call.data, "rider_id": call.user_id})
