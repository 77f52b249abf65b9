"""What lies around a way in the test city, out of its own tiles."""

from __future__ import annotations

from typing import Any

import pytest

from hansom.cities import Area
from hansom.contracts.errors import Invalid
from hansom.contracts.maps import CityNotPrepared
from services.maps.storage import surroundings
from services.maps.storage.atlas import Atlas
from services.maps.usecases import draw_surroundings
from tests.integration.maps.conftest import Ask

CENTRE = Area(60.1690, 24.9400, 60.1740, 24.9500)
WHOLE_CITY = Area(60.1641, 24.9351, 60.1792, 24.9535)


def drawn(atlas: Atlas, area: Area) -> surroundings.Drawn:
    return draw_surroundings(atlas, area, pause=lambda: None)


def test_roads_by_class_lie_where_they_were_asked_for(atlas: Atlas) -> None:
    found = drawn(atlas, CENTRE)
    assert {name for name, _ in found.roads} >= {"main", "small"}
    for _, line in found.roads:
        assert len(line) >= 2
        for lat, lng in line:
            assert 60.1 < lat < 60.2 and 24.8 < lng < 25.1
    assert any(CENTRE.south <= lat <= CENTRE.north for _, line in found.roads for lat, _ in line)


def test_outside_all_cities_nothing_is_drawn(atlas: Atlas) -> None:
    assert drawn(atlas, Area(10.0, 10.0, 10.1, 10.1)) == surroundings.Drawn()


def test_when_there_is_too_much_the_smallest_roads_are_left_out(atlas: Atlas, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = drawn(atlas, WHOLE_CITY)
    water = sum(len(ring) for rings in everything.water for ring in rings)
    monkeypatch.setattr(surroundings, "POINTS_MAX", water + 300)
    some = drawn(atlas, WHOLE_CITY)
    assert 0 < sum(len(line) for _, line in some.roads) <= 300
    assert "small" not in {name for name, _ in some.roads} or len(some.roads) < len(everything.roads)
    assert some.roads[0][0] in ("motorway", "main")


def test_a_city_without_a_map_says_so(config: dict[str, Any], tmp_path: Any) -> None:
    with pytest.raises(CityNotPrepared):
        drawn(Atlas({**config, "CITY_DATA": str(tmp_path)}), CENTRE)


@pytest.mark.parametrize(
    ("wrong", "named"), [({"north": 60.0}, "north"), ({"south": "x"}, "south"), ({"west": 200}, "west")]
)
def test_what_is_no_area_is_refused(ask: Ask, wrong: dict[str, Any], named: str) -> None:
    area = {"south": 60.169, "west": 24.94, "north": 60.174, "east": 24.95}
    assert ask("draw_surroundings", area)["roads"]
    with pytest.raises(Invalid) as refused:
        ask("draw_surroundings", {**area, **wrong})
    assert named in refused.value.details
