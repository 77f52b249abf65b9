"""The wire ↔ dataclasses: events and requests in, replies out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate, validates_schema

from hansom.contracts.analytics import (
    CorrectionsReply,
    DemandHintedData,
    ForecastReply,
    ForgetEtas,
    KeyFigures,
    LearnEtas,
    SeeDemand,
    SeeDemandByHour,
    SeeEtaErrors,
    SeeFigures,
    SeeForecast,
    SeeKeyFigures,
    SeeWorths,
    WorthsReply,
)
from hansom.contracts.errors import Invalid
from hansom.events import Event
from hansom.ids import made_at
from hansom.values import Point
from hansom.wire import Finite, MoneySchema, PointSchema, Rfc3339, iso, point_of
from services.analytics.domain import reports
from services.analytics.domain.facts import Fact, Value
from services.analytics.domain.figures import Figures
from services.analytics.domain.forecasting import HALF_HOUR, Forecast
from services.analytics.domain.hints import Car, Sent
from services.analytics.domain.promises import Correction
from services.analytics.domain.worths import Worths
from services.analytics.usecases.seeing import ErrorLine

R = TypeVar("R")

MAX_DEMAND_MINUTES = 24 * 60
MAX_FORECAST_AHEAD = timedelta(days=7)
MAX_ETA_LINES = 1000
MAX_ETA_SPAN = timedelta(days=31)
MAX_ETA_SPAN_BY_SEGMENT = timedelta(days=3)
"""A large city has figures of thousands of segments for each hour."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Tolerant(Schema):
    """Reads what it needs and lets the publisher add more."""

    class Meta:
        unknown = EXCLUDE


class _DriverSchema(_Tolerant):
    pickup_eta_s = Finite(load_default=None, allow_none=True)


def _time() -> Rfc3339:
    return Rfc3339(load_default=None, allow_none=True)


class _TripSchema(_Tolerant):
    id = fields.String(required=True)
    city = fields.String(required=True)
    quote_id = fields.String(load_default=None, allow_none=True)
    pickup = fields.Nested(PointSchema(unknown=EXCLUDE), required=True)
    driver_id = fields.String(load_default=None, allow_none=True)
    driver = fields.Nested(_DriverSchema, load_default=None, allow_none=True)
    fare = fields.Nested(MoneySchema(unknown=EXCLUDE), required=True)
    distance_m = Finite(load_default=None, allow_none=True)
    duration_s = Finite(load_default=None, allow_none=True)
    requested_at = Rfc3339(required=True)
    assigned_at = _time()
    arrived_at = _time()
    started_at = _time()
    completed_at = _time()
    cancelled_by = fields.String(load_default=None, allow_none=True)


class TripEventSchema(_Tolerant):
    """Data of every event of a trip's life."""

    trip = fields.Nested(_TripSchema, required=True)
    driver_id = fields.String(load_default=None, allow_none=True)


class OfferDeclinedSchema(_Tolerant):
    trip_id = fields.String(required=True)
    driver_id = fields.String(required=True)


class PaymentSchema(_Tolerant):
    """Data of payment_captured and payment_failed. `kind`: ride, cancellation, no_show or tip."""

    trip_id = fields.String(required=True)
    kind = fields.String(load_default="ride")
    amount = fields.Nested(MoneySchema(unknown=EXCLUDE), required=True)


def _payment(data: dict[str, Any]) -> dict[str, Any]:
    return data["amount"] | {"kind": data["kind"]}


class PayoutSchema(_Tolerant):
    """Data of payout_sent."""

    payout_id = fields.String(required=True)
    city = fields.String(load_default="")
    amount = fields.Nested(MoneySchema(unknown=EXCLUDE), required=True)


_TRIP_EVENT, _DECLINED, _PAYMENT = TripEventSchema(), OfferDeclinedSchema(), PaymentSchema()
_PAYOUT = PayoutSchema()


def read_fact(event: Event) -> Fact:
    """What is kept of an event. Raises ValidationError when its data is not what was agreed."""
    if event.name == "payments.payout_sent":
        data = _PAYOUT.load(event.data)
        payout_id, city, amount = data["payout_id"], data["city"], data["amount"]
        return Fact(event.event_id, event.name, payout_id, event.occurred_at, city, values=amount)
    if event.publisher == "payments":
        data = _PAYMENT.load(event.data)
        return Fact(event.event_id, event.name, data["trip_id"], event.occurred_at, values=_payment(data))
    if event.type == "offer_declined":
        data = _DECLINED.load(event.data)
        return Fact(event.event_id, event.name, data["trip_id"], event.occurred_at, driver_id=data["driver_id"])
    data = _TRIP_EVENT.load(event.data)
    trip = data["trip"]
    read_values = _VALUES.get(event.name)
    return Fact(
        event_id=event.event_id,
        name=event.name,
        trip_id=trip["id"],
        at=event.occurred_at,
        city=trip["city"],
        pickup=Point(**trip["pickup"]),
        driver_id=trip["driver_id"],
        values={} if read_values is None else read_values(data),
    )


