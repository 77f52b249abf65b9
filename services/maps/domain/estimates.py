"""Road times reckoned from straight distances, for when the road service does not answer."""

from __future__ import annotations

from math import cos, hypot, radians

from hansom.values import EARTH_RADIUS_M

DETOUR = 1.4
"""Road distance over straight distance in a city: 1.3 to 1.5 in the cities that Boscoe, Henry and Zdeb measured
(The Professional Geographer 64, 2012)."""

SPEED_MPS = 7.0
"""A car's speed across a city with its stops: 25 km/h."""

Coordinates = tuple[float, float]
"""(lat, lng) in degrees."""


def straight_m(a: Coordinates, b: Coordinates) -> float:
    """Metres on a plane that touches the earth between the two; within 0.1 % of the haversine below 50 km."""
    per_degree = radians(1) * EARTH_RADIUS_M
    return hypot((b[0] - a[0]) * per_degree, (b[1] - a[1]) * per_degree * cos(radians((a[0] + b[0]) / 2)))


def road_time_s(a: Coordinates, b: Coordinates) -> float:
    """Seconds by car, about."""
    return round(straight_m(a, b) * DETOUR / SPEED_MPS, 1)


def road_times_s(sources: list[Coordinates], destinations: list[Coordinates]) -> list[list[float | None]]:
    """Seconds from each source (row) to each destination (column), about."""
    return [[road_time_s(source, destination) for destination in destinations] for source in sources]
