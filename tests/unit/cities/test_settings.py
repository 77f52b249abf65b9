"""Cities as settings say them."""

from __future__ import annotations

from typing import Any

import pytest

from hansom.cities import City, UnknownCity, cities, city_at, city_of
from hansom.values import Point

HELSINKI: dict[str, Any] = {
    "name": "Helsinki",
    "currency": "EUR",
    "time_zone": "Europe/Helsinki",
    "service_area": [60.16, 24.93, 60.18, 24.96],
    "segment_sizes": {"dense": 10, "sparse": 8},
    "categories": {"standard": ["standard"], "comfort": ["comfort", "standard"]},
    "surge_cap": 2.0,
}
TURKU = {**HELSINKI, "name": "Turku", "service_area": [60.4, 22.1, 60.5, 22.4], "osrm_url": "http://roads:5000/"}
CONFIG = {"CITIES": {"turku": TURKU, "helsinki": HELSINKI}, "DEFAULT_CITY": "helsinki", "OSRM_URL": "http://osrm"}


def test_the_default_city_comes_first() -> None:
    assert list(cities(CONFIG)) == ["helsinki", "turku"]


def test_a_city_has_its_own_road_server_or_that_of_the_settings() -> None:
    assert city_of(CONFIG, "turku").osrm_url == "http://roads:5000"
    assert city_of(CONFIG, "helsinki").osrm_url == "http://osrm"


def test_a_comfort_car_also_takes_standard_rides() -> None:
    assert city_of(CONFIG, "helsinki").categories["comfort"] == ("comfort", "standard")


@pytest.mark.parametrize(
    ("point", "key"),
    [
        (Point(60.17, 24.94), "helsinki"),
        (Point(60.16, 24.93), "helsinki"),
        (Point(60.18, 24.96), "helsinki"),
        (Point(60.45, 22.2), "turku"),
        (Point(60.1599, 24.94), None),
        (Point(0.0, 0.0), None),
    ],
)
def test_a_point_is_in_the_city_whose_service_area_holds_it_borders_included(point: Point, key: str | None) -> None:
    found = city_at(CONFIG, point)
    assert (found.key if found else None) == key


def test_an_unknown_city_is_named() -> None:
    with pytest.raises(UnknownCity) as caught:
        city_of(CONFIG, "tampere")
    assert "tampere" in str(caught.value.details)


@pytest.mark.parametrize(
    "wrong",
    [
        {"service_area": [60.18, 24.93, 60.16, 24.96]},
        {"service_area": [60.16, 24.93, 60.18]},
        {"service_area": [60.16, 24.93, 91, 24.96]},
        {"segment_sizes": {"dense": 8, "sparse": 10}},
        {"segment_sizes": {"dense": 12, "sparse": 10}},
    ],
)
def test_a_city_with_impossible_settings_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"city x|unpack|values"):
        City.from_settings("x", {**HELSINKI, **wrong})
