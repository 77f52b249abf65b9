"""The wire of tips, part of `schemas` and `replies`."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from hansom.wire import MoneySchema
from services.gateway.replies import Reply
from services.gateway.schemas import PlainText


class NewTip(Schema):
    amount_minor = fields.Integer(required=True, strict=True, validate=validate.Range(1, 10**12))
    payment_method = PlainText(longest=64, allow_none=True)


class Tip(Reply):
    tip_id = fields.String(required=True)
    trip_id = fields.String(required=True)
    amount = fields.Nested(MoneySchema, required=True)
    state = fields.String(required=True, validate=validate.OneOf(["pending", "captured", "failed"]))
    reason = fields.String(required=True, allow_none=True)
