"""The wire of refunds as operators see them, part of `replies`."""

from __future__ import annotations

from marshmallow import fields, validate

from hansom.wire import MoneySchema, Rfc3339
from services.gateway.replies import Reply


class Refund(Reply):
    refund_id = fields.String(required=True)
    trip_id = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(["ride", "cancellation", "no_show", "tip"]))
    amount = fields.Nested(MoneySchema, required=True)
    from_driver = fields.Nested(MoneySchema, required=True)
    reason = fields.String(required=True)
    by = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(["pending", "done", "failed"]))
    failure = fields.String(required=True, allow_none=True)
    credit_note_number = fields.String(required=True, allow_none=True)
    created_at = Rfc3339(required=True)
    resolved_at = Rfc3339(required=True, allow_none=True)


class Refunds(Reply):
    items = fields.List(fields.Nested(Refund), required=True)
