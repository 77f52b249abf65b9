"""maps: roads, road times, traces put on roads, segments and places. What it keeps can be asked for anew."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Any

import eventlet

from hansom.cities import Area
from hansom.clock import Clock
from hansom.contracts import maps as contract
from hansom.rpc import ServiceClient, rpc
from hansom.timers import every
from hansom.validation import load
from services.maps import schemas, usecases
from services.maps.storage.atlas import AtlasOfCities


class MapsService:
    name = "maps"

    atlas = AtlasOfCities()
    analytics = ServiceClient("analytics")
    clock = Clock()

    @rpc
    def check_points(self, payload: dict[str, Any]) -> dict[str, Any]:
        request = load(schemas.CheckPointsRequest(), payload)
        points = {field: schemas.point_of(point) for field, point in request["points"].items()}
        return {"city": usecases.check_points(self.atlas, points).key}

    @rpc
    def route(self, payload: dict[str, Any]) -> dict[str, Any]:
        request = load(schemas.RouteRequest(), payload)
        ends = schemas.point_of(request["pickup"]), schemas.point_of(request["dropoff"])
        return schemas.route_reply(usecases.find_route(self.atlas, *ends, request["fields_"], self.clock.now()))

    @rpc
    def table(self, payload: dict[str, Any]) -> dict[str, Any]:
        sources = schemas.coordinates(payload.get("sources"), "sources", contract.MAX_TABLE_SIDE)
        destinations = schemas.coordinates(payload.get("destinations"), "destinations", contract.MAX_TABLE_SIDE)
        times = usecases.road_table(self.atlas, sources, destinations, self.clock.now())
        return {"durations_s": times.durations_s, "estimated": times.estimated}

    @rpc
    def etas(self, payload: dict[str, Any]) -> dict[str, Any]:
        pairs = schemas.pairs(payload.get("pairs"), "pairs", contract.MAX_PAIRS)
        kind = schemas.kind(payload.get("kind"))
        etas_s, estimated = usecases.find_etas(self.atlas, pairs, kind, self.clock.now())
        return {"etas_s": etas_s, "estimated": estimated}

    @rpc
    def match_trace(self, payload: dict[str, Any]) -> dict[str, Any]:
        points = schemas.trace_points(payload.get("points"))
        return schemas.match_reply(usecases.match_trace(self.atlas, points))

    @rpc
    def nearest(self, payload: dict[str, Any]) -> dict[str, Any]:
        request = load(schemas.NearestRequest(), payload)
        return schemas.nearest_reply(usecases.find_nearest(self.atlas, schemas.point_of(request["point"])))

    @rpc
    def segment_of(self, payload: dict[str, Any]) -> dict[str, Any]:
        points = schemas.coordinates(payload.get("points"), "points", contract.MAX_TABLE_SIDE)
        return {"segments": usecases.find_segments(self.atlas, points)}

    @rpc
    def get_segments(self, payload: dict[str, Any]) -> dict[str, Any]:
        request = load(schemas.CityRequest(), payload)
        cells = usecases.list_segments(self.atlas, request["city"])
        return {"cells": cells, "rates": asdict(self.atlas.rates(self.atlas.cities[request["city"]]))}

    @rpc
    def search_places(self, payload: dict[str, Any]) -> dict[str, Any]:
        request = load(schemas.SearchPlacesRequest(), payload)
        near = schemas.point_of(request["near"]) if request["near"] else None
        return schemas.places_reply(usecases.search_places(self.atlas, request["q"], near, request["limit"]))

    @rpc
    def draw_surroundings(self, payload: dict[str, Any]) -> dict[str, Any]:
        area = Area(**load(schemas.SurroundingsRequest(), payload))
        return schemas.surroundings_reply(
            usecases.draw_surroundings(self.atlas, area, pause=partial(eventlet.sleep, 0))
        )

    # -- timers -----------------------------------------------------------------------------------------------------

    @every("ETA_CORRECTION_REFRESH_S")
    def learn_corrections(self) -> None:
        usecases.learn_corrections(self.atlas, self.analytics)
