"""The wire of debts as riders see them, part of `replies`."""

from __future__ import annotations

from marshmallow import fields, validate

from hansom.wire import MoneySchema, Rfc3339
from services.gateway.replies import Reply


class Debt(Reply):
    trip_id = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(["ride", "cancellation", "no_show"]))
    amount = fields.Nested(MoneySchema, required=True)
    reason = fields.String(required=True)
    since = Rfc3339(required=True)


class Debts(Reply):
    items = fields.List(fields.Nested(Debt), required=True)
    totals = fields.List(fields.Nested(MoneySchema), required=True)


class Settled(Debts):
    paid = fields.List(fields.Nested(Debt), required=True)
    reason = fields.String(required=True, allow_none=True)
