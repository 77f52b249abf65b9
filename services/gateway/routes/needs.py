"""What the routes use: declared once on the service, named here for the type checker."""

from __future__ import annotations

from typing import Any

from services.gateway.built_pages import BuiltPages
from services.gateway.city_maps import CityMaps


class Needs:
    config: Any
    access: Any
    sockets: Any
    readiness: Any
    city_maps: CityMaps
    pages: BuiltPages
    analytics: Any
    drivers: Any
    location: Any
    maps: Any
    matching: Any
    notifications: Any
    payments: Any
    pricing: Any
    ratings: Any
    trips: Any
    users: Any