def _ms_between(begin: datetime | None, end: datetime | None) -> int | None:
    return None if begin is None or end is None else round(1000 * (end - begin).total_seconds())


def _known(**values: Value | None) -> dict[str, Value]:
    return {name: value for name, value in values.items() if value is not None}


def _assigned(data: dict[str, Any]) -> dict[str, Value]:
    trip = data["trip"]
    eta_s = (trip["driver"] or {}).get("pickup_eta_s")
    return _known(
        wait_ms=_ms_between(trip["requested_at"], trip["assigned_at"]),
        promised_ms=None if eta_s is None else round(1000 * eta_s),
    )


def _arrived(data: dict[str, Any]) -> dict[str, Value]:
    """An offer is accepted seconds after its time was promised."""
    assigned_at = data["trip"]["assigned_at"]
    return _known(
        actual_ms=_ms_between(assigned_at, data["trip"]["arrived_at"]), made_at_ms=_ms_between(EPOCH, assigned_at)
    )


def _completed(data: dict[str, Any]) -> dict[str, Value]:
    """The time is promised with the quote, whose id says when it was made."""
    trip = data["trip"]
    promised_s = trip["duration_s"]
    return _known(
        made_at_ms=_ms_between(EPOCH, made_at(trip["quote_id"] or "")),
        actual_ms=_ms_between(trip["started_at"], trip["completed_at"]),
        promised_ms=None if promised_s is None else round(1000 * promised_s),
    )


def _cancelled(data: dict[str, Any]) -> dict[str, Value]:
    trip = data["trip"]
    had_driver = data["driver_id"] is not None or trip["driver_id"] is not None
    return {"by": trip["cancelled_by"] or "unknown", "had_driver": had_driver}


def _settled(data: dict[str, Any]) -> dict[str, Value]:
    return {**data["trip"]["fare"], "distance_m": round(data["trip"]["distance_m"] or 0)}


_VALUES: dict[str, Callable[[dict[str, Any]], dict[str, Value]]] = {
    "trips.trip_assigned": _assigned,
    "trips.driver_arrived": _arrived,
    "trips.trip_completed": _completed,
    "trips.trip_cancelled": _cancelled,
    "trips.trip_settled": _settled,
}


# -- other services' answers -------------------------------------------------------------------------------------------
def free_cars(live: list[dict[str, Any]], segment_of: Callable[[Point], str | None]) -> list[Car]:
    """Free cars in the city's segments, of the rows of `location.list_live`."""
    free = [(row["driver_id"], point_of(row["point"])) for row in live if row["state"] == "free"]
    placed = [(driver_id, point, segment_of(point)) for driver_id, point in free]
    return [Car(driver_id, point, segment) for driver_id, point, segment in placed if segment is not None]


# -- requests ----------------------------------------------------------------------------------------------------------
class SeeKeyFiguresSchema(Schema):
    since = Rfc3339(load_default=None, allow_none=True)
    city = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 100))


class SeeDemandSchema(Schema):
    city = fields.String(required=True, validate=validate.Length(1, 100))
    minutes = fields.Integer(load_default=60, strict=True, validate=validate.Range(1, MAX_DEMAND_MINUTES))


class SeeDemandByHourSchema(Schema):
    city = fields.String(required=True, validate=validate.Length(1, 100))
    since = Rfc3339(required=True)
    until = Rfc3339(required=True)


class SeeWorthsSchema(Schema):
    city = fields.String(required=True, validate=validate.Length(1, 100))


class SeeForecastSchema(SeeWorthsSchema):
    at = Rfc3339(load_default=None, allow_none=True)

    @validates_schema
    def check_at(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Forecasts are of what is to come, and the week after the next is not known any better than the next."""
        now = datetime.now(UTC)
        if data["at"] is not None and not now - HALF_HOUR <= data["at"] <= now + MAX_FORECAST_AHEAD:
            raise ValidationError({"at": [f"Now, or up to {MAX_FORECAST_AHEAD.days} days from now."]})


class SeeEtaErrorsSchema(SeeKeyFiguresSchema):
    until = Rfc3339(load_default=None, allow_none=True)
    by = fields.List(fields.String(validate=validate.OneOf(["segment", "hour"])), load_default=list)
    limit = fields.Integer(load_default=100, strict=True, validate=validate.Range(1, MAX_ETA_LINES))

    @validates_schema
    def check_span(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Of how much is read: lines need a city, and a span of days."""
        wrong = {}
        if data["by"] and data["city"] is None:
            wrong["city"] = ["Lines are of one city."]
        most = MAX_ETA_SPAN_BY_SEGMENT if "segment" in data["by"] else MAX_ETA_SPAN
        if data["by"] and data["since"] is not None and (data["until"] or datetime.now(UTC)) - data["since"] > most:
            wrong["since"] = [f"At most {most.days} days."]
        if wrong:
            raise ValidationError(wrong)

    @post_load
    def freeze(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return {**data, "by": tuple(dict.fromkeys(data["by"]))}


class LearnEtasSchema(Schema):
    city = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 100))


