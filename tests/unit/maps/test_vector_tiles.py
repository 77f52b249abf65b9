"""Tiles are read as their specification says, and what is no tile is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.maps.domain.vector_tiles import AREA, LINE, TileAt, shapes


def number(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def field(name: int, content: bytes | int) -> bytes:
    if isinstance(content, int):
        return number(name << 3) + number(content)
    return number(name << 3 | 2) + number(len(content)) + content


def steps(*commands: int) -> bytes:
    return b"".join(map(number, commands))


def zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def a_layer(name: str, kind: int, geometry: bytes, extent: int = 4096) -> bytes:
    feature = field(2, steps(0, 0, 1, 1)) + field(3, kind) + field(4, geometry)
    values = field(4, field(1, b"main")) + field(4, field(7, 1))
    layer = field(15, 2) + field(1, name.encode()) + field(2, feature)
    return field(3, layer + field(3, b"class") + field(3, b"oneway") + values + field(5, extent))


FIRST_LINE = (9, zigzag(2), zigzag(2), 18, zigzag(0), zigzag(8), zigzag(8), zigzag(0))
TWO_LINES = steps(*FIRST_LINE, 9, zigzag(-9), zigzag(-9), 10, zigzag(2), zigzag(-4))
RING = steps(9, zigzag(3), zigzag(6), 18, zigzag(5), zigzag(6), zigzag(12), zigzag(22), 15)


def test_lines_and_rings_are_read_with_their_tags() -> None:
    tile = a_layer("roads", LINE, TWO_LINES, 256) + a_layer("water", AREA, RING) + a_layer("names", LINE, TWO_LINES)
    (road, extent), (lake, _) = shapes(tile, {"roads", "water"})
    assert (road.layer, road.tags, extent) == ("roads", {"class": "main", "oneway": ""}, 256)
    assert road.trails == [[(2, 2), (2, 10), (10, 10)], [(1, 1), (3, -3)]]
    assert (lake.layer, lake.trails) == ("water", [[(3, 6), (8, 12), (20, 34)]])


def test_points_are_left_out() -> None:
    assert list(shapes(a_layer("roads", 1, steps(9, 4, 4)), {"roads"})) == []


def test_a_place_in_a_tile_is_one_on_earth() -> None:
    assert TileAt(0, 0, 0).lat_lng((2048, 2048), 4096) == (0.0, 0.0)
    lat, lng = TileAt(14, 9327, 4742).lat_lng((0, 0), 4096)
    assert (lat, lng) == pytest.approx((60.1735, 24.9390), abs=0.01)
    assert TileAt(14, 9327, 4742).lat_lng((0, 4096), 4096)[0] < lat, "y goes south"


@pytest.mark.parametrize("length", range(1, 60, 7))
def test_a_tile_that_ends_early_is_refused(length: int) -> None:
    with pytest.raises((ValueError, IndexError)):
        list(shapes(a_layer("roads", LINE, TWO_LINES)[:length], {"roads"}))


@given(st.binary(max_size=200))
def test_whatever_the_bytes_are_reading_them_ends(tile: bytes) -> None:
    try:
        for shape, _ in shapes(tile, {"roads", ""}):
            assert shape.layer in ("roads", "")
    except (ValueError, IndexError, KeyError):
        pass
