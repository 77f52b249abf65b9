"""The wire of api.md: what clients get. OpenAPI is built from these; tests hold the services' answers against them."""

from __future__ import annotations

from typing import Any

from marshmallow import INCLUDE, Schema, fields, validate

from hansom.contracts.pricing import SurgeCode
from hansom.wire import Finite, MoneySchema, PointSchema, Rfc3339


class Reply(Schema):
    """Fields may be added: a client ignores what it does not know."""

    class Meta:
        unknown = INCLUDE


def _maybe(field: type[fields.Field], **kwargs: Any) -> fields.Field:
    """A field that is there, and null while it is not known."""
    return field(required=True, allow_none=True, **kwargs)


def _point(**kwargs: Any) -> fields.Nested:
    return fields.Nested(PointSchema, required=True, **kwargs)


def _money() -> fields.Nested:
    return fields.Nested(MoneySchema, required=True)


class Vehicle(Reply):
    make = fields.String(required=True)
    model = fields.String(required=True)
    colour = fields.String(required=True)
    plate = fields.String(required=True)
    category = fields.String(required=True)


class Profile(Reply):
    id = fields.String(required=True)
    role = fields.String(required=True, validate=validate.OneOf(["rider", "driver", "ops"]))
    email = fields.String(required=True)
    name = fields.String(required=True)
    phone = _maybe(fields.String)
    locale = fields.String(required=True)
    language = _maybe(fields.String, metadata={"description": "Of receipts and the like; null while none is chosen."})
    rating = _maybe(Finite)
    rating_count = fields.Integer(required=True)
    created_at = Rfc3339(required=True)


class Session(Reply):
    user = fields.Nested(Profile, required=True)
    access_token = fields.String(required=True)
    refresh_token = _maybe(fields.String, metadata={"description": "Null when it went into a cookie."})
    expires_in = fields.Integer(required=True, metadata={"description": "Seconds that the access token lives."})


class Place(Reply):
    name = fields.String(required=True)
    kind = fields.String(required=True)
    point = _point()


class Places(Reply):
    items = fields.List(fields.Nested(Place), required=True)


class Car(Reply):
    """A free car near, anonymous."""

    point = _point()
    bearing_deg = _maybe(Finite)
    category = fields.String(required=True)
    pickup_eta_s = _maybe(Finite)


class Cars(Reply):
    items = fields.List(fields.Nested(Car), required=True)


class FareLine(Reply):
    label = fields.String(required=True)
    amount = _money()


class SurgeValues(Reply):
    """What was counted near the pickup when the fare was raised."""

    window_s = Finite(required=True, metadata={"description": "The time in which `requests` were made."})
    requests = fields.Integer(required=True, metadata={"description": "Rides asked for."})
    waiting = fields.Integer(required=True, metadata={"description": "Those still without a car."})
    unmet = fields.Integer(required=True, metadata={"description": "Those that found none."})
    free = fields.Integer(required=True, metadata={"description": "Free cars."})
    easing = fields.Boolean(required=True, metadata={"description": "It was busier and is getting quieter."})
    at_cap = fields.Boolean(required=True, metadata={"description": "Fares rise no further here."})


class Surge(Reply):
    multiplier = Finite(required=True, metadata={"description": "1.0 or more, in tenths; locked in the quote."})
    reason = _maybe(fields.String, metadata={"description": "A sentence for the rider."})
    code = fields.String(required=True, validate=validate.OneOf([code.value for code in SurgeCode]))
    values = fields.Nested(
        SurgeValues,
        required=True,
        allow_none=True,
        metadata={"description": "What `reason` says, for programs; null at 1.0, and in quotes older than it."},
    )


class TripDriver(Reply):
    id = fields.String(required=True)
    name = fields.String(required=True)
    rating = _maybe(Finite)
    vehicle = fields.Nested(Vehicle, required=True)
    position = fields.Nested(PointSchema, required=True, allow_none=True, unknown=INCLUDE)
    pickup_eta_s = _maybe(Finite)


