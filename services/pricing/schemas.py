"""The wire ↔ pricing's dataclasses."""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, post_load, validate

from hansom.contracts.pricing import (
    AskFinalFare,
    AskQuote,
    FareLineReply,
    FareReason,
    FinalFareReply,
    OptionReply,
    QuoteReply,
    SeeQuote,
    TariffReply,
    TaxReply,
)
from hansom.values import Money
from hansom.wire import Finite, PointSchema, iso, point_of
from services.pricing.domain.fare import Fare
from services.pricing.domain.quote import Option, Quote
from services.pricing.domain.reasons import Surge
from services.pricing.domain.tariff import Tariff
from services.pricing.surge_schemas import dump_surge


def _id() -> fields.String:
    return fields.String(required=True, validate=validate.Length(1, 64))


class _Request(Schema):
    class Meta:
        unknown = EXCLUDE


class AskQuoteSchema(_Request):
    rider_id = _id()
    pickup = fields.Nested(PointSchema, required=True)
    dropoff = fields.Nested(PointSchema, required=True)
    idempotency = fields.Dict(load_default=None, allow_none=True)

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> AskQuote:
        return AskQuote(
            data["rider_id"], point_of(data["pickup"]), point_of(data["dropoff"]), idempotency=data["idempotency"]
        )


class SeeQuoteSchema(_Request):
    quote_id = _id()

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> SeeQuote:
        return SeeQuote(**data)


class AskFinalFareSchema(_Request):
    quote_id = _id()
    category = _id()
    distance_m = Finite(load_default=None, allow_none=True, validate=validate.Range(0, 1e7))
    duration_s = Finite(required=True, validate=validate.Range(0, 1e7))
    credible = fields.Boolean(required=True)
    waited_s = Finite(load_default=0.0, validate=validate.Range(0, 1e6))

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> AskFinalFare:
        return AskFinalFare(**data)


class TariffsSchema(_Request):
    city = _id()


ASK_QUOTE, SEE_QUOTE, ASK_FINAL_FARE, TARIFFS = (
    AskQuoteSchema(),
    SeeQuoteSchema(),
    AskFinalFareSchema(),
    TariffsSchema(),
)


def dump_quote(quote: Quote) -> QuoteReply:
    reply: QuoteReply = {
        "id": quote.id,
        "rider_id": quote.rider_id,
        "city": quote.route.city,
        "pickup": quote.pickup.as_dict(),
        "dropoff": quote.dropoff.as_dict(),
        "distance_m": quote.route.distance_m,
        "duration_s": quote.route.duration_s,
        "route": [point.as_dict() for point in quote.route.line],
        "options": [_dump_option(option, quote.surge, quote.currency) for option in quote.options],
        "created_at": iso(quote.created_at) or "",
        "expires_at": iso(quote.expires_at) or "",
    }
    if quote.route.correction is not None:
        reply["correction"] = quote.route.correction
    if quote.route.estimated:
        reply["estimated"] = True
    return reply


def _dump_option(option: Option, surge: Surge, currency: str) -> OptionReply:
    return {
        "category": option.category,
        "fare": Money(option.fare.total_minor, currency).as_dict(),
        "breakdown": _dump_lines(option.fare, currency),
        "tax": _dump_tax(option.fare, option.tariff, currency),
        "surge": dump_surge(surge),
        "pickup_eta_s": option.pickup_eta_s,
        "tariff_version": option.tariff.version,
    }


def _dump_lines(fare: Fare, currency: str) -> list[FareLineReply]:
    return [
        {"code": line.code, "label": line.label, "amount": Money(line.amount_minor, currency).as_dict()}
        for line in fare.lines
    ]


def _dump_tax(fare: Fare, tariff: Tariff, currency: str) -> TaxReply:
    return {"rate": tariff.tax_rate, "amount": Money(fare.tax_minor, currency).as_dict()}


def dump_final_fare(quote: Quote, category: str, fare: Fare, reason: FareReason) -> FinalFareReply:
    return {
        "fare": Money(fare.total_minor, quote.currency).as_dict(),
        "breakdown": _dump_lines(fare, quote.currency),
        "tax": _dump_tax(fare, quote.option(category).tariff, quote.currency),
        "reason": reason.value,
    }


def dump_tariff(tariff: Tariff, currency: str) -> TariffReply:
    return {
        "category": tariff.category,
        "version": tariff.version,
        "valid_from": iso(tariff.valid_from) or "",
        "currency": currency,
        "base": tariff.base,
        "per_km": tariff.per_km,
        "per_minute": tariff.per_minute,
        "minimum": tariff.minimum,
        "booking_fee": tariff.booking_fee,
        "tax_rate": tariff.tax_rate,
        "terms": tariff.terms.as_dict(),
    }
