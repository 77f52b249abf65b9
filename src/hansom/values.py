"""Values that every part means the same by: points on earth and amounts of money."""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, cos, hypot, radians, sin, sqrt

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the earth, metres (IUGG)."""

METRES_A_DEGREE = radians(1) * EARTH_RADIUS_M
"""Of latitude; of longitude it is this times the cosine of the latitude."""


@dataclass(frozen=True, slots=True)
class Point:
    """A place on earth, WGS 84 degrees."""

    lat: float
    lng: float

    def as_dict(self) -> dict[str, float]:
        return {"lat": self.lat, "lng": self.lng}


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the currency's minor unit (cents) and its ISO 4217 code."""

    amount_minor: int
    currency: str

    def __add__(self, other: Money) -> Money:
        if self.currency != other.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.amount_minor + other.amount_minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount_minor, self.currency)

    def as_dict(self) -> dict[str, object]:
        return {"amount_minor": self.amount_minor, "currency": self.currency}


def distance_m(a: Point, b: Point) -> float:
    """Great-circle distance in metres, by the haversine formula (R. W. Sinnott, Sky and Telescope 68, 1984)."""
    lat_a, lat_b = radians(a.lat), radians(b.lat)
    half_dlat, half_dlng = (lat_b - lat_a) / 2, radians(b.lng - a.lng) / 2
    h = sin(half_dlat) ** 2 + cos(lat_a) * cos(lat_b) * sin(half_dlng) ** 2
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(h)))


def plane_distance_m(lat_a: float, lng_a: float, lat_b: float, lng_b: float) -> float:
    """Metres on a plane that touches the earth between the two: within 0.1 % of `distance_m` below 50 km, away from the
    poles and the 180th meridian, and twice as quick."""
    east = (lng_b - lng_a) * cos(radians((lat_a + lat_b) / 2))
    return hypot(lat_b - lat_a, east) * METRES_A_DEGREE
