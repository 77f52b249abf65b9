"""The socket's messages as an AsyncAPI 3.0 document, from the schemas that validate them."""

from __future__ import annotations

from functools import cache
from typing import Any

from apispec import APISpec
from marshmallow import Schema, fields

from hansom.wire import Finite, MoneySchema, PointSchema, Rfc3339
from services.gateway import dispatch_replies, replies, schemas
from services.gateway.spec import marshmallow_plugin


class OfferMade(replies.Reply):
    offer_id = fields.String(required=True)
    trip_id = fields.String(required=True)
    pickup = fields.Nested(PointSchema, required=True)
    dropoff = fields.Nested(PointSchema, required=True)
    pickup_eta_s = Finite(required=True, allow_none=True)
    fare = fields.Nested(MoneySchema, required=True)
    expires_at = Rfc3339(required=True)
    seq = fields.Integer(required=True)


class OfferWithdrawn(replies.Reply):
    offer_id = fields.String(required=True)
    trip_id = fields.String(required=True)
    reason = fields.String()
    seq = fields.Integer(required=True)


class TripNews(replies.Reply):
    trip = fields.Nested(replies.Trip, required=True)
    seq = fields.Integer(required=True)


class DriverGone(TripNews):
    reason = fields.String(required=True, allow_none=True)


class DriverMoved(replies.Reply):
    trip_id = fields.String(required=True)
    point = fields.Nested(PointSchema, required=True)
    bearing_deg = Finite(required=True, allow_none=True)
    eta_s = Finite(required=True, allow_none=True)


class WaitingUpdate(dispatch_replies.Waiting):
    trip_id = fields.String(required=True)


class PaymentNews(replies.Reply):
    trip_id = fields.String(required=True)
    amount = fields.Nested(MoneySchema, required=True)
    seq = fields.Integer(required=True)


class PaymentMade(PaymentNews):
    kind = fields.String(metadata={"description": "What of: ride, cancellation, no_show or tip."})
    method = fields.String()
    receipt_id = fields.String(allow_none=True)
    reason = fields.String(allow_none=True, metadata={"description": "Why it failed."})


class Refunded(PaymentNews):
    """To a driver: `amount` is what he bears of it."""

    refund_id = fields.String(required=True)
    reason = fields.String(required=True)
    credit_note_number = fields.String(required=True, allow_none=True)


class PayoutSent(replies.Reply):
    payout_id = fields.String(required=True)
    amount = fields.Nested(MoneySchema, required=True)
    seq = fields.Integer(required=True)


class PayoutFailed(PayoutSent):
    reason = fields.String(required=True)


class DemandHint(replies.Reply):
    segment = fields.String(required=True)
    point = fields.Nested(PointSchema, required=True)
    reason = fields.String(required=True)
    expected = fields.Integer(allow_none=True, metadata={"description": "Requests of the next half hour."})
    cars = fields.Integer(allow_none=True, metadata={"description": "Free cars there."})
    expires_at = Rfc3339(required=True)
    city = fields.String()
    seq = fields.Integer(required=True)


class CityState(replies.Reply):
    """Cars and waiting riders of a city as rows: of 5,000 cars names of fields would be the larger part."""

    city = fields.String(required=True)
    at = Rfc3339(required=True)
    drivers = fields.List(
        fields.Tuple((fields.String(), Finite(), Finite(), Finite(allow_none=True), fields.String())),
        required=True,
        metadata={
            "description": "[driver_id, lat, lng, bearing_deg or null, state]; state: free, held (has an open offer), "
            "to_pickup, at_pickup, riding, or silent (online, and not heard of lately or not believed)."
        },
    )
    waiting = fields.List(
        fields.Tuple((fields.String(), Finite(), Finite(), Rfc3339())),
        required=True,
        metadata={"description": "[trip_id, lat, lng, since]: pickups of riders without a driver, longest first."},
    )
    more = fields.Integer(required=True, metadata={"description": "Cars that are left out, beyond 5,000."})
    missing = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "location, trips: what does not answer; its part is as it was last known."},
    )


METHODS: dict[str, tuple[type[Schema], str]] = {
    "authenticate": (schemas.Token, "First of all; again with a fresh token to stay."),
    "report_position": (schemas.Position, "Driver. Answered only when there is a correlation_id."),
    "report_positions": (schemas.Positions, "Driver: up to 100 kept while offline, oldest first."),
    "accept_offer": (schemas.OfferRef, "Driver."),
    "decline_offer": (schemas.OfferRef, "Driver."),
    "watch_nearby": (schemas.Watch, "Rider: cars around the pickup, pushed as they move."),
    "unwatch_nearby": (schemas.Nothing, "Rider."),
    "watch_city": (schemas.WatchedCity, "Operations: all cars and waiting riders of a city, each second."),
    "unwatch_city": (schemas.Nothing, "Operations."),
    "resume": (schemas.Resume, "Replays what came after this number, in order, then goes live."),
}

