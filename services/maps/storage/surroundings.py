"""What lies around a way, for a small picture of it: roads and water out of a city's map as tiles."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import asinh, floor, pi, radians, tan
from pathlib import Path

from hansom.cities import Area
from hansom.cities.tiles import TILES_FILE, Tiles
from services.maps.domain.vector_tiles import TileAt, Trail, shapes

CLASSES = ("motorway", "main", "street", "small")
"""Of roads, the most important first: what is left out when there is too much is the last."""

TILES_ACROSS = 2.0
"""The map is taken from the zoom at which what is asked for is so many tiles wide and high at most: 9 tiles then."""

POINTS_MAX = 6_000

LatLngs = list[tuple[float, float]]


@dataclass(slots=True)
class Drawn:
    """Roads by class, and areas of water with their holes, (lat, lng)."""

    roads: list[tuple[str, LatLngs]] = field(default_factory=list)
    water: list[list[LatLngs]] = field(default_factory=list)


class Surroundings:
    """One city's."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError when the city has no tiles, ValueError when they are damaged."""
        self._tiles = Tiles(folder / TILES_FILE)

    def draw(self, area: Area, pause: Callable[[], object]) -> Drawn:
        """Roads and water that tiles under the area have; `pause` is called between them: each takes about 10 ms."""
        found = Drawn()
        by_class: dict[str, list[LatLngs]] = {name: [] for name in CLASSES}
        for tile in _tiles_under(area, *self._tiles.zooms):
            packed = self._tiles.tile(tile.zoom, tile.x, tile.y)
            if packed is None:
                continue
            for shape, extent in shapes(gzip.decompress(packed), ("roads", "water")):
                if shape.layer == "water":
                    found.water.append([_placed(tile, ring, extent) for ring in shape.trails])
                elif shape.tags.get("class") in by_class:
                    by_class[shape.tags["class"]] += [_placed(tile, trail, extent) for trail in shape.trails]
            pause()
        left = POINTS_MAX - sum(len(ring) for rings in found.water for ring in rings)
        for name in CLASSES:
            for line in by_class[name]:
                left -= len(line)
                if left >= 0:
                    found.roads.append((name, line))
        return found


def _placed(tile: TileAt, trail: Trail, extent: int) -> LatLngs:
    places = (tile.lat_lng(at, extent) for at in trail)
    return [(round(lat, 6), round(lng, 6)) for lat, lng in places]


def _tiles_under(area: Area, lowest: int, highest: int) -> Iterator[TileAt]:
    """The tiles of the closest zoom at which the area is not too wide."""
    for zoom in range(highest, lowest - 1, -1):
        west, east = _across(area.west, zoom), _across(area.east, zoom)
        north, south = _down(area.north, zoom), _down(area.south, zoom)
        if max(east - west, south - north) <= TILES_ACROSS:
            for y in range(floor(north), floor(south) + 1):
                for x in range(floor(west), floor(east) + 1):
                    yield TileAt(zoom, x, y)
            return


def _across(lng: float, zoom: int) -> float:
    return (lng + 180) / 360 * 2**zoom


def _down(lat: float, zoom: int) -> float:
    return (1 - asinh(tan(radians(lat))) / pi) / 2 * 2**zoom
