"""The wire of promo codes as operators make and see them, part of `schemas` and `replies`."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from hansom.contracts.promos import PromoKind
from hansom.validation import PlainText
from hansom.wire import MoneySchema, Rfc3339
from services.gateway.replies import Reply
from services.gateway.schemas import JsonBoolean, JsonInteger, JsonObject, Moment

KINDS = [kind.value for kind in PromoKind]
MOST = 10**9


class Amount(MoneySchema):
    """An amount above nothing."""

    amount_minor = JsonInteger(required=True, validate=validate.Range(1, MOST))


class NewPromoCode(Schema):
    """Fixed: `amount` off. Percent: `percent` of the fare off, at most `cap`."""

    code = PlainText(required=True, longest=64, metadata={"description": "Small letters are as good as capitals."})
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    amount = JsonObject(Amount, allow_none=True)
    percent = JsonInteger(allow_none=True, validate=validate.Range(1, 100))
    cap = JsonObject(Amount, allow_none=True)
    first_ride = JsonBoolean(metadata={"description": "Only who has had no ride yet can use it."})
    valid_from = Moment(allow_none=True, metadata={"description": "Now unless given."})
    valid_until = Moment(allow_none=True)
    uses_max = JsonInteger(
        allow_none=True, validate=validate.Range(1, MOST), metadata={"description": "Of all riders; null: no limit."}
    )
    uses_per_rider = JsonInteger(
        allow_none=True,
        validate=validate.Range(1, MOST),
        metadata={"description": "Null: no limit. Once unless given."},
    )
    cities = fields.List(
        PlainText(longest=64), allow_none=True, validate=validate.Length(1, 100), metadata={"description": "Null: all."}
    )
    note = PlainText(shortest=0, longest=500, multiline=True, allow_none=True)


class PromoCode(Reply):
    code = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    amount = fields.Nested(MoneySchema, required=True, allow_none=True)
    percent = fields.Integer(required=True, allow_none=True)
    cap = fields.Nested(MoneySchema, required=True, allow_none=True)
    first_ride = fields.Boolean(required=True)
    valid_from = Rfc3339(required=True)
    valid_until = Rfc3339(required=True, allow_none=True)
    uses_max = fields.Integer(required=True, allow_none=True)
    uses_per_rider = fields.Integer(required=True, allow_none=True)
    cities = fields.List(fields.String(), required=True, allow_none=True)
    uses = fields.Integer(required=True, metadata={"description": "Reserved for trips, or taken off their fares."})
    note = fields.String(required=True, allow_none=True)
    created_at = Rfc3339(required=True)
    created_by = fields.String(required=True)
    disabled_at = Rfc3339(required=True, allow_none=True)
    disabled_by = fields.String(required=True, allow_none=True)


class PromoCodes(Reply):
    items = fields.List(fields.Nested(PromoCode), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
