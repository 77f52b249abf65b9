"""Road times and distances reckoned from straight ones, for when the road service does not answer."""

from __future__ import annotations

from dataclasses import dataclass

from hansom.values import plane_distance_m

Coordinates = tuple[float, float]
"""(lat, lng) in degrees."""


@dataclass(frozen=True, slots=True)
class Rates:
    """How much longer than the straight line a city's roads are, and how fast they are driven, stops and all.

    Both are measured when a city is prepared. Until then: 1.3 to 1.5 times in the cities that Boscoe, Henry and Zdeb
    measured (The Professional Geographer 64, 2012), and 25 km/h.
    """

    detour: float = 1.4
    speed_mps: float = 7.0

    def distance_m(self, a: Coordinates, b: Coordinates) -> float:
        """Metres by road, about."""
        return straight_m(a, b) * self.detour

    def duration_s(self, a: Coordinates, b: Coordinates) -> float:
        """Seconds by car, about."""
        return self.distance_m(a, b) / self.speed_mps


def straight_m(a: Coordinates, b: Coordinates) -> float:
    """Metres in a straight line."""
    return plane_distance_m(*a, *b)