class Trip(Reply):
    id = fields.String(required=True)
    state = fields.String(
        required=True,
        validate=validate.OneOf(
            ["requested", "assigned", "arrived", "in_progress", "completed", "cancelled", "expired"]
        ),
    )
    category = fields.String(required=True)
    rider_id = fields.String(required=True)
    driver_id = _maybe(fields.String)
    pickup = _point()
    dropoff = _point()
    quote_id = fields.String(required=True)
    fare = _money()
    pin = _maybe(fields.String, metadata={"description": "To its rider only."})
    driver = fields.Nested(TripDriver, required=True, allow_none=True)
    distance_m = Finite(required=True)
    duration_s = Finite(required=True)
    requested_at = Rfc3339(required=True)
    assigned_at = _maybe(Rfc3339)
    arrived_at = _maybe(Rfc3339)
    started_at = _maybe(Rfc3339)
    completed_at = _maybe(Rfc3339)
    cancelled_at = _maybe(Rfc3339)
    cancelled_by = _maybe(fields.String)
    version = fields.Integer(required=True)
    discount = fields.Nested(MoneySchema)
    promo_code = fields.String(allow_none=True)
    to_pay = fields.Nested(MoneySchema, metadata={"description": "The fare, less the discount."})
    cancellation_fee = fields.Nested(MoneySchema, allow_none=True)
    ended_early = fields.Boolean(metadata={"description": "Cancelled under way, and charged for what was driven."})
    tip_max = fields.Nested(MoneySchema, allow_none=True)
    destination_changes = fields.Integer()


class Trips(Reply):
    items = fields.List(fields.Nested(Trip), required=True)
    next_cursor = _maybe(fields.String)


class Way(Reply):
    distance_m = Finite(required=True)
    duration_s = Finite(required=True)
    line = fields.List(fields.Nested(PointSchema), required=True)
    estimated = fields.Boolean(required=True)


class TracePoint(Reply):
    lat = Finite(required=True)
    lng = Finite(required=True)
    at = Rfc3339(required=True)


class TraceGap(Reply):
    from_ = Rfc3339(required=True, data_key="from")
    until = Rfc3339(required=True)
    duration_s = Finite(required=True)


class Trace(Reply):
    distance_m = _maybe(Finite)
    matched_route = fields.List(fields.Nested(PointSchema), required=True, allow_none=True)
    points = fields.List(fields.Nested(TracePoint), required=True)
    method = _maybe(fields.String)
    confidence = _maybe(Finite)
    complete = fields.Boolean(required=True)
    gaps = fields.List(fields.Nested(TraceGap), required=True)
    marked = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    coarsened = fields.Boolean(required=True)


class TraceReading(Reply):
    id = fields.String(required=True)
    trip_id = fields.String(required=True)
    ops_user_id = fields.String(required=True)
    at = Rfc3339(required=True)


class TraceReadings(Reply):
    items = fields.List(fields.Nested(TraceReading), required=True)
    next_cursor = _maybe(fields.String)


class Receipt(Reply):
    receipt_number = fields.String(required=True)
    trip_id = fields.String(required=True)
    issued_at = Rfc3339(required=True)
    lines = fields.List(fields.Nested(FareLine), required=True)
    total = _money()
    paid_with = _maybe(fields.String)
    state = fields.String(required=True, validate=validate.OneOf(["paid", "unpaid", "refunded"]))
    refunded = _money()


class Rating(Reply):
    trip_id = fields.String(required=True)
    stars = fields.Integer(required=True)
    comment = _maybe(fields.String)
    by = fields.String(required=True)
    created_at = Rfc3339(required=True)


class AvailabilityReply(Reply):
    driver_id = fields.String(required=True)
    online = fields.Boolean(required=True)
    approval = fields.String(required=True)


class Offer(Reply):
    id = fields.String(required=True)
    trip_id = fields.String(required=True)
    driver_id = fields.String(required=True)
    state = fields.String(required=True)
    expires_at = Rfc3339(required=True)


class OfferAccepted(Reply):
    offer = fields.Nested(Offer, required=True)
    trip = fields.Nested(Trip, required=True)


class OfferDeclined(Reply):
    offer = fields.Nested(Offer, required=True)


class Earnings(Reply):
    totals = fields.Raw(required=True)
    lines = fields.List(fields.Dict(), required=True)


class PayoutAccount(Reply):
    account = fields.String(required=True)


