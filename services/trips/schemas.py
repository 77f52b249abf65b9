"""The wire ↔ dataclasses.

Marshmallow validates requests. Plain functions write replies and events: every ride goes through them a dozen times.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate

from hansom.contracts.errors import Invalid
from hansom.contracts.trip_terms import CancelPreview, ChangeDestination, QuoteDestination
from hansom.contracts.trips import (
    Actor,
    AnswerOffer,
    CancelTrip,
    DriveTrip,
    ListAllTrips,
    ListTrips,
    OfferProposal,
    OfferReply,
    RequestTrip,
    Role,
    SeeTrip,
    TripReply,
    TripState,
    Waiting,
)
from hansom.events import Event
from hansom.values import Money, Point
from hansom.wire import Finite, PointSchema, Rfc3339, iso, parse_time, point_of
from services.trips.domain.cancelling import SENTENCES, Cost
from services.trips.domain.offer import Offer, WaitingPlace, WaitingTrip
from services.trips.domain.quote import Quote
from services.trips.domain.terms import kept_of
from services.trips.domain.trip import Trip, pickup_eta_s, target

ID_MAX = 128
REASON_MAX = 500
MANY = 10_000
"""Offers, or drivers, of one request."""


def _id(required: bool = True, **more: Any) -> fields.String:
    return fields.String(required=required, validate=validate.Length(1, ID_MAX), **more)


class _Request(Schema):
    """A request that becomes a dataclass; what it does not know is left out."""

    makes: Any = dict

    class Meta:
        unknown = EXCLUDE

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Any:
        return self.makes(**data)


class ActorSchema(_Request):
    makes = Actor
    user_id = _id()
    role = fields.Enum(Role, by_value=True, required=True)


class IdempotencySchema(_Request):
    scope = fields.String(required=True)
    key = fields.String(required=True)
    fingerprint = fields.String(required=True)


class RequestTripSchema(_Request):
    makes = RequestTrip
    rider_id = _id()
    quote_id = _id()
    category = _id()
    payment_method = _id(required=False, load_default=None, allow_none=True)
    idempotency = fields.Nested(IdempotencySchema, load_default=None, allow_none=True)


class SeeTripSchema(_Request):
    makes: Any = SeeTrip
    trip_id = _id()
    actor = fields.Nested(ActorSchema, required=True)


class CancelTripSchema(SeeTripSchema):
    makes = CancelTrip
    reason = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=REASON_MAX))

    charge = fields.Boolean(load_default=False)


class QuoteDestinationSchema(_Request):
    makes = QuoteDestination
    trip_id = _id()
    rider_id = _id()
    dropoff = fields.Nested(PointSchema, required=True)
    idempotency = fields.Nested(IdempotencySchema, load_default=None, allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> QuoteDestination:
        return QuoteDestination(**{**data, "dropoff": point_of(data["dropoff"])})


class ChangeDestinationSchema(_Request):
    makes = ChangeDestination
    trip_id = _id()
    rider_id = _id()
    quote_id = _id()


class DriveTripSchema(_Request):
    makes = DriveTrip
    trip_id = _id()
    driver_id = _id()


class StartTripSchema(DriveTripSchema):
    pin = fields.String(required=True, validate=validate.Length(1, 16))


class AnswerOfferSchema(_Request):
    makes = AnswerOffer
    offer_id = _id()
    driver_id = _id()


class ProposalSchema(_Request):
    makes = OfferProposal
    trip_id = _id()
    driver_id = _id()
    pickup_eta_s = Finite(required=True, validate=validate.Range(min=0))
    ttl_s = Finite(required=True, validate=validate.Range(min=0, min_inclusive=False, max=3600))
    replaces = _id(required=False, load_default=None, allow_none=True)


class MakeOffersSchema(_Request):
    offers = fields.List(fields.Nested(ProposalSchema), required=True, validate=validate.Length(max=MANY))


class OfferIdsSchema(_Request):
    offer_ids = fields.List(_id(), required=True, validate=validate.Length(max=MANY))


class _Page(_Request):
    limit = fields.Integer(load_default=20, strict=True, validate=validate.Range(1, 100))
    cursor = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=256))


class ListTripsSchema(_Page):
    makes = ListTrips
    user_id = _id()
    role = fields.Enum(Role, by_value=True, required=True)


class ListAllTripsSchema(_Page):
    makes = ListAllTrips
    state = fields.Enum(TripState, by_value=True, load_default=None, allow_none=True)
    category = _id(required=False, load_default=None, allow_none=True)
    rider_id = _id(required=False, load_default=None, allow_none=True)
    driver_id = _id(required=False, load_default=None, allow_none=True)
    requested_from = Rfc3339(data_key="from", load_default=None, allow_none=True)
    requested_to = Rfc3339(data_key="to", load_default=None, allow_none=True)
    city, id_prefix = _id(required=False, load_default=None), _id(required=False, load_default=None)
    people = fields.List(_id(), load_default=None, allow_none=True, validate=validate.Length(max=200))
    ids = fields.List(_id(), load_default=None, allow_none=True, validate=validate.Length(max=1000))


class TripIdSchema(_Request):
    trip_id = _id()


class DriverIdsSchema(_Request):
    driver_ids = fields.List(_id(), required=True, validate=validate.Length(max=MANY))


class DriverIdSchema(_Request):
    driver_id = _id()


class CitySchema(_Request):
    city = _id()


class ListMoneySchema(_Request):
    after = fields.String(load_default="", validate=validate.Length(max=ID_MAX))
    limit = fields.Integer(load_default=500, strict=True, validate=validate.Range(1, 1000))


class ArchiveNowSchema(_Request):
    older_than_s = Finite(load_default=None, allow_none=True, validate=validate.Range(min=0))


REQUEST_TRIP, SEE_TRIP, CANCEL_TRIP = RequestTripSchema(), SeeTripSchema(), CancelTripSchema()
QUOTE_DESTINATION, CHANGE_DESTINATION = QuoteDestinationSchema(), ChangeDestinationSchema()
DRIVE_TRIP, START_TRIP = DriveTripSchema(), StartTripSchema()
ANSWER_OFFER, MAKE_OFFERS, OFFER_IDS = AnswerOfferSchema(), MakeOffersSchema(), OfferIdsSchema()
LIST_TRIPS, LIST_ALL = ListTripsSchema(), ListAllTripsSchema()
TRIP_ID, DRIVER_IDS, CITY, ARCHIVE_NOW = TripIdSchema(), DriverIdsSchema(), CitySchema(), ArchiveNowSchema()
LIST_MONEY, DRIVER_ID = ListMoneySchema(), DriverIdSchema()


def decode(schema: Schema, payload: dict[str, Any]) -> Any:
    """The request that `payload` is. Raises Invalid naming each wrong field."""
    try:
        return schema.load(payload)
    except ValidationError as exc:
        raise Invalid(details=dict(_by_field("", exc.messages))) from exc


def _by_field(path: str, messages: Any) -> list[tuple[str, list[str]]]:
    if isinstance(messages, dict):
        return [
            pair
            for name, inner in messages.items()
            for pair in _by_field(f"{path}.{name}" if path else str(name), inner)
        ]
    return [(path, [str(message) for message in messages])]


def quote_of(reply: dict[str, Any]) -> Quote:
    """Pricing's quote, as far as a trip needs it."""
    expires_at = parse_time(reply["expires_at"])
    assert expires_at is not None
    return Quote(
        id=reply["id"],
        rider_id=reply["rider_id"],
        city=reply["city"],
        pickup=Point(**reply["pickup"]),
        dropoff=Point(**reply["dropoff"]),
        distance_m=reply["distance_m"],
        duration_s=reply["duration_s"],
        fares={option["category"]: Money(**option["fare"]) for option in reply["options"]},
        terms={option["category"]: kept_of(option) for option in reply["options"]},
        parent_id=reply.get("parent_id"),
        trip_id=reply.get("trip_id"),
        expires_at=expires_at,
    )


