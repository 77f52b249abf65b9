"""What of an extract is drawn on a map, and on which side of a coast the sea is."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from pmtiles.tile import Compression, TileType, serialize_header
from shapely.geometry import LineString, Point, box

from hansom.cities import Area
from hansom.cities.drawing import seas
from hansom.cities.tiles import TILES_FILE, Tiles, build_tiles

FRAME = box(0, 0, 10, 10)


def test_the_sea_is_on_the_right_of_a_coast() -> None:
    found = seas([LineString([(5, -1), (5, 4), (5, 11)])], FRAME)  # northwards: land is west of it
    assert len(found) == 1
    assert found[0].contains(Point(8, 5)) and not found[0].contains(Point(2, 5))


def test_an_island_is_land_and_a_lagoon_in_it_is_not() -> None:
    coast = LineString([(5, -1), (5, 11)])
    island = LineString([(7, 4), (8, 4), (8, 6), (7, 6), (7, 4)])  # counter-clockwise: land on its left
    (sea,) = seas([coast, island], FRAME)
    assert sea.contains(Point(6, 5)) and not sea.contains(Point(7.5, 5))


def test_the_coast_may_come_in_pieces_and_in_any_order() -> None:
    pieces = [LineString([(5, 4), (6, 7)]), LineString([(6, 7), (5, 12)]), LineString([(4, -2), (5, 4)])]
    (sea,) = seas(pieces, FRAME)
    assert sea.contains(Point(9, 5)) and not sea.contains(Point(1, 5))


@pytest.mark.parametrize("shores", [[], [LineString([(20, 20), (30, 30)])], [LineString([(5, 2), (5, 4)])]])
def test_without_a_coast_from_edge_to_edge_nothing_is_made_sea(shores: list[LineString]) -> None:
    assert seas(shores, FRAME) == []


METADATA = gzip.compress(b'{"vector_layers": []}')
HEADER = serialize_header(
    {
        **dict.fromkeys(("root_offset", "root_length", "tile_data_offset", "tile_data_length"), 0),
        **{"metadata_offset": 127, "metadata_length": len(METADATA), "clustered": True, "min_zoom": 5, "max_zoom": 15},
        **{"internal_compression": Compression.GZIP, "tile_compression": Compression.GZIP, "tile_type": TileType.MVT},
    }
)


@pytest.mark.parametrize(
    "damaged",
    [
        pytest.param(b"nothing like tiles" * 50, id="something else"),
        pytest.param(HEADER[:7] + b"\x09" + HEADER[8:] + METADATA, id="another version"),
        pytest.param(b"\xff" + HEADER[1:] + METADATA, id="no text where its name is"),
        pytest.param(HEADER[:97] + b"\x63" + HEADER[98:] + METADATA, id="a compression that is none"),
        pytest.param(HEADER[:60], id="ends in its header"),
        pytest.param(b"", id="empty"),
        pytest.param(HEADER + METADATA[:15], id="ends in its metadata"),
        pytest.param(HEADER + b"\x00" * len(METADATA), id="metadata of zeros"),
        pytest.param(HEADER + METADATA[:12] + b"\xff" * (len(METADATA) - 12), id="packed metadata damaged"),
    ],
)
def test_a_damaged_map_says_so(damaged: bytes, tmp_path: Path) -> None:
    (tmp_path / TILES_FILE).write_bytes(damaged)
    with pytest.raises(ValueError, match="prepare the city again"):
        Tiles(tmp_path / TILES_FILE)


def test_an_extract_that_cannot_be_read_leaves_nothing_behind(tmp_path: Path) -> None:
    broken, out = tmp_path / "broken.osm.pbf", tmp_path / "out"
    broken.write_bytes(b"no extract")
    out.mkdir()
    with pytest.raises(RuntimeError):
        build_tiles(broken, out, Area(0, 0, 1, 1))
    assert list(out.iterdir()) == []