class ForgetEtasSchema(Schema):
    city = fields.String(required=True, validate=validate.Length(1, 100))


_REQUESTS: dict[type, Schema] = {
    SeeKeyFigures: SeeKeyFiguresSchema(),
    SeeEtaErrors: SeeEtaErrorsSchema(),
    LearnEtas: LearnEtasSchema(),
    ForgetEtas: ForgetEtasSchema(),
    SeeDemand: SeeDemandSchema(),
    SeeFigures: SeeDemandSchema(),
    SeeDemandByHour: SeeDemandByHourSchema(),
    SeeForecast: SeeForecastSchema(),
    SeeWorths: SeeWorthsSchema(),
}


def read_request(kind: type[R], payload: dict[str, Any]) -> R:
    """A request of this kind. Raises Invalid, which names each wrong field."""
    try:
        return kind(**_REQUESTS[kind].load(payload))
    except ValidationError as exc:
        raise Invalid(details=exc.normalized_messages()) from exc


# -- replies -----------------------------------------------------------------------------------------------------------
def key_figures_reply(figures: Figures, since: datetime, until: datetime) -> KeyFigures:
    """The figures of a time, for people."""
    plain = reports.counts(figures)
    return {
        "since": iso(since) or "",
        "until": iso(until) or "",
        **plain,  # type: ignore[typeddict-item]
        "completion_share": reports.share(plain["completed"], plain["requests"]),
        "unmet_share": reports.share(plain["unmet"], plain["requests"]),
        "mean_wait_s": reports.mean_wait_s(figures),
        "fares": [each.as_dict() for each in reports.money(figures, "fare")],
        "captured": [each.as_dict() for each in reports.money(figures, "captured")],
        "failed": [each.as_dict() for each in reports.money(figures, "failed")],
        "pickup_eta": reports.errors(figures, "pickup"),
        "trip_time": reports.errors(figures, "trip"),
    }


def eta_errors_reply(figures: Figures, since: datetime, until: datetime) -> dict[str, Any]:
    """How promised pickup and trip times were kept."""
    return {"since": iso(since), "until": iso(until), **_errors(figures)}


def _errors(figures: Figures) -> dict[str, Any]:
    return {"pickup": reports.errors(figures, "pickup"), "trip": reports.errors(figures, "trip")}


def eta_lines_reply(lines: list[ErrorLine], left_out: int) -> dict[str, Any]:
    """The same by segment and hour; what was not grouped by is not there."""
    items = []
    for line in lines:
        place = {"segment": line.segment, "hour": line.hour}
        items.append({name: value for name, value in place.items() if value is not None} | _errors(line.figures))
    return {"items": items, "left_out": left_out}


def corrections_reply(corrections: list[Correction]) -> CorrectionsReply:
    """The corrections in force."""
    return {
        "items": {
            each.city: {
                "pickup": list(each.pickup),
                "trip": list(each.trip),
                "valid_from": iso(each.valid_from) or "",
            }
            for each in corrections
        },
        "made_at": iso(max((each.valid_from for each in corrections), default=None)),
    }


def forecast_reply(city: str, forecast: Forecast, now: datetime) -> ForecastReply:
    """What is expected of a half hour."""
    return {
        "city": city,
        "from": iso(forecast.start) or "",
        "until": iso(forecast.start + HALF_HOUR) or "",
        "made_at": iso(now) or "",
        "history_weeks": round(forecast.weeks, 2),
        "level": round(forecast.level, 3),
        "total": round(forecast.total, 2),
        "items": [
            {
                "segment": each.segment,
                "requests": round(each.requests, 3),
                "usual": round(each.usual, 3),
                "recent": each.recent,
            }
            for each in forecast.items
        ],
    }


def worths_reply(city: str, worths: Worths, now: datetime) -> WorthsReply:
    """What it is worth to be somewhere."""
    known = worths.mean_wait_s is not None
    return {
        "city": city,
        "items": dict(worths.items),
        "learnt_at": iso(now) if known else None,
        "mean_wait_s": round(worths.mean_wait_s, 1) if worths.mean_wait_s is not None else None,
        "trust": round(worths.trust, 3),
    }


def hinted_data(sent: Sent) -> DemandHintedData:
    """Data of the event."""
    return {
        "driver_id": sent.hint.driver_id,
        "city": sent.city,
        "segment": sent.hint.segment,
        "point": sent.hint.point.as_dict(),
        "reason": sent.hint.reason,
        "expected": sent.hint.expected,
        "cars": sent.hint.cars,
        "expires_at": iso(sent.expires_at) or "",
    }
