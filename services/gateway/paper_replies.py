"""What clients get of a trip's numbered documents."""

from __future__ import annotations

from marshmallow import fields

from hansom.wire import MoneySchema, Rfc3339
from services.gateway.replies import Reply

KINDS = "ride, cancellation, no_show, tip or credit_note"


class Paper(Reply):
    """A receipt as `GET /v1/trips/{id}/receipt` gives it, or a credit note."""

    receipt_id = fields.String(required=True)
    receipt_number = fields.String(required=True)
    kind = fields.String(required=True, metadata={"description": KINDS})
    trip_id = fields.String(required=True)
    issued_at = Rfc3339(required=True)


class PaperItem(Paper):
    amount = fields.Nested(MoneySchema, required=True)


class Papers(Reply):
    items = fields.List(fields.Nested(PaperItem), required=True)