EVENTS: dict[str, tuple[type[Schema], str]] = {
    "offer_made": (OfferMade, "To the driver."),
    "offer_withdrawn": (OfferWithdrawn, "To the driver."),
    **dict.fromkeys(
        (
            "trip_assigned",
            "driver_arrived",
            "trip_started",
            "trip_changed",
            "trip_completed",
            "trip_cancelled",
            "trip_expired",
            "trip_settled",
        ),
        (TripNews, "To rider and driver."),
    ),
    "driver_cancelled": (DriverGone, "To the rider: the driver gave the trip back, another is looked for."),
    "trip_returned": (DriverGone, "To the driver who had the trip, on all his devices: it is no longer his."),
    "driver_moved": (DriverMoved, "To the trip's rider; not numbered."),
    "waiting_update": (WaitingUpdate, "To a rider whose trip waits, when it is news; not numbered."),
    "nearby_drivers": (replies.Cars, "To a watching rider; not numbered."),
    "city_state": (CityState, "To a watching operator, at once and each second; not numbered."),
    "payment_captured": (PaymentMade, "To the rider."),
    "payment_failed": (PaymentMade, "To the rider."),
    "tip_charged": (PaymentMade, "To the rider."),
    "tip_failed": (PaymentMade, "To the rider: nothing is owed."),
    "tip_received": (PaymentNews, "To the driver."),
    "debt_settled": (PaymentNews, "To the rider: a ride that could not be charged is paid."),
    "payment_refunded": (Refunded, "To the rider; to the driver what he bears of it, if anything."),
    "payout_sent": (PayoutSent, "To the driver."),
    "payout_failed": (PayoutFailed, "To the driver: it is owed again, and paid with the next."),
    "demand_hint": (DemandHint, "To an idle driver: where cars are missing, why, and until when it is good."),
}


ABOUT = """Frames are JSON texts in the shape of Nameko's sockets. What an app needs to know before its first frame:

- Send `authenticate` with an access token first of all. A socket that does not is closed after some seconds (1008), and
so is one whose token runs out: send `authenticate` again with a fresh token and it stays.
- `{method, data, correlation_id}` is answered by a `result` with the same `correlation_id`; its `error` has HTTP's
codes.
- Numbered events (`seq`) come in order, each once. After a lost connection send `resume` with the last number that was
seen: what was missed comes, then the answer, and from there on it is live. Send it at once: numbered events wait half a
second for it, so that none overtakes those that were missed. What has no number is the newest state only.
- Closed with 1012: the gateway stops, connect again. 1013: read faster. 1008: the session has ended, log in again.
- New fields and events may come at any time: ignore what you do not know."""


@cache
def asyncapi() -> dict[str, Any]:
    """The document."""
    spec = APISpec("Hansom's socket", "1.0.0", "3.1.0", plugins=[marshmallow_plugin()])
    messages: dict[str, Any] = {}
    for name, (schema, summary) in METHODS.items():
        messages[name] = _message(spec, name, schema, summary, {"method": {"const": name}, "correlation_id": {}})
        messages[name]["payload"]["required"] = ["method"]
    for name, (schema, summary) in EVENTS.items():
        head = {"type": {"const": "event"}, "event": {"const": name}, "seq": {"type": "integer"}}
        messages[name] = _message(spec, name, schema, summary, head)
        messages[name]["payload"]["required"] = ["type", "event", "data"]
    messages["result"] = _result()
    channel = {"address": "/ws", "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages}}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Hansom's socket", "version": "1.0.0", "description": ABOUT},
        "channels": {"socket": channel},
        "operations": {
            "send": _operation("receive", METHODS),
            "hear": _operation("send", [*EVENTS, "result"]),
        },
        "components": {"messages": messages, "schemas": spec.to_dict()["components"]["schemas"]},
    }


def _message(spec: APISpec, name: str, schema: type[Schema], summary: str, head: dict[str, Any]) -> dict[str, Any]:
    known = schema.__name__
    if known not in spec.components.schemas:
        spec.components.schema(known, schema=schema)
    properties = {**head, "data": {"$ref": f"#/components/schemas/{known}"}}
    return {"name": name, "summary": summary, "payload": {"type": "object", "properties": properties}}


def _result() -> dict[str, Any]:
    error = {"code": {"type": "string"}, "message": {"type": "string"}, "details": {"type": "object"}}
    properties = {
        "type": {"const": "result"},
        "success": {"type": "boolean"},
        "data": {},
        "error": {"type": "object", "properties": error, "required": list(error)},
        "correlation_id": {},
    }
    payload = {"type": "object", "properties": properties, "required": ["type", "success", "correlation_id"]}
    return {"name": "result", "summary": "The answer to a method.", "payload": payload}


def _operation(action: str, names: Any) -> dict[str, Any]:
    references = [{"$ref": f"#/channels/socket/messages/{name}"} for name in names]
    return {"action": action, "channel": {"$ref": "#/channels/socket"}, "messages": references}
