"""The wire ↔ what the use cases take and give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from hansom.contracts import location as contract
from hansom.contracts.errors import Invalid
from hansom.values import Point
from hansom.wire import PointSchema, Rfc3339, iso
from services.location.domain.finishing import Finishing
from services.location.domain.search import Car
from services.location.storage.listening import Heard, Span
from services.location.storage.live import Seen
from services.location.storage.marks import Marked
from services.location.storage.readings import Reading
from services.location.usecases.around import Surroundings
from services.location.usecases.doubting import MarksOf, Standing
from services.location.usecases.positions import counted_down

_ID = validate.Length(1, 64)


class _Lenient(Schema):
    class Meta:
        unknown = EXCLUDE


class NearbyRequest(_Lenient):
    point = fields.Nested(PointSchema, required=True)
    limit = fields.Integer(strict=True, load_default=None, validate=validate.Range(1, contract.MAX_FOUND))


class PickupEtasRequest(_Lenient):
    point = fields.Nested(PointSchema, required=True)


class PositionsRequest(_Lenient):
    driver_ids = fields.List(
        fields.String(validate=_ID), required=True, validate=validate.Length(0, contract.MAX_DRIVERS)
    )


class ListLiveRequest(_Lenient):
    city = fields.String(load_default=None, allow_none=True)
    limit = fields.Integer(strict=True, load_default=1000, validate=validate.Range(1, contract.MAX_LIVE))


class SeeCityRequest(_Lenient):
    city = fields.String(required=True, validate=_ID)
    limit = fields.Integer(strict=True, load_default=contract.MAX_LIVE, validate=validate.Range(1, contract.MAX_LIVE))


class CountPositionsRequest(_Lenient):
    since = Rfc3339(required=True)


class FinishTraceRequest(_Lenient):
    trip_id = fields.String(required=True, validate=_ID)
    driver_id = fields.String(required=True, validate=_ID)
    from_at = Rfc3339(required=True, data_key="from")
    until_at = Rfc3339(required=True, data_key="until")


class ReaderSchema(_Lenient):
    user_id = fields.String(required=True, validate=_ID)
    role = fields.String(required=True, validate=_ID)


class GetTraceRequest(_Lenient):
    trip_id = fields.String(required=True, validate=_ID)
    driver_id = fields.String(load_default=None, allow_none=True, validate=_ID)
    actor = fields.Nested(ReaderSchema, required=True)


class ListReadingsRequest(_Lenient):
    trip_id = fields.String(load_default=None, allow_none=True, validate=_ID)
    ops_user_id = fields.String(load_default=None, allow_none=True, validate=_ID)
    limit = fields.Integer(strict=True, load_default=20, validate=validate.Range(1, contract.MAX_FOUND))
    cursor = fields.String(load_default=None, allow_none=True, validate=_ID)


class MarksRequest(_Lenient):
    driver_id = fields.String(required=True, validate=_ID)
    limit = fields.Integer(strict=True, load_default=100, validate=validate.Range(1, contract.MAX_FOUND))


class DoubtsRequest(_Lenient):
    limit = fields.Integer(strict=True, load_default=20, validate=validate.Range(1, 100))
    cursor = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(r"\A\d{1,15}-[^\s]{1,64}\Z", error="Not a cursor of this list."),
    )


def point_of(data: Mapping[str, Any]) -> Point:
    return Point(data["lat"], data["lng"])


def points_of(rows: Any) -> list[Point]:
    """`[[lat, lng], ...]`. Raises Invalid."""
    if not isinstance(rows, list) or len(rows) > contract.MAX_SEARCHES:
        raise Invalid(details={"points": [f"Not a list of at most {contract.MAX_SEARCHES} points."]})
    try:
        return [_place(lat, lng) for lat, lng in rows]
    except (TypeError, ValueError) as exc:
        raise Invalid(details={"points": ["Not a list of [lat, lng] pairs on earth."]}) from exc


def limit_of(payload: Mapping[str, Any], default: int) -> int:
    """How many cars a search asks for. Raises Invalid."""
    limit = payload.get("limit") or default
    if not isinstance(limit, int) or not 1 <= limit <= contract.MAX_FOUND:
        raise Invalid(details={"limit": [f"Not a number from 1 to {contract.MAX_FOUND}."]})
    return limit


def candidate_requests(rows: Any) -> list[dict[str, Any]]:
    """`[{trip_id, point, category, exclude?}, ...]` with Points. Raises Invalid."""
    if not isinstance(rows, list) or len(rows) > contract.MAX_SEARCHES:
        raise Invalid(details={"requests": [f"Not a list of at most {contract.MAX_SEARCHES} requests."]})
    try:
        return [
            {
                "trip_id": str(row["trip_id"]),
                "point": _place(row["point"]["lat"], row["point"]["lng"]),
                "category": str(row["category"]),
                "exclude": [str(driver_id) for driver_id in row.get("exclude") or ()],
            }
            for row in rows
        ]
    except (TypeError, ValueError, KeyError, AttributeError) as exc:
        raise Invalid(details={"requests": ["Not a list of {trip_id, point, category, exclude}."]}) from exc


def _place(lat: Any, lng: Any) -> Point:
    point = Point(float(lat), float(lng))
    # a NaN fails both comparisons
    if not (-90 <= point.lat <= 90 and -180 <= point.lng <= 180):
        raise ValueError("not a place on earth")
    return point


def nearby_items(found: Iterable[tuple[Car, int | None]]) -> list[dict[str, Any]]:
    """Anonymous cars: never who drives them."""
    return [
        {
            "point": {"lat": car.position.lat, "lng": car.position.lng},
            "bearing_deg": car.position.bearing_deg,
            "category": car.category,
            "pickup_eta_s": eta_s,
        }
        for car, eta_s in found
    ]


def candidate_items(found: Mapping[str, Sequence[Car]]) -> dict[str, list[list[Any]]]:
    return {
        trip_id: [[car.driver_id, car.position.lat, car.position.lng] for car in cars]
        for trip_id, cars in found.items()
    }


def finishing_within_s(payload: Mapping[str, Any]) -> float:
    """Drivers who end a ride within so many seconds are asked for, too; 0: they are not. Raises Invalid."""
    within_s = payload.get("finishing_within_s") or 0.0
    if not isinstance(within_s, int | float) or not 0 <= within_s <= contract.MAX_FINISHING_S:
        raise Invalid(details={"finishing_within_s": [f"Not a number from 0 to {contract.MAX_FINISHING_S}."]})
    return float(within_s)


def finishing_items(found: Mapping[str, Sequence[Finishing]]) -> dict[str, list[list[Any]]]:
    return {
        trip_id: [[one.driver_id, one.dropoff.lat, one.dropoff.lng, round(one.free_in_s, 1)] for one in near]
        for trip_id, near in found.items()
    }


def seen_item(seen: Seen | None, now_ms: int) -> dict[str, Any] | None:
    if seen is None:
        return None
    eta_s = counted_down(seen.eta_s, seen.eta_at_ms, now_ms)
    return {
        "point": {"lat": seen.position.lat, "lng": seen.position.lng},
        "bearing_deg": seen.position.bearing_deg,
        "at": iso(datetime.fromtimestamp(seen.position.at_ms / 1000, UTC)),
        "state": seen.state,
        "trip_id": seen.trip_id,
        "eta_s": None if eta_s is None else round(eta_s),
    }


def within_m_of(payload: Mapping[str, Any]) -> float:
    """How far around a point to look, metres in a straight line. Raises Invalid."""
    within_m = payload.get("within_m")
    if isinstance(within_m, bool) or not isinstance(within_m, int | float) or not 0 < within_m <= contract.MAX_AROUND_M:
        raise Invalid(details={"within_m": [f"Not a number above 0, up to {contract.MAX_AROUND_M}."]})
    return float(within_m)


def around_items(found: Mapping[str, Surroundings]) -> dict[str, dict[str, Any]]:
    return {
        trip_id: {"busy": one.busy, "finishing": [[each.driver_id, round(each.free_in_s, 1)] for each in one.finishing]}
        for trip_id, one in found.items()
    }


def heard_reply(heard: Mapping[str, Heard], span: Span | None) -> dict[str, Any]:
    return {
        "items": {
            driver_id: {
                "at": None if one.at_ms is None else _iso(one.at_ms),
                "point": None if one.point is None else one.point.as_dict(),
            }
            for driver_id, one in heard.items()
        },
        "listening_since": None if span is None else _iso(span.since_ms),
        "listening_until": None if span is None else _iso(span.until_ms),
    }


def live_item(seen: Seen, now_ms: int) -> dict[str, Any]:
    item = seen_item(seen, now_ms) or {}
    return {"driver_id": seen.position.driver_id, "categories": list(seen.categories), **item}


def counted_reply(counted: Mapping[tuple[int, str], int], now_ms: int) -> dict[str, Any]:
    return {
        "items": [[city, _iso(minute_ms), count] for (minute_ms, city), count in sorted(counted.items())],
        "until": _iso(now_ms),
    }


def after_doubt(cursor: str | None) -> tuple[int, str] | None:
    """(marks, driver) of the last one of the page before."""
    if cursor is None:
        return None
    marks, driver_id = cursor.split("-", 1)
    return int(marks), driver_id


def marks_reply(driver_id: str, found: MarksOf, now_ms: int) -> dict[str, Any]:
    return {
        "driver_id": driver_id,
        "total": sum(found.counts.values()),
        "counts": found.counts,
        "last": [
            {"at": _iso(each.at_ms), "seq": each.seq, "point": {"lat": each.lat, "lng": each.lng}, "reason": each.mark}
            for each in found.last
        ],
        "position": seen_item(found.seen, now_ms),
        **_standing_item(found.standing),
    }


def doubts_reply(found: Sequence[tuple[Marked, Standing]], more: bool) -> dict[str, Any]:
    items = [
        {
            "driver_id": marked.driver_id,
            "total": marked.total,
            "counts": marked.counts,
            "last_at": _iso(marked.last_ms),
            **_standing_item(standing),
        }
        for marked, standing in found
    ]
    last = found[-1][0] if more else None
    return {"items": items, "next_cursor": f"{last.total}-{last.driver_id}" if last else None}


def _standing_item(standing: Standing) -> dict[str, Any]:
    until_ms = standing.doubtful_until_ms
    return {
        "offered": standing.why_not is None,
        "why_not": standing.why_not,
        "doubtful_until": None if until_ms is None else _iso(until_ms),
    }


def _iso(at_ms: int) -> str:
    return iso(datetime.fromtimestamp(at_ms / 1000, UTC)) or ""


def reading_item(reading: Reading) -> dict[str, Any]:
    return {
        "id": reading.id,
        "trip_id": reading.trip_id,
        "ops_user_id": reading.ops_user_id,
        "at": iso(datetime.fromtimestamp(reading.at_ms / 1000, UTC)),
    }
