"""What payments is asked: the wire → its dataclasses. `replies.py` is the way back."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from marshmallow import EXCLUDE, Schema, fields, post_load, validate

from hansom.contracts.errors import Invalid
from hansom.contracts.papers import Writing
from hansom.contracts.payments import (
    ListPayouts,
    RefundTrip,
    RunPayouts,
    SeeEarnings,
    SeeReceipt,
    SeeStatement,
    TipTrip,
)
from hansom.contracts.users import LANGUAGE_TAG
from hansom.events import Event
from hansom.wire import parse_time
from services.payments.domain.charge import MOST_MINOR, SettledRide, fee_of, minor_of, ride_of
from services.payments.domain.money_rules import tax_inside
from services.payments.storage.reading import Place
from services.payments.usecases.ports import MoneyRules


def _id() -> fields.String:
    return fields.String(required=True, validate=validate.Length(1, 64))


class _Request(Schema):
    class Meta:
        unknown = EXCLUDE


class ActorSchema(_Request):
    user_id = _id()
    role = fields.String(required=True, validate=validate.OneOf(["rider", "driver", "ops"]))


class _DocumentRequest(_Request):
    actor = fields.Nested(ActorSchema, required=True)
    format = fields.String(load_default="html", validate=validate.OneOf(["html", "pdf"]))
    lang = fields.String(load_default=None, allow_none=True, validate=validate.Regexp(LANGUAGE_TAG))
    locale = fields.String(load_default=None, allow_none=True, validate=validate.Length(0, 200))


class SeeReceiptSchema(_DocumentRequest):
    trip_id = _id()
    of_tip = fields.Boolean(load_default=False)
    number = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 64))

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> tuple[SeeReceipt, Writing]:
        request = SeeReceipt(
            data["trip_id"], data["actor"]["user_id"], data["actor"]["role"], data["of_tip"], data["number"]
        )
        return request, Writing(data["format"], data["lang"], data["locale"])


class Moment(fields.Field):
    """An RFC 3339 time, or a day such as 2026-01-31: a `date` then, for the service to place in its calendar."""

    default_error_messages = {"invalid": "Not a day such as 2026-01-31 or a time such as 2026-01-31T12:00:00Z."}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date | datetime | None:
        if not isinstance(value, str) or len(value) > 40:
            raise self.make_error("invalid")
        try:
            return date.fromisoformat(value) if len(value) == 10 else parse_time(value)
        except (ValueError, OverflowError) as exc:
            raise self.make_error("invalid") from exc


class SeeEarningsSchema(_Request):
    driver_id = _id()
    earned_from = Moment(data_key="from", load_default=None, allow_none=True)
    earned_to = Moment(data_key="to", load_default=None, allow_none=True)
    limit = fields.Integer(load_default=100, strict=True, validate=validate.Range(1, 500))
    cursor = fields.String(load_default=None, allow_none=True)


class ListPayoutsSchema(_Request):
    driver_id = _id()
    limit = fields.Integer(load_default=20, strict=True, validate=validate.Range(1, 100))
    cursor = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(r"\A[0-9a-f]{32}\Z", error="Not a cursor of this list."),
    )

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> ListPayouts:
        return ListPayouts(**data)


class ListAuditsSchema(_Request):
    limit = fields.Integer(load_default=20, strict=True, validate=validate.Range(1, 100))
    cursor = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 64))


class SeeStatementSchema(_DocumentRequest):
    payout_id = _id()

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> tuple[SeeStatement, Writing]:
        request = SeeStatement(data["payout_id"], data["actor"]["user_id"], data["actor"]["role"])
        return request, Writing(data["format"], data["lang"], data["locale"])


class SetPayoutAccountSchema(_Request):
    driver_id = _id()
    account = fields.String(required=True, validate=validate.Length(1, 100))


class RefundTripSchema(_Request):
    trip_id = _id()
    actor = fields.Nested(ActorSchema, required=True)
    reason = fields.String(required=True, validate=validate.Length(3, 500))
    amount_minor = fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=validate.Range(1, MOST_MINOR)
    )
    from_driver = fields.Boolean(load_default=False)
    of_tip = fields.Boolean(load_default=False)
    idempotency = fields.Dict(load_default=None, allow_none=True)

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> RefundTrip:
        actor = data.pop("actor")
        return RefundTrip(by_user_id=actor["user_id"], **data)


class TipTripSchema(_Request):
    trip_id = _id()
    rider_id = _id()
    amount_minor = fields.Integer(required=True, strict=True, validate=validate.Range(1, MOST_MINOR))
    payment_method = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 100))
    idempotency = fields.Dict(load_default=None, allow_none=True)

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> TipTrip:
        return TipTrip(**data)


class ListRefundsSchema(_Request):
    trip_id = _id()


class RunPayoutsSchema(_Request):
    until_day = fields.Date(load_default=None, allow_none=True)

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> RunPayouts:
        return RunPayouts(**data)


class RiderSchema(_Request):
    rider_id = _id()


class SettleDebtsSchema(RiderSchema):
    payment_method = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 100))


class CheckMethodSchema(_Request):
    rider_id = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 64))
    payment_method = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 100))


class ChargeTripSchema(_Request):
    trip = fields.Dict(required=True)


SEE_RECEIPT = SeeReceiptSchema()
SEE_EARNINGS = SeeEarningsSchema()
SEE_STATEMENT = SeeStatementSchema()
LIST_PAYOUTS = ListPayoutsSchema()
LIST_AUDITS = ListAuditsSchema()
RUN_PAYOUTS = RunPayoutsSchema()
SET_PAYOUT_ACCOUNT = SetPayoutAccountSchema()
REFUND_TRIP = RefundTripSchema()
LIST_REFUNDS = ListRefundsSchema()
TIP_TRIP = TipTripSchema()
CHECK_METHOD = CheckMethodSchema()
RIDER = RiderSchema()
SETTLE_DEBTS = SettleDebtsSchema()
CHARGE_TRIP = ChargeTripSchema()


def settled_ride(data: dict[str, Any], cause: str, rules: MoneyRules) -> SettledRide:
    """A ride from the data of `trip_settled`. The tax is the event's, or by the city's tariff when it names none.

    Raises KeyError, ValueError, TypeError when it is not one: such a message is parked.
    """
    trip = data["trip"]
    completed_at = parse_time(trip["completed_at"]) or (_ended_at(trip) if trip.get("ended_early") else None)
    if completed_at is None:
        raise ValueError(f"trip {trip['id']} is not completed")
    _must_be_known(trip, rules)
    if data.get("tax"):
        tax_minor = minor_of(data["tax"]["amount"], trip["fare"]["currency"])
    else:
        asked_at = parse_time(trip.get("requested_at")) or completed_at
        rate = rules.cities[trip["city"]].tax_rate(trip["category"], asked_at)
        tax_minor = tax_inside(trip["fare"]["amount_minor"], rate)
    return ride_of(data, cause, completed_at, tax_minor)


def cancellation_fee(data: dict[str, Any], cause: str, rules: MoneyRules) -> SettledRide | None:
    """What a cancelled trip costs, from the data of `trip_cancelled`; None when it costs nothing.

    Raises KeyError, ValueError, TypeError when it is not one: such a message is parked.
    """
    trip, fee = data["trip"], data.get("fee")
    if not fee or not fee["amount"]["amount_minor"]:
        return None
    cancelled_at = _ended_at(trip)
    if cancelled_at is None:
        raise ValueError(f"trip {trip['id']} is not cancelled")
    _must_be_known(trip, rules)
    return fee_of(data, cause, cancelled_at)


def to_charge(events: Iterable[Event], rules: MoneyRules) -> list[SettledRide]:
    """What these events of trips cost their riders: rides that are settled, and trips that are cancelled for a fee."""
    rides = []
    for event in events:
        if event.type == "trip_settled":
            rides.append(settled_ride(event.data, event.event_id, rules))
        elif event.type == "trip_cancelled":
            fee = cancellation_fee(event.data, event.event_id, rules)
            rides += [fee] if fee is not None else []
    return rides


def _ended_at(trip: dict[str, Any]) -> datetime | None:
    return parse_time(trip["cancelled_at"])


def _must_be_known(trip: dict[str, Any], rules: MoneyRules) -> None:
    if trip["city"] not in rules.cities:
        raise ValueError(f"trip {trip['id']}: the city is not in the settings")


def settled_ride_or_invalid(payload: dict[str, Any], rules: MoneyRules) -> SettledRide:
    """As `settled_ride`, for a caller. Raises Invalid."""
    try:
        return settled_ride(payload, f"charge_trip:{payload['trip']['id']}", rules)
    except (KeyError, ValueError, TypeError) as exc:
        raise Invalid(details={"trip": [f"Not a settled trip: {exc!r}"[:200]]}) from exc


def earnings_request(data: dict[str, Any], zone: ZoneInfo) -> SeeEarnings:
    """Days become midnights of the city's calendar; the day `to` counts whole."""
    since, until = data["earned_from"], data["earned_to"]
    if isinstance(until, date) and not isinstance(until, datetime):
        until = _midnight(until + timedelta(days=1), zone) if until < date.max else None
    if isinstance(since, date) and not isinstance(since, datetime):
        since = _midnight(since, zone)
    return SeeEarnings(data["driver_id"], since, until, data["limit"], data["cursor"])


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """The beginning of a day. Times of the first and last days of the calendar do not fit into UTC: they are as far as
    times go."""
    try:
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC) if day.year == 1 else datetime.max.replace(tzinfo=UTC)


def cursor_of(place: Place) -> str:
    """Where a page of earnings ended, as an opaque word."""
    return base64.urlsafe_b64encode(orjson.dumps([place[0].isoformat(), place[1]])).decode()


def place_of(cursor: str | None) -> Place | None:
    """Raises Invalid for a cursor that is not ours."""
    if cursor is None:
        return None
    try:
        at, line_id = orjson.loads(base64.urlsafe_b64decode(cursor.encode()))
        moment = parse_time(at)
        if moment is None or type(line_id) is not int or not 0 < line_id < 2**63:
            raise ValueError(cursor)
        return moment, line_id
    except (ValueError, TypeError, binascii.Error) as exc:
        raise Invalid(details={"cursor": ["Not a cursor of this list."]}) from exc
