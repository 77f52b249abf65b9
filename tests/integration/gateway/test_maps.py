"""The cities and their maps, as an app draws them."""

from __future__ import annotations

from math import asinh, pi, radians, tan

from tests.support.gateway_world import GatewayWorld


def place_of(lat: float, lng: float, zoom: int) -> tuple[int, int]:
    """The tile that a point is in (Web Mercator, https://wiki.openstreetmap.org/wiki/Slippy_map_tilenames)."""
    n = 2**zoom
    return int((lng + 180) / 360 * n), int((1 - asinh(tan(radians(lat))) / pi) / 2 * n)


def test_the_cities_are_listed_with_what_an_app_needs_to_begin(world: GatewayWorld) -> None:
    answer = world.call("GET", "/v1/cities")
    city = answer.json()["items"][0]
    assert answer.status_code == 200
    assert city["id"] == "helsinki" and city["currency"] == "EUR" and city["time_zone"] == "Europe/Helsinki"
    assert "standard" in city["categories"]
    area, centre = city["service_area"], city["centre"]
    assert area["south"] < centre["lat"] < area["north"] and area["west"] < centre["lng"] < area["east"]


def test_a_citys_map_has_roads_buildings_and_who_made_it(world: GatewayWorld) -> None:
    told = world.call("GET", "/v1/cities/helsinki/map").json()
    assert {"roads", "buildings", "water", "green", "districts"} <= {layer["id"] for layer in told["vector_layers"]}
    assert "OpenStreetMap contributors" in told["attribution"]
    x, y = place_of(60.170, 24.944, 14)
    path = told["tiles"][0].replace("{z}", "14").replace("{x}", str(x)).replace("{y}", str(y))
    tile = world.call("GET", path)
    assert tile.status_code == 200 and len(tile.content) > 1000
    assert tile.headers["Content-Type"] == "application/vnd.mapbox-vector-tile"
    assert tile.headers["Content-Encoding"] == "gzip" and "immutable" in tile.headers["Cache-Control"]
    plain = world.call("GET", path, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers and plain.content == tile.content


def test_where_nothing_is_drawn_there_is_no_tile_and_nonsense_is_unknown(world: GatewayWorld) -> None:
    assert world.call("GET", "/v1/cities/helsinki/map/14/1/1").status_code == 204
    assert world.call("GET", "/v1/cities/helsinki/map/25/1/1").status_code == 204
    for path in ("atlantis/map", "atlantis/map/14/1/1", "helsinki/map/14/-1/1", "helsinki/map/x/1/1"):
        assert world.call("GET", f"/v1/cities/{path}").status_code == 404, path
