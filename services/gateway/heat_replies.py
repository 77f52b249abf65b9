"""The heat map as operators get it: GeoJSON, a feature for each segment."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from hansom.wire import Finite, Rfc3339
from services.gateway import replies

MAYBE: dict[str, Any] = {"required": True, "allow_none": True}
"""There, and null while it is not known."""


class HeatProperties(replies.Reply):
    """Of one segment. Null: not asked for, or the part that knows it is down."""

    segment = fields.String(required=True)
    requests = fields.Integer(**MAYBE)
    unmet = fields.Integer(**MAYBE, metadata={"description": "Nobody was found within the rider's patience."})
    free = fields.Integer(**MAYBE)
    busy = fields.Integer(**MAYBE)
    forecast = Finite(**MAYBE, metadata={"description": "Requests expected in the half hour."})
    usual = Finite(**MAYBE, metadata={"description": "Those by earlier weeks alone."})
    surge = fields.Nested(replies.Surge, required=True, allow_none=True)


class HeatFeature(replies.Reply):
    type = fields.String(required=True, validate=validate.Equal("Feature"))
    id = fields.String(required=True)
    geometry = fields.Dict(required=True)
    properties = fields.Nested(HeatProperties, required=True)


class HeatMap(replies.Reply):
    """GeoJSON (RFC 7946)."""

    type = fields.String(required=True, validate=validate.Equal("FeatureCollection"))
    city = fields.String(required=True)
    at = Rfc3339(required=True)
    features = fields.List(fields.Nested(HeatFeature), required=True)
    forecast = fields.Dict(**MAYBE)
    missing = fields.List(fields.Dict(), required=True)
