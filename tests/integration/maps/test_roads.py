"""Routes, road times and nearest roads, from the real road server."""

from __future__ import annotations

import random
import socket
from pathlib import Path
from typing import Any

import eventlet
import pytest

from hansom.contracts.errors import Invalid
from hansom.contracts.maps import CityNotPrepared, RoadsUnavailable
from hansom.values import Point, distance_m
from services.maps import usecases
from services.maps.storage.atlas import Atlas
from services.maps.storage.osrm import Osrm
from tests.integration.maps.conftest import NOW, no_roads

PICKUP, DROPOFF = Point(60.1660, 24.9370), Point(60.1770, 24.9520)
OUTSIDE = Point(60.3, 24.9)


def test_a_route_leads_from_the_one_to_the_other_along_roads(atlas: Atlas) -> None:
    route = usecases.find_route(atlas, PICKUP, DROPOFF, {}, NOW)
    assert route.city == "helsinki"
    assert distance_m(PICKUP, DROPOFF) < route.distance_m < 4 * distance_m(PICKUP, DROPOFF)
    assert 60 < route.duration_s < 1200
    assert distance_m(route.line[0], PICKUP) < 100
    assert distance_m(route.line[-1], DROPOFF) < 100
    assert len(route.line) > 20


@pytest.mark.parametrize(
    ("pickup", "dropoff", "wrong"),
    [(OUTSIDE, DROPOFF, {"from"}), (PICKUP, OUTSIDE, {"to"}), (OUTSIDE, OUTSIDE, {"from", "to"})],
)
def test_a_place_that_is_not_served_is_named_by_the_callers_own_field(
    atlas: Atlas, pickup: Point, dropoff: Point, wrong: set[str]
) -> None:
    with pytest.raises(Invalid) as caught:
        usecases.find_route(atlas, pickup, dropoff, {"pickup": "from", "dropoff": "to"}, NOW)
    assert set(caught.value.details) == wrong


def test_a_place_too_far_from_any_road_is_named(config: dict[str, Any]) -> None:
    strict = Atlas({**config, "ROAD_SNAP_MAX_M": 0.01})
    with pytest.raises(Invalid) as caught:
        usecases.find_route(strict, PICKUP, DROPOFF, {}, NOW)
    assert set(caught.value.details) <= {"pickup", "dropoff"}
    strict.close()


def test_nearly_any_two_places_of_the_city_are_joined_by_a_route(atlas: Atlas) -> None:
    area, draw = next(iter(atlas.cities.values())).service_area, random.Random(7)

    def somewhere() -> Point:
        return Point(draw.uniform(area.south, area.north), draw.uniform(area.west, area.east))

    for _ in range(100):
        usecases.find_route(atlas, somewhere(), somewhere(), {}, NOW)


def test_a_table_larger_than_one_question_is_put_together_right(config: dict[str, Any], atlas: Atlas) -> None:
    draw = random.Random(3)
    area = next(iter(atlas.cities.values())).service_area
    places = [(draw.uniform(area.south, area.north), draw.uniform(area.west, area.east)) for _ in range(17)]
    small = Atlas({**config, "OSRM_TABLE_MAX": 5})
    pieced = usecases.road_table(small, places, places[:12], NOW)
    whole = usecases.road_table(atlas, places, places[:12], NOW)
    assert pieced == whole
    assert not whole.estimated
    assert all(whole.durations_s[i][i] == 0 for i in range(12))
    small.close()


def test_etas_of_pairs_are_those_of_the_table(atlas: Atlas) -> None:
    places = [(60.165 + i * 0.0004, 24.937 + i * 0.0004) for i in range(30)]
    pairs = list(zip(places, reversed(places), strict=True))
    etas_s, estimated = usecases.find_etas(atlas, pairs, "pickup", NOW)
    table = usecases.road_table(atlas, places, places, NOW)
    assert not estimated
    assert etas_s == [table.durations_s[i][29 - i] for i in range(30)]


def test_more_cells_than_a_table_may_have_are_refused(atlas: Atlas) -> None:
    with pytest.raises(Invalid):
        usecases.road_table(atlas, [(60.17, 24.94)] * 600, [(60.17, 24.94)] * 600, NOW)
    assert usecases.road_table(atlas, [], [(60.17, 24.94)], NOW).durations_s == []


def test_a_table_reaches_over_several_cities(config: dict[str, Any], atlas: Atlas) -> None:
    home = config["CITIES"]["helsinki"]
    south, west, north, east = home["service_area"]
    middle = (south + north) / 2
    halves = {
        "helsinki": {**home, "service_area": [south, west, middle, east]},
        "upper": {**home, "service_area": [middle + 1e-6, west, north, east]},
    }
    both = Atlas({**config, "CITIES": halves})
    low, high = (60.1680, 24.9420), (60.1780, 24.9450)
    table = usecases.road_table(both, [low, high], [low, high, high], NOW)
    within = usecases.road_table(atlas, [low, high], [low, high], NOW).durations_s
    assert table.estimated
    assert [table.durations_s[0][0], table.durations_s[1][1]] == [within[0][0], within[1][1]]
    across = both.rates(both.cities["upper"]).duration_s(low, high)
    assert table.durations_s[0][1] == table.durations_s[0][2] == pytest.approx(across, abs=0.1)
    assert not usecases.road_table(both, [low], [low], NOW).estimated
    etas_s, estimated = usecases.find_etas(both, [(low, low), (high, high)], "trip", NOW)
    assert etas_s == [0, 0] and not estimated
    both.close()


