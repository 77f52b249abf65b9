"""How operators give riders their money back."""

from __future__ import annotations

from typing import Any

from services.gateway import refund_replies, schemas
from services.gateway.http.route import OPS, Call, route
from services.gateway.routes.needs import Needs


class RefundRoutes(Needs):
    @route("POST", "/v1/ops/trips/{trip_id}/refunds", who=OPS, body=schemas.NewRefund(),
           gives=refund_replies.Refund(), refuses=frozenset({404, 409}), status=201, keyed=True,
           summary="Give a rider back his fare, or part of it")  # fmt: skip
    def refund_trip(self, call: Call) -> Any:
        """Without `amount_minor` all that is left. With `from_driver` he bears his part of it. With `of_tip` it is the
        tip that is given back. What settled a debt goes back the way it came. `state` is `pending`
        while the payment provider has not answered: it is looked up, and never asked for twice."""
        return self.payments.refund_trip(call.with_key(**call.data, actor=call.actor))

    @route("GET", "/v1/ops/trips/{trip_id}/refunds", who=OPS, gives=refund_replies.Refunds(),
           refuses=frozenset({404}), summary="What was given back of a trip's fare, oldest first")  # fmt: skip
    def list_refunds(self, call: Call) -> Any:
        return self.payments.list_refunds(call.data)
