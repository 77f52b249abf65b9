"""Cities that were added beside those of config.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hansom.cities import UnknownCity, categories_of, cities, cities_ever, city_at, city_of, city_settings, osrm_urls
from hansom.cities.added import added_cities, write_city
from hansom.cities.files import Measures, read_measures, write_measures
from hansom.values import Point
from tests.unit.cities.test_settings import HELSINKI

VADUZ: dict[str, Any] = {
    **HELSINKI,
    "name": "Vaduz",
    "currency": "CHF",
    "time_zone": "Europe/Vaduz",
    "service_area": [47.1, 9.5, 47.2, 9.6],
}
IN_VADUZ = Point(47.14, 9.52)


def config_of(folder: Path, **more: Any) -> dict[str, Any]:
    here = {"CITIES": {"helsinki": HELSINKI}, "DEFAULT_CITY": "helsinki", "OSRM_URL": "http://osrm"}
    return {**here, "CITY_DATA": str(folder), **more}


def add(folder: Path, name: str, settings: dict[str, Any]) -> None:
    (folder / name).mkdir(exist_ok=True)
    write_city(folder / name, settings, "A remark.\nOf two lines.")


def test_an_added_city_is_a_city_like_those_of_the_settings(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    assert list(cities(config)) == ["helsinki"]
    add(tmp_path, "vaduz", VADUZ)
    assert list(cities(config)) == ["helsinki", "vaduz"]
    assert city_of(config, "vaduz").currency == "CHF"
    found = city_at(config, IN_VADUZ)
    assert found is not None
    assert found.key == "vaduz"


def test_a_retired_city_is_served_no_longer_but_still_known(tmp_path: Path) -> None:
    add(tmp_path, "vaduz", VADUZ)
    config = config_of(tmp_path)
    assert "vaduz" in cities(config)
    add(tmp_path, "vaduz", {**VADUZ, "retired": True})
    assert "vaduz" not in cities(config)
    assert city_at(config, IN_VADUZ) is None
    assert cities_ever(config)["vaduz"].currency == "CHF"
    assert city_of(config, "vaduz").retired


def test_the_settings_own_cities_come_before_added_ones_of_the_same_name(tmp_path: Path) -> None:
    add(tmp_path, "helsinki", VADUZ)
    assert city_settings(config_of(tmp_path))["helsinki"]["currency"] == "EUR"


def test_drafts_and_folders_without_settings_are_no_cities(tmp_path: Path) -> None:
    add(tmp_path, ".vaduz.new", VADUZ)
    (tmp_path / "turku").mkdir()
    assert added_cities(tmp_path) == {}
    assert added_cities(tmp_path / "none") == {}


@pytest.mark.parametrize("text", ["", "[1, 2]", "name: {", "name: Vaduz"])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "vaduz").mkdir()
    (tmp_path / "vaduz" / "city.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"vaduz/city\.yaml"):
        cities(config_of(tmp_path))


def test_each_city_has_its_own_road_server_where_one_is_named(tmp_path: Path) -> None:
    add(tmp_path, "vaduz", VADUZ)
    add(tmp_path, "turku", {**VADUZ, "osrm_url": "http://turku:5000"})
    config = config_of(tmp_path, OSRM_URLS="vaduz=http://vaduz:5000 turku=http://other:5000")
    assert {key: city.osrm_url for key, city in cities(config).items()} == {
        "helsinki": "http://osrm",
        "vaduz": "http://vaduz:5000",
        "turku": "http://turku:5000",
    }
    with pytest.raises(UnknownCity):
        city_of(config, "tampere")


@pytest.mark.parametrize("text", ["vaduz", "=http://x", "vaduz=x:5000"])
def test_road_servers_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="OSRM_URLS"):
        osrm_urls(text)


def test_a_driver_may_have_a_car_of_any_citys_category(tmp_path: Path) -> None:
    add(tmp_path, "vaduz", {**VADUZ, "categories": {"sledge": ["sledge"], "comfort": ["comfort"]}})
    assert categories_of(config_of(tmp_path)) == {
        "standard": ("standard",),
        "comfort": ("comfort", "standard"),
        "sledge": ("sledge",),
    }


def test_measures_are_read_as_they_were_written(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_measures(tmp_path)
    write_measures(tmp_path, Measures(1.43, 7.9, 400))
    assert read_measures(tmp_path) == Measures(1.43, 7.9, 400)


@pytest.mark.parametrize(
    "text",
    [
        '{"version": 0, "detour": 1.4, "speed_mps": 8, "pairs": 9}',
        '{"version": 1, "detour": 0.4, "speed_mps": 8, "pairs": 9}',
        '{"version": 1, "detour": 1.4, "speed_mps": 0, "pairs": 9}',
        '{"version": 1, "detour": 1.4}',
        "{",
    ],
)
def test_measures_that_cannot_be_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "measures.json").write_text(text)
    with pytest.raises(ValueError):
        read_measures(tmp_path)
