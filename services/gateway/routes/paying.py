"""Payments that a rider's bank wants him to confirm, and what the payment provider tells."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from services.gateway import payment_replies
from services.gateway.http.route import ANYONE, RIDER, Call, route
from services.gateway.routes.needs import Needs

PROVIDER_DEADLINE_S = 15.0
"""A provider elsewhere is asked before the answer."""


class PaymentRoutes(Needs):
    @route("GET", "/v1/me/payment-confirmations/{id}", who=RIDER, gives=payment_replies.PaymentConfirmation(),
           summary="A payment that the rider's bank wants confirmed")  # fmt: skip
    def get_payment_confirmation(self, call: Call) -> Any:
        """Its id comes with 409 `payment_needs_confirmation` of a request for a trip. `action`: what the payment
        provider's own part of the app takes to ask the rider."""
        return self.payments.get_confirmation(_asked(call))

    @route("POST", "/v1/me/payment-confirmations/{id}", who=RIDER, body=payment_replies.Confirmation(),
           gives=payment_replies.PaymentConfirmation(), refuses=frozenset({409}),
           summary="Say yes or no to a payment")  # fmt: skip
    def confirm_payment(self, call: Call) -> Any:
        """Confirmed, it serves the rider's next request for a trip that costs no more. Safe to repeat."""
        asked = {**_asked(call), "accept": call.data["accept"]}
        return self.payments.call("confirm_payment", asked, PROVIDER_DEADLINE_S)

    @route("POST", "/v1/webhooks/{provider}", who=ANYONE, raw=True, gives=payment_replies.Taken(),
           refuses=frozenset({401, 404}), summary="A message of the payment provider, signed by it")  # fmt: skip
    def take_webhook(self, call: Call) -> Any:
        """Nobody needs a token here: the provider's signature is checked. Doubled and late messages change nothing."""
        message = {"headers": dict(call.headers), "body_b64": b64encode(call.raw).decode()}
        asked = {"provider": call.data["provider"], **message}
        return self.payments.call("take_webhook", asked, PROVIDER_DEADLINE_S)


def _asked(call: Call) -> dict[str, Any]:
    return {"rider_id": call.user_id, "confirmation_id": call.data["id"]}
