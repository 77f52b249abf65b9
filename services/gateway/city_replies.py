"""What apps are told of cities and of their maps."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from hansom.cities import City
from hansom.wire import Finite, PointSchema
from services.gateway.replies import Reply


class ServiceArea(Reply):
    """A box in WGS 84 degrees."""

    south = Finite(required=True)
    west = Finite(required=True)
    north = Finite(required=True)
    east = Finite(required=True)


class CityReply(Reply):
    id = fields.String(required=True)
    name = fields.String(required=True)
    currency = fields.String(required=True)
    time_zone = fields.String(required=True)
    categories = fields.List(fields.String(), required=True)
    languages = fields.List(fields.String(), required=True)
    service_area = fields.Nested(ServiceArea, required=True)
    centre = fields.Nested(PointSchema, required=True)
    map_style_url = fields.String(
        required=True, allow_none=True, metadata={"description": "The operator's own map; null: the city's tiles."}
    )


class Cities(Reply):
    items = fields.List(fields.Nested(CityReply), required=True)


class TileJson(Reply):
    """TileJSON 3.0: https://github.com/mapbox/tilejson-spec."""

    tilejson = fields.String(required=True)
    name = fields.String(required=True)
    tiles = fields.List(fields.String(), required=True)
    minzoom = fields.Integer(required=True)
    maxzoom = fields.Integer(required=True)
    bounds = fields.List(Finite(), required=True)
    vector_layers = fields.List(fields.Dict(), required=True)
    attribution = fields.String(required=True)


def city_reply(city: City, map_style_url: str | None) -> dict[str, Any]:
    area = city.service_area
    return {
        "id": city.key,
        "name": city.name,
        "currency": city.currency,
        "time_zone": city.time_zone,
        "categories": list(city.categories),
        "languages": list(city.languages),
        "service_area": {"south": area.south, "west": area.west, "north": area.north, "east": area.east},
        "centre": {"lat": area.centre.lat, "lng": area.centre.lng},
        "map_style_url": map_style_url,
    }
