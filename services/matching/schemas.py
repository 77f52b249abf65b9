"""The wire ↔ dataclasses: events and replies in, requests, records and replies out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from hansom.contracts.errors import Invalid
from hansom.contracts.matching import SeeDecisions
from hansom.events import Event
from hansom.values import Point
from hansom.wire import PointSchema, Rfc3339, iso, parse_time
from services.matching.domain.model import Considered, FreeDriver, WaitingTrip
from services.matching.domain.news import ON_TRIP, News, OfferNews, TripNews
from services.matching.domain.outcome import MadeOffer, Outcome, RefusedOffer
from services.matching.domain.pool import ListedTrip, PooledTrip
from services.matching.domain.tables import TablePlan

MAX_NAMED = 200
"""Busy drivers that are named to `location` for each trip."""


class _Tolerant(Schema):
    """Reads what it needs and lets the publisher add more."""

    class Meta:
        unknown = EXCLUDE


class _TripSchema(_Tolerant):
    id = fields.String(required=True)
    city = fields.String(required=True)
    category = fields.String(required=True)
    pickup = fields.Nested(PointSchema(unknown=EXCLUDE), required=True)
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


class WaitingSchema(_Tolerant):
    """One item of `trips.list_waiting`."""

    trip_id = fields.String(required=True)
    city = fields.String(required=True)
    category = fields.String(required=True)
    pickup = fields.Nested(PointSchema(unknown=EXCLUDE), required=True)
    waiting_since = Rfc3339(required=True)
    returned = fields.Boolean(required=True)
    excluded_driver_ids = fields.List(fields.String(), required=True)
    has_open_offer = fields.Boolean(required=True)


class SeeDecisionsSchema(Schema):
    trip_id = fields.String(required=True)


_TRIP_EVENT, _OFFER_EVENT, _WAITING, _SEE = TripEventSchema(), OfferEventSchema(), WaitingSchema(), SeeDecisionsSchema()


def milliseconds(moment: datetime) -> int:
    """Since 1970."""
    return int(moment.timestamp() * 1000)


def read_news(event: Event) -> News:
    """What an event says. Raises ValidationError when its data is not what was agreed."""
    at, at_ms = iso(event.occurred_at) or "", milliseconds(event.occurred_at)
    if event.name not in ON_TRIP:
        data = _OFFER_EVENT.load(event.data)
        until_ms = milliseconds(data["expires_at"]) if data["expires_at"] is not None else 0
        return OfferNews(
            event.name, data["trip_id"], data["offer_id"], data["driver_id"], data["reason"] or "", until_ms, at, at_ms
        )
    data = _TRIP_EVENT.load(event.data)
    trip = data["trip"]
    returned = event.type == "trip_returned"
    since = trip["waiting_since"] or (event.occurred_at if returned else trip["requested_at"])
    pooled = PooledTrip(
        trip["id"], trip["city"], trip["category"], Point(**trip["pickup"]), milliseconds(since), returned
    )
    return TripNews(event.name, pooled, trip["driver_id"], data["former_driver_id"], at, at_ms)


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
    )
    return ListedTrip(trip, tuple(data["excluded_driver_ids"]), data["has_open_offer"])


def read_see_decisions(payload: dict[str, Any]) -> SeeDecisions:
    """Raises Invalid."""
    try:
        return SeeDecisions(**_SEE.load(payload))
    except ValidationError as exc:
        raise Invalid(details=exc.normalized_messages()) from exc


# -- what matching asks others, and what they answer -------------------------------------------------------------------
def candidates_request(trips: Iterable[WaitingTrip], busy: frozenset[str], limit: int) -> dict[str, Any]:
    """For `location.find_candidates`: who is excluded for a trip, or has an offer, is not looked for.

    When very many have offers they are not named (trips x drivers ids are too much to send); more are asked for.
    """
    few = len(busy) <= MAX_NAMED
    named = busy if few else frozenset[str]()
    return {
        "requests": [
            {
                "trip_id": trip.trip_id,
                "point": trip.pickup.as_dict(),
                "category": trip.category,
                "exclude": sorted(trip.excluded | named),
            }
            for trip in trips
        ],
        "limit": limit if few else 2 * limit,
    }


def read_candidates(reply: dict[str, Any], busy: frozenset[str]) -> dict[str, list[FreeDriver]]:
    """Trip id → free drivers near its pickup."""
    return {
        trip_id: [FreeDriver(row[0], Point(row[1], row[2])) for row in rows if row[0] not in busy]
        for trip_id, rows in reply["items"].items()
    }


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


def offers_request(pairs: Iterable[Considered], ttl_s: float) -> dict[str, Any]:
    """For `trips.make_offers`."""
    return {
        "offers": [
            {"trip_id": pair.trip_id, "driver_id": pair.driver_id, "pickup_eta_s": pair.pickup_eta_s, "ttl_s": ttl_s}
            for pair in pairs
        ]
    }


def read_outcome(reply: dict[str, Any]) -> Outcome:
    """What `trips.make_offers` did."""
    made = tuple(
        MadeOffer(each["trip_id"], each["driver_id"], each["offer_id"], _time_ms(each["expires_at"]))
        for each in reply["made"]
    )
    refused = tuple(RefusedOffer(each["trip_id"], each["driver_id"], each["reason"]) for each in reply["refused"])
    return Outcome(made, refused)


def _time_ms(text: str) -> int:
    moment = parse_time(text)
    if moment is None:
        raise ValueError("a time is missing")
    return milliseconds(moment)
