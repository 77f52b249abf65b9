"""The wire ↔ what the use cases take and give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema

from hansom.contracts import maps as contract
from hansom.contracts.errors import Invalid
from hansom.values import Point
from hansom.wire import PointSchema, parse_time
from services.maps.domain.readings import TracePoint
from services.maps.storage.surroundings import Drawn

Coordinates = tuple[float, float]


class RouteRequest(Schema):
    class Meta:
        unknown = EXCLUDE

    pickup = fields.Nested(PointSchema, required=True)
    dropoff = fields.Nested(PointSchema, required=True)
    fields_ = fields.Dict(keys=fields.String(), values=fields.String(), data_key="fields", load_default=dict)


class CheckPointsRequest(Schema):
    class Meta:
        unknown = EXCLUDE

    points = fields.Dict(
        keys=fields.String(), values=fields.Nested(PointSchema), required=True, validate=validate.Length(1, 20)
    )


class NearestRequest(Schema):
    class Meta:
        unknown = EXCLUDE

    point = fields.Nested(PointSchema, required=True)


class SearchPlacesRequest(Schema):
    class Meta:
        unknown = EXCLUDE

    q = fields.String(required=True, validate=validate.Length(1, contract.MAX_QUERY_LENGTH))
    near = fields.Nested(PointSchema, load_default=None, allow_none=True)
    limit = fields.Integer(strict=True, load_default=10, validate=validate.Range(1, contract.MAX_PLACES))


class SurroundingsRequest(Schema):
    class Meta:
        unknown = EXCLUDE

    south = fields.Float(required=True, validate=validate.Range(-85, 85))
    west = fields.Float(required=True, validate=validate.Range(-180, 180))
    north = fields.Float(required=True, validate=validate.Range(-85, 85))
    east = fields.Float(required=True, validate=validate.Range(-180, 180))

    @validates_schema
    def has_an_extent(self, data: dict[str, Any], **_: Any) -> None:
        for less, more in (("south", "north"), ("west", "east")):
            if not data[less] < data[more]:
                raise ValidationError(f"Must be more than {less}.", more)


class CityRequest(Schema):
    class Meta:
        unknown = EXCLUDE

    city = fields.String(required=True, validate=validate.Length(1, 64))


def point_of(data: Mapping[str, float]) -> Point:
    return Point(data["lat"], data["lng"])


def coordinates(rows: Any, name: str, limit: int) -> list[Coordinates]:
    """`[[lat, lng], ...]`, at most `limit` of them. Raises Invalid naming the field."""
    if not isinstance(rows, list) or len(rows) > limit:
        raise Invalid(details={name: [f"Not a list of at most {limit} points."]})
    try:
        checked = [(float(lat), float(lng)) for lat, lng in rows]
    except (TypeError, ValueError) as exc:
        raise Invalid(details={name: ["Not a list of [lat, lng] pairs."]}) from exc
    for number, (lat, lng) in enumerate(checked):
        # a NaN fails both comparisons
        if not (-90 <= lat <= 90 and -180 <= lng <= 180):
            raise Invalid(details={f"{name}.{number}": ["Not a place on earth."]})
    return checked


def pairs(rows: Any, name: str, limit: int) -> list[tuple[Coordinates, Coordinates]]:
    """`[[[lat, lng], [lat, lng]], ...]`. Raises Invalid naming the field."""
    if not isinstance(rows, list) or len(rows) > limit or not all(isinstance(r, list) and len(r) == 2 for r in rows):
        raise Invalid(details={name: [f"Not a list of at most {limit} pairs of points."]})
    ends = coordinates([end for row in rows for end in row], name, limit * 2)
    return list(zip(ends[::2], ends[1::2], strict=True))


def kind(value: Any) -> str:
    """What times are promised for, the pickup unless it says so. Raises Invalid."""
    if value is None:
        return contract.PICKUP
    if value not in (contract.PICKUP, contract.TRIP):
        raise Invalid(details={"kind": [f"Not {contract.PICKUP} or {contract.TRIP}."]})
    return value


def trace_points(rows: Any) -> list[TracePoint]:
    """`[{lat, lng, at, accuracy_m?}, ...]` with RFC 3339 times. Raises Invalid naming the first wrong one."""
    if not isinstance(rows, list) or len(rows) > contract.MAX_TRACE_POINTS:
        raise Invalid(details={"points": [f"Not a list of at most {contract.MAX_TRACE_POINTS} points."]})
    return [_trace_point(row, number) for number, row in enumerate(rows)]


def _trace_point(row: Any, number: int) -> TracePoint:
    try:
        lat, lng, at = float(row["lat"]), float(row["lng"]), parse_time(row["at"])
        accuracy_m = None if row.get("accuracy_m") is None else float(row["accuracy_m"])
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise Invalid(details={f"points.{number}": ["Not {lat, lng, at}."]}) from exc
    if at is None or not (-90 <= lat <= 90 and -180 <= lng <= 180) or (accuracy_m and not isfinite(accuracy_m)):
        raise Invalid(details={f"points.{number}": ["Not {lat, lng, at}."]})
    return TracePoint(Point(lat, lng), _seconds(at), accuracy_m)


def _seconds(at: datetime) -> float:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()


def line(points: Iterable[Point]) -> list[dict[str, float]]:
    return [{"lat": point.lat, "lng": point.lng} for point in points]


def route_reply(route: contract.Route) -> dict[str, Any]:
    return {
        "city": route.city,
        "distance_m": route.distance_m,
        "duration_s": route.duration_s,
        "line": line(route.line),
        "estimated": route.estimated,
        "correction": route.correction,
    }


def match_reply(trace: contract.MatchedTrace) -> dict[str, Any]:
    return {
        "distance_m": trace.distance_m,
        "line": line(trace.line),
        "method": trace.method,
        "confidence": trace.confidence,
        "credible": trace.credible,
    }


def nearest_reply(near: contract.NearestRoad) -> dict[str, Any]:
    return {
        "point": near.point.as_dict(),
        "name": near.name,
        "distance_m": round(near.distance_m, 1),
        "estimated": near.estimated,
    }


def surroundings_reply(drawn: Drawn) -> dict[str, Any]:
    return {"roads": [[name, line] for name, line in drawn.roads], "water": drawn.water}


def places_reply(found: Iterable[contract.PlaceFound]) -> dict[str, Any]:
    return {"items": [{"name": p.name, "kind": p.kind, "point": p.point.as_dict()} for p in found]}
