"""How riders tip."""

from __future__ import annotations

from typing import Any

from services.gateway import tip_replies
from services.gateway.http.route import RIDER, Call, route
from services.gateway.routes.needs import Needs


class TipRoutes(Needs):
    @route("POST", "/v1/trips/{trip_id}/tip", who=RIDER, body=tip_replies.NewTip(), gives=tip_replies.Tip(),
           refuses=frozenset({403, 404, 409}), status=201, keyed=True,
           summary="Tip the driver of a ride, once")  # fmt: skip
    def tip_trip(self, call: Call) -> Any:
        """All of it is the driver's. Without a `payment_method` it is taken from the card of the ride; after a ride
        paid in cash one must be named. A tip that could not be charged (`failed`, with a `reason`) is owed by nobody
        and may be given again; a `pending` one waits for the payment provider and goes on by itself."""
        return self.payments.tip_trip(call.with_key(**call.data, rider_id=call.user_id))