def gone_offline(events: Iterable[Event]) -> dict[str, datetime]:
    """Driver → when he went offline last, of `driver_availability_changed` events in any order."""
    gone: dict[str, datetime] = {}
    for event in events:
        if not event.data["online"]:
            driver_id = event.data["driver_id"]
            gone[driver_id] = max(event.occurred_at, gone.get(driver_id, event.occurred_at))
    return gone


# -- replies ---------------------------------------------------------------------------------------------------------
def trip_reply(trip: Trip, now: datetime, *, with_pin: bool, position: dict[str, Any] | None = None) -> TripReply:
    """The trip on the wire. `with_pin` only for its rider and for events; `position` is its car's, live."""
    card = trip.driver_card
    return {
        "id": trip.id,
        "state": trip.state.value,
        "category": trip.category,
        "city": trip.city,
        "rider_id": trip.rider_id,
        "driver_id": trip.driver_id,
        "pickup": trip.pickup.as_dict(),
        "dropoff": trip.dropoff.as_dict(),
        "quote_id": trip.quote_id,
        "payment_method": trip.payment_method,
        "fare": trip.fare.as_dict(),
        "fare_final": trip.fare_final,
        "fare_reason": trip.fare_reason,
        "pin": trip.pin if with_pin else None,
        "driver": None
        if card is None
        else {
            "id": card["id"],
            "name": card["name"],
            "rating": card["rating"],
            "vehicle": card["vehicle"],
            "position": position,
            "pickup_eta_s": pickup_eta_s(trip, now),
        },
        "distance_m": trip.distance_m,
        "duration_s": trip.duration_s,
        "requested_at": iso(trip.requested_at) or "",
        "waiting_since": iso(trip.waiting_since) or "",
        "assigned_at": iso(trip.assigned_at),
        "arrived_at": iso(trip.arrived_at),
        "started_at": iso(trip.started_at),
        "completed_at": iso(trip.completed_at),
        "cancelled_at": iso(trip.cancelled_at),
        "cancelled_by": trip.cancelled_by,
        "cancel_reason": trip.cancel_reason,
        "expired_at": iso(trip.expired_at),
        "settled_at": iso(trip.settled_at),
        "version": trip.version,
        "discount": trip.discount.as_dict(),
        "promo_code": trip.promo_code,
        "to_pay": trip.to_pay.as_dict(),
        "cancellation_fee": trip.cancellation_fee and trip.cancellation_fee["amount"],
        "ended_early": trip.ended_early,
        "tip_max": (trip.terms or {}).get("tip_max"),
        "destination_changes": trip.destination_changes,
    }


