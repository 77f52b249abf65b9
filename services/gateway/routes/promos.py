"""How operators make promo codes and take them out of use."""

from __future__ import annotations

from typing import Any

from services.gateway import promo_replies, schemas
from services.gateway.http.route import OPS, Call, route
from services.gateway.routes.needs import Needs


class PromoRoutes(Needs):
    @route("POST", "/v1/ops/promo-codes", who=OPS, body=promo_replies.NewPromoCode(), gives=promo_replies.PromoCode(),
           refuses=frozenset({409}), status=201, keyed=True, summary="Make a promo code")  # fmt: skip
    def create_promo(self, call: Call) -> Any:
        """What a code promises never changes afterwards, and a code is never used again for another promise: it can be
        disabled, and another one made."""
        return self.pricing.create_promo(call.with_key(**call.data, actor=call.actor))

    @route("GET", "/v1/ops/promo-codes", who=OPS, query=schemas.PageQuery(), gives=promo_replies.PromoCodes(),
           summary="Promo codes, newest first, and how often each is used")  # fmt: skip
    def list_promos(self, call: Call) -> Any:
        return self.pricing.list_promos(call.data)

    @route("POST", "/v1/ops/promo-codes/{code}/disable", who=OPS, gives=promo_replies.PromoCode(),
           refuses=frozenset({404}), summary="Take a promo code out of use")  # fmt: skip
    def disable_promo(self, call: Call) -> Any:
        """Nobody asks for a ride with it from now on; rides asked for with it before keep it."""
        return self.pricing.disable_promo({**call.data, "actor": call.actor})
