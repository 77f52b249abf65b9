"""The wire ↔ pricing's dataclasses: promo codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate, validates_schema

from hansom.contracts.promos import (
    DisablePromo,
    ListPromos,
    ListPromoUses,
    NewPromo,
    PromoCodeReply,
    PromoCodesReply,
    PromoKind,
    PromoUseReply,
    PromoUsesReply,
    ReleasePromo,
    ReservedPromoReply,
    ReservePromo,
)
from hansom.validation import PlainText
from hansom.values import Money
from hansom.wire import MoneySchema, Rfc3339, iso
from services.pricing.domain.promo import PromoCode, PromoUse

MOST_MINOR = 10**9
MOST_USES = 10**9


class CodeField(PlainText):
    """A code as people type it: small letters are as good as capitals."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=64, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return super()._deserialize(value, attr, data, **kwargs).upper()


WELL_FORMED = validate.Regexp(
    r"\A[A-Z0-9][A-Z0-9_-]{2,31}\Z", error="3 to 32 letters from A to Z, digits, - and _; a letter or digit first."
)


def _id() -> fields.String:
    return fields.String(required=True, validate=validate.Length(1, 64))


class _Request(Schema):
    class Meta:
        unknown = EXCLUDE


class ReservePromoSchema(_Request):
    trip_id = _id()
    rider_id = _id()
    quote_id = _id()
    category = _id()
    first_ride = fields.Boolean(required=True, truthy={True}, falsy={False})

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> ReservePromo:
        return ReservePromo(**data)


class ReleasePromoSchema(_Request):
    trip_id = _id()

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> ReleasePromo:
        return ReleasePromo(**data)


class OperatorSchema(_Request):
    user_id = PlainText(required=True, longest=64)
    role = fields.String(required=True, validate=validate.Equal("ops"))


class AmountSchema(MoneySchema):
    amount_minor = fields.Integer(required=True, strict=True, validate=validate.Range(1, MOST_MINOR))


class NewPromoSchema(_Request):
    """Fixed: `amount`, Money. Percent: `percent`, and at most `cap`, Money. A null limit is none."""

    code = CodeField(required=True, validate=WELL_FORMED)
    kind = fields.Enum(PromoKind, by_value=True, required=True)
    amount = fields.Nested(AmountSchema, load_default=None, allow_none=True)
    percent = fields.Integer(strict=True, load_default=None, allow_none=True, validate=validate.Range(1, 100))
    cap = fields.Nested(AmountSchema, load_default=None, allow_none=True)
    first_ride = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    valid_from = Rfc3339(load_default=None, allow_none=True)
    valid_until = Rfc3339(load_default=None, allow_none=True)
    uses_max = fields.Integer(strict=True, load_default=None, allow_none=True, validate=validate.Range(1, MOST_USES))
    uses_per_rider = fields.Integer(strict=True, load_default=1, allow_none=True, validate=validate.Range(1, MOST_USES))
    cities = fields.List(PlainText(longest=64), load_default=None, allow_none=True, validate=validate.Length(1, 100))
    note = PlainText(shortest=0, longest=500, multiline=True, allow_none=True, load_default=None)
    actor = fields.Nested(OperatorSchema, required=True)
    idempotency = fields.Dict(load_default=None, allow_none=True)

    @validates_schema(skip_on_field_errors=True)
    def takes_something_off(self, data: dict[str, Any], **_: Any) -> None:
        is_fixed = data["kind"] is PromoKind.FIXED
        wanted, others = ("amount", ("percent", "cap")) if is_fixed else ("percent", ("amount",))
        if data[wanted] is None:
            raise ValidationError({wanted: [f"A {data['kind'].value} code needs it."]})
        for other in others:
            if data[other] is not None:
                raise ValidationError({other: [f"A {data['kind'].value} code has none."]})

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> NewPromo:
        amount, cap, actor = data.pop("amount"), data.pop("cap"), data.pop("actor")
        money = amount or cap
        cities = data.pop("cities")
        return NewPromo(
            **{**data, "note": data["note"] or None},
            ops_user_id=actor["user_id"],
            amount_minor=amount and amount["amount_minor"],
            cap_minor=cap and cap["amount_minor"],
            currency=money and money["currency"],
            cities=cities and tuple(dict.fromkeys(cities)),
        )


class SeePromoSchema(_Request):
    code = CodeField(required=True)


class DisablePromoSchema(_Request):
    code = CodeField(required=True)
    actor = fields.Nested(OperatorSchema, required=True)
    idempotency = fields.Dict(load_default=None, allow_none=True)

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> DisablePromo:
        return DisablePromo(data["code"], data["actor"]["user_id"], data["idempotency"])


class _Page(_Request):
    limit = fields.Integer(strict=True, load_default=20, validate=validate.Range(1, 100))
    cursor = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(r"\A[\x21-\x7e]{1,64}\Z", error="Not a cursor of this list."),
    )


class ListPromosSchema(_Page):
    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> ListPromos:
        return ListPromos(**data)


class ListPromoUsesSchema(_Page):
    code = CodeField(load_default=None, allow_none=True)
    limit = fields.Integer(strict=True, load_default=20, validate=validate.Range(1, 1000))

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> ListPromoUses:
        return ListPromoUses(**data)


RESERVE_PROMO, RELEASE_PROMO, NEW_PROMO = ReservePromoSchema(), ReleasePromoSchema(), NewPromoSchema()
SEE_PROMO, DISABLE_PROMO = SeePromoSchema(), DisablePromoSchema()
LIST_PROMOS, LIST_PROMO_USES = ListPromosSchema(), ListPromoUsesSchema()


def dump_reserved(use: PromoUse | None) -> ReservedPromoReply:
    if use is None:
        return {"code": None}
    return {"code": use.code, "discount": Money(use.discount_minor, use.currency).as_dict()}


def dump_code(code: PromoCode) -> PromoCodeReply:
    promo = code.promo
    return {
        "code": promo.code,
        "kind": promo.kind.value,
        "amount": _money(promo.amount_minor, code.currency),
        "percent": promo.percent,
        "cap": _money(promo.cap_minor, code.currency),
        "first_ride": code.first_ride,
        "valid_from": iso(code.valid_from) or "",
        "valid_until": iso(code.valid_until),
        "uses_max": code.uses_max,
        "uses_per_rider": code.uses_per_rider,
        "cities": None if code.cities is None else list(code.cities),
        "uses": code.uses,
        "note": code.note,
        "created_at": iso(code.created_at) or "",
        "created_by": code.created_by,
        "disabled_at": iso(code.disabled_at),
        "disabled_by": code.disabled_by,
    }


def _money(amount_minor: int | None, currency: str | None) -> dict[str, Any] | None:
    return None if amount_minor is None or currency is None else Money(amount_minor, currency).as_dict()


def dump_codes(codes: Sequence[PromoCode], following: str | None) -> PromoCodesReply:
    return {"items": [dump_code(code) for code in codes], "next_cursor": following}


def dump_uses(uses: Sequence[PromoUse], following: str | None) -> PromoUsesReply:
    return {"items": [_dump_use(use) for use in uses], "next_cursor": following}


def _dump_use(use: PromoUse) -> PromoUseReply:
    return {
        "trip_id": use.trip_id,
        "code": use.code,
        "rider_id": use.rider_id,
        "quote_id": use.quote_id,
        "category": use.category,
        "state": use.state.value,
        "discount": Money(use.discount_minor, use.currency).as_dict(),
        "reserved_at": iso(use.reserved_at) or "",
        "resolved_at": iso(use.resolved_at),
    }