def page_reply(trips: Sequence[Trip], next_cursor: str | None, now: datetime, *, with_pin: bool) -> dict[str, Any]:
    """One page of a list."""
    return {"items": [trip_reply(trip, now, with_pin=with_pin) for trip in trips], "next_cursor": next_cursor}


def offer_reply(offer: Offer) -> OfferReply:
    """The offer on the wire, for its driver."""
    return {
        "id": offer.id,
        "offer_id": offer.id,
        "trip_id": offer.trip_id,
        "driver_id": offer.driver_id,
        "state": offer.state.value,
        "pickup_eta_s": offer.pickup_eta_s,
        "expires_at": iso(offer.expires_at) or "",
    }


def waiting_reply(waiting: WaitingTrip) -> Waiting:
    """A trip without a driver, for matching."""
    trip = waiting.trip
    return {
        "trip_id": trip.id,
        "rider_id": trip.rider_id,
        "city": trip.city,
        "category": trip.category,
        "pickup": trip.pickup.as_dict(),
        "dropoff": trip.dropoff.as_dict(),
        "fare": trip.fare.as_dict(),
        "duration_s": trip.duration_s,
        "requested_at": iso(trip.requested_at) or "",
        "waiting_since": iso(trip.waiting_since) or "",
        "returned": trip.returns > 0,
        "excluded_driver_ids": list(waiting.asked_driver_ids),
        "has_open_offer": waiting.has_open_offer,
    }


def city_reply(places: Iterable[WaitingPlace], held: Sequence[str]) -> dict[str, Any]:
    """Who waits in a city, as rows, and which drivers are held by an open offer."""
    rows = [[each.trip_id, round(each.lat, 5), round(each.lng, 5), iso(each.since)] for each in places]
    return {"waiting": rows, "held": list(held)}


def active_reply(trip: Trip) -> dict[str, Any]:
    """What location needs of the trip that a driver is busy with."""
    return {
        "trip_id": trip.id,
        "rider_id": trip.rider_id,
        "state": trip.state.value,
        "target": target(trip).as_dict(),
        "started_at": iso(trip.started_at),
    }


def money_reply(trip: Trip) -> dict[str, Any]:
    """What the trip costs, as the audit of money compares it with its charges."""
    return {
        "trip_id": trip.id,
        "rider_id": trip.rider_id,
        "driver_id": trip.driver_id,
        "fare": trip.fare.as_dict(),
        "discount": trip.discount.as_dict(),
        "promo_code": trip.promo_code,
        "settled_at": iso(trip.settled_at),
        "cancelled_at": iso(trip.cancelled_at),
        "fee": trip.cancellation_fee,
    }


def parties_reply(trip: Trip) -> dict[str, Any]:
    """Who is in the trip and how far it is."""
    return {
        "trip_id": trip.id,
        "rider_id": trip.rider_id,
        "driver_id": trip.driver_id,
        "state": trip.state.value,
        "completed_at": iso(trip.completed_at),
        "ended_early": trip.ended_early,
        "settled_at": iso(trip.settled_at),
    }


def preview_reply(cost: Cost, fee: Money) -> CancelPreview:
    """What cancelling costs now."""
    return {
        "fee": fee.as_dict(),
        "free_until": iso(cost.free_until),
        "code": cost.code.value,
        "reason": SENTENCES[cost.code],
    }
