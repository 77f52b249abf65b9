"""What operators see of a driver's money."""

from __future__ import annotations

from typing import Any

from services.gateway import replies, schemas
from services.gateway.http.route import OPS, Call, route
from services.gateway.routes.needs import Needs


class PayoutRoutes(Needs):
    @route("GET", "/v1/ops/drivers/{driver_id}/payouts", who=OPS, query=schemas.PageQuery(), gives=replies.Page(),
           refuses=frozenset({404}), summary="A driver's payouts with their state and lines, newest first")  # fmt: skip
    def list_driver_payouts(self, call: Call) -> Any:
        """As the driver sees them; each has a statement at `/v1/driver/payouts/{id}/statement`."""
        self.drivers.get_driver({"driver_id": call.data["driver_id"]})
        return self.payments.list_payouts(call.data)

    @route("GET", "/v1/ops/drivers/{driver_id}/earnings", who=OPS, query=schemas.PeriodQuery(),
           gives=replies.Earnings(), refuses=frozenset({404}),
           summary="A driver's totals and lines of a period")  # fmt: skip
    def get_driver_earnings(self, call: Call) -> Any:
        """As the driver sees them; `totals.to_be_paid` is what he is owed now."""
        self.drivers.get_driver({"driver_id": call.data["driver_id"]})
        return self.payments.get_earnings(call.data)
