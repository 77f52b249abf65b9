"""In which state a car is shown to operators, and in which city."""

from __future__ import annotations

import pytest

from hansom.cities import City
from services.location.domain.glances import Glance, shown_state
from services.location.storage.segments import CitySegments


def a_city(key: str, *area: float) -> City:
    raw = {
        "name": key,
        "currency": "EUR",
        "time_zone": "UTC",
        "service_area": area,
        "segment_sizes": {"dense": 10, "sparse": 8},
        "categories": {},
    }
    return City.from_settings(key, raw)


SOUTH, NORTH = a_city("south", 60.0, 24.0, 60.1, 24.1), a_city("north", 60.2, 24.0, 60.3, 24.1)


@pytest.mark.parametrize(
    ("doing", "at_ms", "state"),
    [
        ("free", 1000, "free"),
        ("free", 999, "silent"),
        ("assigned", 1000, "to_pickup"),
        ("arrived", 1000, "at_pickup"),
        ("in_progress", 2000, "riding"),
        ("in_progress", 10, "silent"),
        ("doubtful", 2000, "silent"),
        ("a state to come", 2000, "silent"),
    ],
)
def test_a_car_is_shown_by_what_its_driver_does_unless_he_is_not_heard_of(doing: str, at_ms: int, state: str) -> None:
    assert shown_state(Glance("d", 60.1, 24.1, None, at_ms, doing), 1000) == state


@pytest.mark.parametrize(
    ("lat", "lng", "city"),
    [(60.05, 24.05, "south"), (60.25, 24.05, "north"), (60.12, 24.05, "south"), (60.19, 24.2, "north")],
)
def test_a_car_out_of_town_belongs_to_the_nearest_city(lat: float, lng: float, city: str) -> None:
    assert CitySegments({"south": SOUTH, "north": NORTH}).nearest_city(lat, lng) == city
    assert CitySegments({"south": SOUTH}).nearest_city(lat, lng) == "south"
