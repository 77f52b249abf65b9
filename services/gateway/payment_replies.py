"""The wire of payments that riders confirm and of the provider's messages, part of `replies` and `schemas`."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from hansom.contracts.payments import ConfirmationState
from hansom.wire import MoneySchema, Rfc3339
from services.gateway.replies import Reply
from services.gateway.schemas import JsonBoolean


class PaymentConfirmation(Reply):
    id = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf([state.value for state in ConfirmationState]))
    amount = fields.Nested(MoneySchema, required=True)
    reason = fields.String(required=True, allow_none=True)
    action = fields.Dict(
        required=True,
        allow_none=True,
        metadata={"description": "What the app needs to ask the rider, as the payment provider gives it."},
    )
    created_at = Rfc3339(required=True)
    expires_at = Rfc3339(required=True)


class Confirmation(Schema):
    accept = JsonBoolean(required=True)


class Taken(Reply):
    taken = fields.Integer(required=True, metadata={"description": "How much of it was new."})
