"""How riders pay for rides that could not be charged."""

from __future__ import annotations

from typing import Any

from services.gateway import debt_replies, schemas
from services.gateway.http.route import RIDER, Call, route
from services.gateway.routes.needs import Needs


class DebtRoutes(Needs):
    @route("GET", "/v1/me/debts", who=RIDER, gives=debt_replies.Debts(), summary="Rides that are not paid yet")
    def list_my_debts(self, call: Call) -> Any:
        """Oldest first; `totals` has one amount a currency."""
        return self.payments.list_debts({"rider_id": call.user_id})

    @route("POST", "/v1/me/debts/settle", who=RIDER, body=schemas.DebtSettlement(), gives=debt_replies.Settled(),
           summary="Pay all that is owed, by card")  # fmt: skip
    def settle_my_debts(self, call: Call) -> Any:
        """`paid`: what is settled now; `items`: what is still owed, and `reason`: why the card was refused. Sent again,
        it pays only what is still open."""
        return self.payments.settle_debts({"rider_id": call.user_id, **call.data})
