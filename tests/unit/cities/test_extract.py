"""What is read from an OpenStreetMap extract, written here by hand."""

from __future__ import annotations

from pathlib import Path

import osmium
import pytest
from osmium.osm.mutable import Node, Way

from hansom.cities import City
from hansom.cities.extract import read
from hansom.cities.files import Place, read_places, read_segments
from hansom.cities.prepare import build
from hansom.segments import SegmentIndex
from tests.unit.cities.test_settings import HELSINKI


@pytest.fixture
def extract(tmp_path: Path) -> Path:
    path = tmp_path / "town.osm.pbf"
    with osmium.SimpleWriter(str(path)) as writer:
        nodes: list[tuple[int, float, float, dict[str, str]]] = [
            (1, 60.1700, 24.9400, {}),
            (2, 60.1710, 24.9410, {}),
            (3, 60.1720, 24.9420, {}),
            (4, 60.1701, 24.9401, {"name": "Ateneum", "tourism": "museum", "name:sv": "Ateneum konstmuseum"}),
            (5, 60.1702, 24.9402, {"name": "Bench of fame", "amenity": "bench"}),
            (6, 60.1703, 24.9403, {"addr:street": "Kaivokatu", "addr:housenumber": "2"}),
            (7, 60.1704, 24.9404, {"name": "Ateneum", "tourism": "museum"}),
            (8, 61.0000, 24.9404, {"name": "Far away", "tourism": "museum"}),
            (9, 60.1705, 24.9405, {"name": "Rautatientori", "railway": "station"}),
            (10, 60.1705, 24.9405, {"name": "Track 1", "railway": "switch"}),
        ]
        for number, lat, lng, tags in nodes:
            writer.add_node(Node(id=number, location=(lng, lat), tags=tags))
        writer.add_way(
            Way(id=1, nodes=[1, 2], tags={"highway": "primary", "name": "Kaivokatu", "name:sv": "Brunnsgatan"})
        )
        writer.add_way(Way(id=2, nodes=[2, 3], tags={"highway": "primary", "name": "Kaivokatu"}))
        writer.add_way(Way(id=3, nodes=[1, 3], tags={"highway": "footway", "name": "Polku"}))
    return path


def _by_name(places: list[Place]) -> dict[str, Place]:
    assert len({place.name for place in places}) == len(places)
    return {place.name: place for place in places}


def test_streets_stations_addresses_and_sights_are_places_and_each_is_there_once(extract: Path) -> None:
    places = _by_name(read(extract).places)
    assert {name: place.kind for name, place in places.items()} == {
        "Ateneum": "museum",
        "Kaivokatu": "street",
        "Kaivokatu 2": "address",
        "Polku": "street",
        "Far away": "museum",
        "Rautatientori": "station",
    }
    assert places["Ateneum"].also == ("Ateneum konstmuseum",)
    assert places["Kaivokatu"].also == ("Brunnsgatan",)


def test_roads_are_what_cars_drive_on(extract: Path) -> None:
    roads = read(extract).roads
    assert [len(road) for road in roads] == [2, 2]
    assert roads[0][0].lat == pytest.approx(60.17)


def test_a_built_city_has_the_places_of_its_service_area_and_segments_for_all_of_it(
    extract: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "helsinki"
    build(extract, folder, City.from_settings("helsinki", HELSINKI))
    assert "Far away" not in _by_name(read_places(folder))
    index = SegmentIndex(read_segments(folder))
    assert index.segment_of(60.17, 24.94)
    assert not list(folder.glob("*.part"))


def test_a_city_may_be_built_from_its_settings_as_they_stand(extract: Path, tmp_path: Path) -> None:
    build(extract, tmp_path / "x", {"key": "helsinki", **HELSINKI})
    assert read_segments(tmp_path / "x")


def test_files_of_another_version_are_refused(tmp_path: Path) -> None:
    (tmp_path / "segments.json").write_text('{"version": 0, "cells": []}')
    with pytest.raises(ValueError, match="prepare the city again"):
        read_segments(tmp_path)
