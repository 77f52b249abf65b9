"""The wire of ending a ride early and of going elsewhere: what clients send, and what they get. Part of `schemas` and
`replies`."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from hansom.contracts.trip_terms import CancelCode
from hansom.validation import PlainText
from hansom.wire import MoneySchema, PointSchema, Rfc3339
from services.gateway.replies import Reply
from services.gateway.schemas import Id, JsonBoolean, JsonObject


class Cancellation(Schema):
    reason = PlainText(shortest=0, longest=500, multiline=True, allow_none=True)
    charge = JsonBoolean(
        metadata={"description": "Operators only: it costs what it would cost the rider; otherwise nothing."}
    )


class DestinationWish(Schema):
    dropoff = JsonObject(PointSchema, required=True)


class DestinationChange(Schema):
    quote_id = Id(required=True)


class CancelPreview(Reply):
    fee = fields.Nested(MoneySchema, required=True)
    free_until = Rfc3339(required=True, allow_none=True)
    code = fields.String(required=True, validate=validate.OneOf([code.value for code in CancelCode]))
    reason = fields.String(required=True, metadata={"description": "A sentence for the rider."})