class Statement(Reply):
    payout_id = fields.String(required=True)
    until_day = fields.Date(required=True)
    amount = _money()
    state = fields.String(required=True, validate=validate.OneOf(["reserved", "sent", "failed", "returned"]))
    lines = fields.List(fields.Dict(), required=True)
    totals = fields.Dict(required=True)


class Page(Reply):
    items = fields.List(fields.Dict(), required=True)
    next_cursor = _maybe(fields.String)


class Items(Reply):
    items = fields.List(fields.Dict(), required=True)


class Driver(Reply):
    id = fields.String(required=True)
    name = fields.String(required=True)
    rating = _maybe(Finite)
    vehicle = fields.Nested(Vehicle, required=True)
    approval = fields.String(required=True, validate=validate.OneOf(["pending", "approved", "suspended"]))
    online = fields.Boolean(required=True)


class Drivers(Reply):
    items = fields.List(fields.Nested(Driver), required=True)
    next_cursor = _maybe(fields.String)


class MarkedPosition(Reply):
    at = Rfc3339(required=True)
    seq = fields.Integer(required=True)
    point = _point()
    reason = fields.String(
        required=True, metadata={"description": "teleport, frozen, clock_skew, vague or outside_area"}
    )


class Standing(Reply):
    """Whether a driver's position lets him have offers; `why_not`: no_position, off, busy, doubtful or silent."""

    driver_id = fields.String(required=True)
    total = fields.Integer(required=True)
    counts = fields.Dict(fields.String(), fields.Integer(), required=True, metadata={"description": "By reason."})
    offered = fields.Boolean(required=True)
    why_not = _maybe(fields.String)
    doubtful_until = _maybe(Rfc3339)


class DriverPositions(Standing):
    last = fields.List(fields.Nested(MarkedPosition), required=True)
    position = _maybe(fields.Dict)


class ImplausibleDriver(Standing):
    driver_name = fields.String(allow_none=True)
    last_at = Rfc3339(required=True)


class Implausible(Reply):
    items = fields.List(fields.Nested(ImplausibleDriver), required=True)
    next_cursor = _maybe(fields.String)


class Overview(Reply):
    trips = fields.Dict(required=True)
    drivers = fields.Dict(required=True)
    money = fields.Dict(required=True)


class Uncorrected(Reply):
    """The same trips twice: against what was promised, and against what the roads alone would have promised."""

    trips = fields.Integer(required=True)
    mean_abs_error_s = _maybe(Finite)
    mean_abs_error_uncorrected_s = _maybe(Finite)


class PromiseErrors(Reply):
    """Actual less promised time."""

    trips = fields.Integer(required=True)
    mean_error_s = _maybe(Finite)
    mean_abs_error_s = _maybe(Finite)
    p50_abs_error_s = _maybe(Finite)
    p90_abs_error_s = _maybe(Finite)
    late_share = _maybe(Finite)
    uncorrected = fields.Nested(Uncorrected, required=True)


class EtaLine(Reply):
    """`segment` is that of the pickup, `hour` one of the city's day; what was not grouped by is absent."""

    segment = fields.String()
    hour = fields.Integer(validate=validate.Range(0, 23))
    pickup = fields.Nested(PromiseErrors, required=True)
    trip = fields.Nested(PromiseErrors, required=True)


class Corrections(Reply):
    """Factors of road times, one for each hour of the city's day."""

    pickup = fields.List(Finite(), required=True, validate=validate.Length(equal=24))
    trip = fields.List(Finite(), required=True, validate=validate.Length(equal=24))
    valid_from = Rfc3339(required=True)


class EtaErrors(Reply):
    city = fields.String(required=True)
    since = Rfc3339(required=True)
    until = Rfc3339(required=True)
    pickup = fields.Nested(PromiseErrors, required=True)
    trip = fields.Nested(PromiseErrors, required=True)
    items = fields.List(fields.Nested(EtaLine), required=True)
    left_out = fields.Integer(required=True)
    corrections = fields.Nested(Corrections, required=True, allow_none=True)


class Health(Reply):
    status = fields.String(required=True)


class ErrorBody(Schema):
    code = fields.String(required=True)
    message = fields.String(required=True)
    details = fields.Dict(required=True)
    request_id = fields.String(required=True)


class Error(Schema):
    error = fields.Nested(ErrorBody, required=True)
