"""The wire ↔ pricing's dataclasses."""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, post_load, validate

from hansom.contracts.pricing import (
    AskFinalFare,
    AskQuote,
    CancellationReply,
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
from services.pricing.domain.fees import cancel_fees
from services.pricing.domain.quote import Option, Quote
from services.pricing.domain.reasons import Surge
from services.pricing.domain.tariff import Tariff
from services.pricing.surge_schemas import dump_surge

WORDS = {
    FareReason.QUOTED: "The fare is the quoted one.",
    FareReason.TRACE_NOT_CREDIBLE: "The fare is the quoted one: the way driven is not known well enough.",
    FareReason.WAITED: "The quoted fare, and the driver waited for longer than is free.",
    FareReason.LONGER: "The way driven was longer than quoted.",
    FareReason.SHORTER: "The way driven was shorter than quoted.",
    FareReason.DESTINATION_CHANGED: "The destination was changed.",
    FareReason.ENDED_EARLY: "The ride was ended on the way: what was driven is charged.",
}


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
        "parent_id": None,
        "trip_id": None,
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
        "cancellation": _dump_cancellation(option, currency),
        "tip_max": Money(option.tip_max_minor, currency).as_dict(),
        "promo": None,
    }


def _dump_cancellation(option: Option, currency: str) -> CancellationReply:
    terms, fees = option.tariff.terms.cancellation, cancel_fees(option.tariff, option.fare.total_minor)
    return {
        "free_s": terms.free_s,
        "late_s": terms.late_s,
        "fee": Money(fees.cancellation.amount_minor, currency).as_dict(),
        "tax": Money(fees.cancellation.tax_minor, currency).as_dict(),
        "driver_share": Money(fees.cancellation.driver_share_minor, currency).as_dict(),
        "no_show_after_s": terms.no_show_after_s,
        "no_show_fee": Money(fees.no_show.amount_minor, currency).as_dict(),
        "no_show_tax": Money(fees.no_show.tax_minor, currency).as_dict(),
        "no_show_driver_share": Money(fees.no_show.driver_share_minor, currency).as_dict(),
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
        "words": WORDS[reason],
        "discount": Money(0, quote.currency).as_dict(),
        "promo_code": None,
        "promo": None,
        "to_pay": Money(fare.total_minor, quote.currency).as_dict(),
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
