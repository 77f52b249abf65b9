"""The cities, and the vector tiles that their maps are drawn with."""

from __future__ import annotations

from typing import Any

from hansom.contracts.errors import NotFound
from services.gateway import city_replies as replies
from services.gateway.http.answers import Answer
from services.gateway.http.route import ANYONE, Call, route
from services.gateway.routes.needs import Needs

MAP_TILE = "application/vnd.mapbox-vector-tile"
FOR_GOOD = ("Cache-Control", "public, max-age=31536000, immutable")
"""A tile's address has the stamp of the map that it is of."""


class MapRoutes(Needs):
    @route("GET", "/v1/cities", who=ANYONE, gives=replies.Cities(), limited=False, summary="The cities that are served")
    def get_cities(self, call: Call) -> Any:
        style = self.config["MAP_STYLE_URL"] or None
        return {"items": [replies.city_reply(city, style) for city in self.city_maps.cities()]}

    @route("GET", "/v1/cities/{city}/map", who=ANYONE, gives=replies.TileJson(), limited=False,
           summary="A city's map: TileJSON")  # fmt: skip
    def get_map(self, call: Call) -> Any:
        return self.city_maps.tile_json(call.data["city"])

    @route("GET", "/v1/cities/{city}/map/{zoom}/{x}/{y}", who=ANYONE, also=(MAP_TILE,), limited=False,
           summary="A Mapbox Vector Tile of a city's map; 204 where nothing is drawn")  # fmt: skip
    def get_tile(self, call: Call) -> Any:
        numbers = [call.data[name] for name in ("zoom", "x", "y")]
        if not all(number.isascii() and number.isdigit() and len(number) < 7 for number in numbers):
            raise NotFound()
        zoom, x, y = map(int, numbers)
        found = self.city_maps.tile(call.data["city"], zoom, x, y, packed=call.takes_gzip)
        if found is None:
            return Answer(204, headers=[FOR_GOOD])
        encoding = [("Content-Encoding", "gzip")] if call.takes_gzip else []
        return Answer(200, found, MAP_TILE, [FOR_GOOD, ("Vary", "Accept-Encoding"), *encoding])
