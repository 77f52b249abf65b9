"""What payments is asked of holds and told by its provider, the wire → its dataclasses; and what it answers to that."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate

from hansom.contracts.payment_replies import AuthorizeReply, ConfirmationReply
from hansom.contracts.payments import AuthorizeRide, ConfirmationState, ConfirmPayment
from hansom.values import Money
from hansom.wire import MoneySchema, iso
from services.payments.domain.charge import MOST_MINOR
from services.payments.domain.hold import Hold
from services.payments.usecases.holding import confirmation_state


def an_id() -> fields.String:
    return fields.String(required=True, validate=validate.Length(1, 64))


class Request(Schema):
    class Meta:
        unknown = EXCLUDE


class AuthorizeRideSchema(Request):
    trip_id = an_id()
    rider_id = an_id()
    city = an_id()
    amount = fields.Nested(MoneySchema, required=True)
    payment_method = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 100))

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> AuthorizeRide:
        amount = data.pop("amount")
        if not 0 <= amount["amount_minor"] <= MOST_MINOR:
            raise ValidationError("Not an amount that a ride costs.", "amount")
        return AuthorizeRide(amount_minor=amount["amount_minor"], currency=amount["currency"], **data)


class ReleaseHoldsSchema(Request):
    trip_ids = fields.List(an_id(), required=True, validate=validate.Length(0, 500))


class ConfirmationSchema(Request):
    rider_id = an_id()
    confirmation_id = an_id()


class ConfirmPaymentSchema(ConfirmationSchema):
    accept = fields.Boolean(required=True)

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> ConfirmPayment:
        return ConfirmPayment(**data)


class TakeWebhookSchema(Request):
    provider = an_id()
    headers = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    body_b64 = fields.String(required=True)

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> tuple[str, dict[str, str], bytes]:
        try:
            body = base64.b64decode(data["body_b64"], validate=True)
        except ValueError as exc:
            raise ValidationError("Not base64.", "body_b64") from exc
        return data["provider"], data["headers"], body


AUTHORIZE_RIDE = AuthorizeRideSchema()
RELEASE_HOLDS = ReleaseHoldsSchema()
CONFIRMATION = ConfirmationSchema()
CONFIRM_PAYMENT = ConfirmPaymentSchema()
TAKE_WEBHOOK = TakeWebhookSchema()


def authorize_reply(is_held: bool) -> AuthorizeReply:
    return {"state": "held" if is_held else "none"}


def confirmation_reply(hold: Hold, confirm_within: timedelta) -> ConfirmationReply:
    state = confirmation_state(hold)
    return {
        "id": hold.id,
        "state": state.value,
        "amount": Money(hold.amount_minor, hold.currency).as_dict(),
        "reason": hold.reason,
        "action": dict(hold.confirmation or {}) if state == ConfirmationState.WAITING else None,
        "created_at": iso(hold.created_at) or "",
        "expires_at": iso(hold.created_at + confirm_within) or "",
    }
