"""The wire ↔ pricing's dataclasses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from marshmallow import EXCLUDE, Schema, fields, post_load, validate

from hansom.contracts.pricing import (
    AskFinalFare,
    AskQuote,
    AskRequote,
    CancellationReply,
    FareLineReply,
    FareReason,
    FinalFareReply,
    OptionReply,
    PromoReply,
    QuoteReply,
    SeeQuote,
    TariffReply,
    TaxReply,
)
from hansom.contracts.timeline import Code, Kind, Moment, Who
from hansom.ids import made_at
from hansom.values import Money
from hansom.wire import Finite, PointSchema, iso, point_of
from services.pricing.domain.fare import Fare, FareLine
from services.pricing.domain.fees import cancel_fees
from services.pricing.domain.quote import Option, Quote
from services.pricing.domain.tariff import Tariff
from services.pricing.promo_schemas import CodeField
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
    promo_code = CodeField(load_default=None, allow_none=True)
    idempotency = fields.Dict(load_default=None, allow_none=True)

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> AskQuote:
        pickup, dropoff = point_of(data.pop("pickup")), point_of(data.pop("dropoff"))
        return AskQuote(pickup=pickup, dropoff=dropoff, **data)


class AskRequoteSchema(_Request):
    trip_id = _id()
    rider_id = _id()
    quote_id = _id()
    category = _id()
    dropoff = fields.Nested(PointSchema, required=True)
    via = fields.Nested(PointSchema, load_default=None, allow_none=True)
    driven_m = Finite(load_default=None, allow_none=True, validate=validate.Range(0, 1e7))
    driven_s = Finite(load_default=None, allow_none=True, validate=validate.Range(0, 1e7))
    idempotency = fields.Dict(load_default=None, allow_none=True)

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> AskRequote:
        dropoff, via = point_of(data.pop("dropoff")), data.pop("via")
        return AskRequote(dropoff=dropoff, via=via and point_of(via), **data)


class SeeQuoteSchema(_Request):
    quote_id = _id()

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> SeeQuote:
        return SeeQuote(**data)


class SeeQuotedSchema(_Request):
    quote_id = _id()
    category = _id()


class AskFinalFareSchema(_Request):
    quote_id = _id()
    category = _id()
    distance_m = Finite(load_default=None, allow_none=True, validate=validate.Range(0, 1e7))
    duration_s = Finite(required=True, validate=validate.Range(0, 1e7))
    credible = fields.Boolean(required=True)
    waited_s = Finite(load_default=0.0, validate=validate.Range(0, 1e6))
    ended_early = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    ended_at = fields.Nested(PointSchema, load_default=None, allow_none=True)
    destination_changed = fields.Boolean(load_default=False, truthy={True}, falsy={False})

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> AskFinalFare:
        ended_at = data.pop("ended_at")
        return AskFinalFare(ended_at=ended_at and point_of(ended_at), **data)


class TariffsSchema(_Request):
    city = _id()


ASK_QUOTE, ASK_REQUOTE, SEE_QUOTE = AskQuoteSchema(), AskRequoteSchema(), SeeQuoteSchema()
SEE_QUOTED = SeeQuotedSchema()
ASK_FINAL_FARE, TARIFFS = AskFinalFareSchema(), TariffsSchema()


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
        "options": [_dump_option(option, quote) for option in quote.options],
        "created_at": iso(quote.created_at) or "",
        "expires_at": iso(quote.expires_at) or "",
        "parent_id": quote.parent_id,
        "trip_id": quote.trip_id,
    }
    if quote.route.correction is not None:
        reply["correction"] = quote.route.correction
    if quote.route.estimated:
        reply["estimated"] = True
    return reply


def quoted_moments(quotes: Iterable[Quote], category: str) -> list[Moment]:
    """When a rider was told these prices of a category. A quote for another destination has its parent's times and was
    made when its id was."""
    moments = []
    for quote in quotes:
        option = next((each for each in quote.options if each.category == category), None)
        if option is None:
            continue
        discount_minor = quote.discount_minor(option.fare, option.tariff)
        values = {
            "category": category,
            "fare": Money(option.fare.total_minor, quote.currency).as_dict(),
            "discount": Money(discount_minor, quote.currency).as_dict(),
            "to_pay": Money(option.fare.total_minor - discount_minor, quote.currency).as_dict(),
            "promo_code": quote.promo.code if quote.promo else None,
            "surge": dump_surge(quote.surge),
            "pickup_eta_s": option.pickup_eta_s,
            "distance_m": quote.route.distance_m,
            "duration_s": quote.route.duration_s,
            "for_change": quote.parent_id is not None,
        }
        at = quote.created_at if quote.parent_id is None else made_at(quote.id) or quote.created_at
        moments.append(Moment(at, Kind.QUOTE, Code.QUOTED, Who("rider", quote.rider_id), values))
    return moments


def _dump_option(option: Option, quote: Quote) -> OptionReply:
    currency = quote.currency
    return {
        "category": option.category,
        "fare": Money(option.fare.total_minor, currency).as_dict(),
        "breakdown": _dump_lines(option.lines, currency),
        "tax": _dump_tax(option.fare, option.tariff, currency),
        "surge": dump_surge(quote.surge),
        "pickup_eta_s": option.pickup_eta_s,
        "tariff_version": option.tariff.version,
        "cancellation": _dump_cancellation(option, currency),
        "tip_max": Money(option.tip_max_minor, currency).as_dict(),
        "promo": _dump_promo(quote, option.fare, option.tariff),
    }


def _dump_promo(quote: Quote, fare: Fare, tariff: Tariff) -> PromoReply | None:
    if quote.promo is None:
        return None
    discount_minor = quote.discount_minor(fare, tariff)
    return {
        "code": quote.promo.code,
        "label": quote.promo.label,
        "discount": Money(discount_minor, quote.currency).as_dict(),
        "to_pay": Money(fare.total_minor - discount_minor, quote.currency).as_dict(),
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


def _dump_lines(lines: Iterable[FareLine], currency: str) -> list[FareLineReply]:
    return [_dump_line(line, currency) for line in lines]


def _dump_line(line: FareLine, currency: str) -> FareLineReply:
    amount = Money(line.amount_minor, currency).as_dict()
    reply: FareLineReply = {"code": line.code, "label": line.label, "amount": amount}
    if line.values:
        reply["values"] = dict(line.values)
    return reply


def _dump_tax(fare: Fare, tariff: Tariff, currency: str) -> TaxReply:
    return {"rate": tariff.tax_rate, "amount": Money(fare.tax_minor, currency).as_dict()}


def dump_final_fare(quote: Quote, category: str, fare: Fare, reason: FareReason) -> FinalFareReply:
    tariff, currency = quote.option(category).tariff, quote.currency
    discount_minor = quote.discount_minor(fare, tariff)
    return {
        "fare": Money(fare.total_minor, currency).as_dict(),
        "breakdown": _dump_lines(fare.lines, currency),
        "tax": _dump_tax(fare, tariff, currency),
        "reason": reason.value,
        "words": WORDS[reason],
        "discount": Money(discount_minor, currency).as_dict(),
        "promo_code": quote.promo.code if quote.promo else None,
        "promo": _dump_promo(quote, fare, tariff),
        "to_pay": Money(fare.total_minor - discount_minor, currency).as_dict(),
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