def test_places_of_all_cities_are_found_best_first(config: dict[str, Any], tmp_path: Path) -> None:
    home = config["CITIES"]["helsinki"]
    for name in ("helsinki", "upper"):
        (tmp_path / name).symlink_to(Path(config["CITY_DATA"]) / "helsinki")
    both = Atlas({**config, "CITIES": {"helsinki": home, "upper": home}, "CITY_DATA": str(tmp_path)})
    found = usecases.search_places(both, "mannerheimint", None, 4)
    assert [place.name for place in found[:2]] == ["Mannerheimintie", "Mannerheimintie"]
    both.close()


def test_without_a_road_server_all_is_estimated_and_says_so(config: dict[str, Any], atlas: Atlas) -> None:
    away = no_roads(config)
    times = usecases.road_table(away, [(60.17, 24.94)], [(60.175, 24.95)], NOW)
    assert times.estimated
    assert 60 < (times.durations_s[0][0] or 0) < 600
    assert usecases.find_etas(away, [((60.17, 24.94), (60.175, 24.95))], "trip", NOW)[1]
    guessed, found = (usecases.find_route(each, PICKUP, DROPOFF, {}, NOW) for each in (away, atlas))
    assert guessed.estimated and not found.estimated
    assert guessed.line == (PICKUP, DROPOFF)
    assert 0.4 < guessed.distance_m / found.distance_m < 2.5
    assert 0.4 < guessed.duration_s / found.duration_s < 2.5
    near = usecases.find_nearest(away, Point(60.1690, 24.9400))
    assert near.estimated
    assert near.distance_m == pytest.approx(distance_m(near.point, Point(60.1690, 24.9400)), abs=0.1)
    away.close()


def test_a_road_server_that_does_not_answer_in_time_is_unavailable() -> None:
    mute = socket.socket()
    mute.bind(("127.0.0.1", 0))
    mute.listen(5)
    osrm = Osrm(f"http://127.0.0.1:{mute.getsockname()[1]}", timeout_s=0.2, pool_size=2)
    with eventlet.Timeout(3), pytest.raises(RoadsUnavailable):
        osrm.nearest(PICKUP)
    osrm.close()
    mute.close()


def test_a_connection_that_the_server_closed_meanwhile_is_opened_anew() -> None:
    answer = b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"code": "Ok"}'
    listener = eventlet.listen(("127.0.0.1", 0))
    served = []

    def serve() -> None:
        for _ in range(2):
            connection, _ = listener.accept()
            served.append(connection.recv(4096))
            connection.sendall(answer)
            # says it keeps the connection, and closes it
            connection.close()

    server = eventlet.spawn(serve)
    osrm = Osrm(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout_s=2, pool_size=1)
    assert osrm._ask("/one") == {"code": "Ok"}
    assert osrm._ask("/two") == {"code": "Ok"}
    server.wait()
    assert len(served) == 2
    osrm.close()


def test_the_nearest_road_is_near_and_has_its_streets_name(atlas: Atlas) -> None:
    near = usecases.find_nearest(atlas, Point(60.1690, 24.9400))
    assert near.distance_m < 100
    assert distance_m(near.point, Point(60.1690, 24.9400)) == pytest.approx(near.distance_m, abs=1)


def test_a_city_that_is_not_prepared_says_so(config: dict[str, Any], tmp_path: Any) -> None:
    bare = Atlas({**config, "CITY_DATA": str(tmp_path)})
    with pytest.raises(CityNotPrepared):
        usecases.list_segments(bare, "helsinki")


def test_every_place_of_the_service_area_is_in_a_segment(atlas: Atlas) -> None:
    area, draw = next(iter(atlas.cities.values())).service_area, random.Random(5)
    places = [(draw.uniform(area.south, area.north), draw.uniform(area.west, area.east)) for _ in range(500)]
    segments = usecases.find_segments(atlas, places)
    assert None not in segments
    assert set(segments) <= set(usecases.list_segments(atlas, "helsinki"))
    assert usecases.find_segments(atlas, [(0.0, 0.0)]) == [None]


def test_the_citys_own_places_are_found(atlas: Atlas) -> None:
    found = usecases.search_places(atlas, "manerheimin", PICKUP, 5)
    assert found[0].name.startswith("Mannerheimin")
    assert all(atlas.city_at(place.point) for place in found)
