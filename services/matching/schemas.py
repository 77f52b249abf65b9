"""The wire ↔ dataclasses: events and replies in, requests, records and replies out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from hansom.contracts.errors import Invalid
from hansom.contracts.matching import CityStatus, SeeDecisions
from hansom.events import Event
from hansom.values import Point
from hansom.wire import PointSchema, Rfc3339, iso, parse_time
from services.matching.domain.model import Considered, FreeDriver, WaitingTrip
from services.matching.domain.news import ON_DRIVER, ON_TRIP, DriverNews, News, OfferNews, TripNews
from services.matching.domain.outcome import MadeOffer, Outcome, RefusedOffer
from services.matching.domain.pool import ListedTrip, OpenOffer, PooledTrip
from services.matching.domain.tables import TablePlan
from services.matching.usecases import BatchResult
from services.matching.usecases.ports import Wanted

MAX_NAMED = 200
"""Busy drivers that are named to `location` for each trip."""


class _Tolerant(Schema):
    """Reads what it needs and lets the publisher add more."""

    class Meta:
        unknown = EXCLUDE


class _TripSchema(_Tolerant):
    id = fields.String(required=True)
    rider_id = fields.String(load_default="")
    city = fields.String(required=True)
    category = fields.String(required=True)
    pickup = fields.Nested(PointSchema(unknown=EXCLUDE), required=True)
    dropoff = fields.Nested(PointSchema(unknown=EXCLUDE), load_default=None, allow_none=True)
    duration_s = fields.Float(load_default=None, allow_none=True)
    requested_at = Rfc3339(required=True)
    waiting_since = Rfc3339(load_default=None, allow_none=True)
    driver_id = fields.String(load_default=None, allow_none=True)


class TripEventSchema(_Tolerant):
    """Data of trip_requested, trip_returned, trip_assigned, trip_completed, trip_cancelled and trip_expired."""

    trip = fields.Nested(_TripSchema, required=True)
    former_driver_id = fields.String(load_default=None, allow_none=True)


class OfferEventSchema(_Tolerant):
    """Data of offer_made, offer_withdrawn and offer_declined."""

    trip_id = fields.String(required=True)
    offer_id = fields.String(required=True)
    driver_id = fields.String(required=True)
    expires_at = Rfc3339(load_default=None, allow_none=True)
    reason = fields.String(load_default="", allow_none=True)
    pickup_eta_s = fields.Float(load_default=None, allow_none=True)


class AvailabilitySchema(_Tolerant):
    """Data of driver_availability_changed."""

    driver_id = fields.String(required=True)
    online = fields.Boolean(required=True)


class WaitingSchema(_Tolerant):
    """One item of `trips.list_waiting`."""

    trip_id = fields.String(required=True)
    rider_id = fields.String(load_default="")
    city = fields.String(required=True)
    category = fields.String(required=True)
    pickup = fields.Nested(PointSchema(unknown=EXCLUDE), required=True)
    dropoff = fields.Nested(PointSchema(unknown=EXCLUDE), load_default=None, allow_none=True)
    duration_s = fields.Float(load_default=None, allow_none=True)
    waiting_since = Rfc3339(required=True)
    returned = fields.Boolean(required=True)
    excluded_driver_ids = fields.List(fields.String(), required=True)
    has_open_offer = fields.Boolean(required=True)


class SeeDecisionsSchema(Schema):
    trip_id = fields.String(required=True)


_TRIP_EVENT, _OFFER_EVENT, _WAITING, _SEE = TripEventSchema(), OfferEventSchema(), WaitingSchema(), SeeDecisionsSchema()
_AVAILABILITY = AvailabilitySchema()


def milliseconds(moment: datetime) -> int:
    """Since 1970."""
    return int(moment.timestamp() * 1000)


def read_news(event: Event) -> News:
    """What an event says. Raises ValidationError when its data is not what was agreed."""
    if event.name in ON_DRIVER:
        data = _AVAILABILITY.load(event.data)
        return DriverNews(event.name, data["driver_id"], data["online"], milliseconds(event.occurred_at))
    return _read_trip_news(event) if event.name in ON_TRIP else _read_offer_news(event)


def _read_offer_news(event: Event) -> OfferNews:
    data = _OFFER_EVENT.load(event.data)
    return OfferNews(
        event.name,
        data["trip_id"],
        data["offer_id"],
        data["driver_id"],
        data["reason"] or "",
        milliseconds(data["expires_at"]) if data["expires_at"] is not None else 0,
        iso(event.occurred_at) or "",
        milliseconds(event.occurred_at),
        data["pickup_eta_s"],
    )


def _read_trip_news(event: Event) -> TripNews:
    data = _TRIP_EVENT.load(event.data)
    trip = data["trip"]
    returned = event.type == "trip_returned"
    since = trip["waiting_since"] or (event.occurred_at if returned else trip["requested_at"])
    pooled = PooledTrip(
        trip["id"],
        trip["city"],
        trip["category"],
        Point(**trip["pickup"]),
        milliseconds(since),
        returned,
        _point(trip["dropoff"]),
        trip["duration_s"],
        trip["rider_id"],
    )
    at, at_ms = iso(event.occurred_at) or "", milliseconds(event.occurred_at)
    return TripNews(event.name, pooled, trip["driver_id"], data["former_driver_id"], at, at_ms)


def _point(data: dict[str, float] | None) -> Point | None:
    return Point(**data) if data is not None else None


def read_waiting(item: dict[str, Any]) -> ListedTrip:
    """One item of `trips.list_waiting`. Raises ValidationError."""
    data = _WAITING.load(item)
    trip = PooledTrip(
        data["trip_id"],
        data["city"],
        data["category"],
        Point(**data["pickup"]),
        milliseconds(data["waiting_since"]),
        data["returned"],
        _point(data["dropoff"]),
        data["duration_s"],
        data["rider_id"],
    )
    return ListedTrip(trip, tuple(data["excluded_driver_ids"]), data["has_open_offer"])


def read_see_decisions(payload: dict[str, Any]) -> SeeDecisions:
    """Raises Invalid."""
    try:
        return SeeDecisions(**_SEE.load(payload))
    except ValidationError as exc:
        raise Invalid(details=exc.normalized_messages()) from exc


# -- what matching asks others, and what they answer -------------------------------------------------------------------
def candidates_request(trips: Iterable[WaitingTrip], wanted: Wanted) -> dict[str, Any]:
    """For `location.find_candidates`: who is excluded for a trip, or has an offer of another, is not looked for.

    When very many have offers they are not named (trips x drivers ids are too much to send); more are asked for.
    """
    few = len(wanted.busy) <= MAX_NAMED
    named = wanted.busy if few else frozenset[str]()
    return {
        "requests": [
            {
                "trip_id": trip.trip_id,
                "point": trip.pickup.as_dict(),
                "category": trip.category,
                "exclude": sorted((trip.excluded | named) - {wanted.standing.get(trip.trip_id)}),
            }
            for trip in trips
        ],
        "limit": wanted.limit if few else 2 * wanted.limit,
        "finishing_within_s": wanted.finishing_within_s,
    }


def read_candidates(reply: dict[str, Any], wanted: Wanted) -> dict[str, list[FreeDriver]]:
    """Trip id → free drivers near its pickup, and then those who are about to finish near it."""
    near: dict[str, list[FreeDriver]] = {}
    finishing = reply.get("finishing") or {}
    for trip_id, rows in reply["items"].items():
        own = wanted.standing.get(trip_id)
        busy = wanted.busy - {own}
        found = [FreeDriver(row[0], Point(row[1], row[2])) for row in rows if row[0] not in busy]
        known = {driver.driver_id for driver in found} | wanted.busy
        found += [
            FreeDriver(driver_id, Point(lat, lng), free_in_s=free_in_s)
            for driver_id, lat, lng, free_in_s in finishing.get(trip_id, ())
            if driver_id not in known
        ]
        near[trip_id] = found
    return near


def table_request(
    plan: TablePlan, drivers: Mapping[str, FreeDriver], trips: Mapping[str, WaitingTrip]
) -> dict[str, Any]:
    """For `maps.table`: from each driver to each pickup."""
    points = [drivers[driver_id].point for driver_id in plan.driver_ids]
    pickups = [trips[trip_id].pickup for trip_id in plan.trip_ids]
    return {
        "sources": [[point.lat, point.lng] for point in points],
        "destinations": [[pickup.lat, pickup.lng] for pickup in pickups],
    }


def offers_request(pairs: Iterable[Considered], replaced: Mapping[str, OpenOffer], ttl_s: float) -> dict[str, Any]:
    """For `trips.make_offers`. `replaced`: trip → the offer that its new one replaces."""
    return {"offers": [_offer_request(pair, replaced.get(pair.trip_id), ttl_s) for pair in pairs]}


def _offer_request(pair: Considered, replaced: OpenOffer | None, ttl_s: float) -> dict[str, Any]:
    return {
        "trip_id": pair.trip_id,
        "driver_id": pair.driver_id,
        "pickup_eta_s": pair.pickup_eta_s,
        "ttl_s": ttl_s,
        "replaces": None if replaced is None else replaced.offer_id,
    }


def read_outcome(reply: dict[str, Any], replaced: Mapping[str, OpenOffer]) -> Outcome:
    """What `trips.make_offers` did."""
    made = tuple(
        MadeOffer(
            each["trip_id"],
            each["driver_id"],
            each["offer_id"],
            _time_ms(each["expires_at"]),
            each.get("pickup_eta_s"),
        )
        for each in reply["made"]
    )
    refused = tuple(RefusedOffer(each["trip_id"], each["driver_id"], each["reason"]) for each in reply["refused"])
    done = {offer.trip_id for offer in made}
    return Outcome(made, refused, {trip_id: former for trip_id, former in replaced.items() if trip_id in done})


def _time_ms(text: str) -> int:
    moment = parse_time(text)
    if moment is None:
        raise ValueError("a time is missing")
    return milliseconds(moment)


# -- status ------------------------------------------------------------------------------------------------------------
def write_batch_status(at: str, batch_ms: float, result: BatchResult) -> dict[str, Any]:
    """What a batch did, as the pool keeps it. `policy` stays the one before when there was nothing to decide."""
    did = {"last_batch_at": at, "batch_ms": batch_ms, "made": result.made}
    if result.policy is None:
        return did
    return {
        **did,
        "replaced": result.replaced,
        "held": result.held,
        "decided_by": result.policy,
        "fallback": result.fallback,
    }


def city_status(policy: str, known: dict[str, Any]) -> CityStatus:
    """`known`: what the pool keeps of the last batch, and how many wait."""
    return {
        "policy": policy,
        "leader": known["leader"],
        "waiting": known["waiting"],
        "open_offers": known["open_offers"],
        "last_batch_at": known.get("last_batch_at"),
        "batch_ms": known.get("batch_ms"),
        "made": known.get("made"),
        "replaced": known.get("replaced"),
        "held": known.get("held"),
        "decided_by": known.get("decided_by"),
        "fallback": known.get("fallback"),
    }
