"""What of an extract is drawn on a map: roads with their names, railways, water, green, buildings, names of districts.

Each feature is GeoJSON with tippecanoe's own `layer` and `minzoom` beside it (https://github.com/felt/tippecanoe). The
layers and their fields:

| layer | geometry | fields |
|---|---|---|
| `water`, `green`, `buildings` | polygons | |
| `waterways`, `railways` | lines | |
| `roads` | lines | `class`: motorway, main, street, small or path; `name`, `oneway`, `tunnel`, `bridge` |
| `districts` | points | `name`, `class`: OpenStreetMap's `place` |
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import pairwise
from math import hypot
from pathlib import Path
from typing import Any

import osmium
import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box, mapping
from shapely.ops import linemerge, polygonize, unary_union

from hansom.cities import Area

Feature = dict[str, Any]

ROADS: Mapping[str, tuple[str, int]] = {
    **dict.fromkeys(("motorway", "trunk"), ("motorway", 5)),
    **dict.fromkeys(("motorway_link", "trunk_link"), ("motorway", 10)),
    "primary": ("main", 7),
    "secondary": ("main", 9),
    "tertiary": ("street", 11),
    **dict.fromkeys(("primary_link", "secondary_link", "tertiary_link"), ("street", 12)),
    **dict.fromkeys(("residential", "unclassified", "living_street"), ("small", 12)),
    "pedestrian": ("path", 13),
    **dict.fromkeys(("service", "track"), ("path", 14)),
    **dict.fromkeys(("footway", "path", "cycleway", "steps", "bridleway"), ("path", 14)),
}
"""`highway` → class on the map, and the zoom from which it is drawn."""

DISTRICTS: Mapping[str, int] = {"city": 5, "town": 8, "suburb": 11, "village": 11, "quarter": 12, "neighbourhood": 13}
"""`place` → the zoom from which its name is drawn."""

WATER = {"natural": {"water", "bay"}, "waterway": {"riverbank", "dock"}, "landuse": {"reservoir", "basin"}}
GREEN = {
    "leisure": {"park", "garden", "golf_course", "nature_reserve", "pitch", "playground", "dog_park"},
    "landuse": {"forest", "grass", "cemetery", "meadow", "recreation_ground", "village_green", "allotments"},
    "natural": {"wood", "scrub", "grassland", "heath"},
}
RAILWAYS = {"rail", "light_rail", "subway", "tram"}
WATERWAYS = {"river", "stream", "canal"}

MARGIN = 0.02
"""Degrees around the service area that are drawn too: who scrolls a little sees no edge."""


BESIDE = 1e-6
"""Degrees: a point this far from a coast is on one side of it."""


def features(pbf: Path, area: Area) -> Iterator[Feature]:
    """All that is drawn within the area and a margin. Raises OSError, RuntimeError for a file that is no extract."""
    frame = box(area.west - MARGIN, area.south - MARGIN, area.east + MARGIN, area.north + MARGIN)
    shores: list[LineString] = []
    thing: Any
    tagged = osmium.filter.EmptyTagFilter()
    for thing in osmium.FileProcessor(str(pbf)).with_locations().with_areas().with_filter(tagged):
        tags = {tag.k: tag.v for tag in thing.tags}
        if thing.is_node():
            yield from _of_node(thing, tags, frame)
        elif thing.is_way():
            line = [(node.lon, node.lat) for node in thing.nodes if node.location.valid()]
            if len(line) > 1 and tags.get("natural") == "coastline":
                shores.append(LineString(line))
            elif len(line) > 1:
                yield from _of_way(line, tags, frame)
        elif thing.is_area():
            yield from _of_area(thing, tags, frame)
    for sea in seas(shores, frame):
        yield _feature(sea, "water", 5)


def seas(shores: list[LineString], frame: Polygon) -> list[Polygon]:
    """The parts of `frame` that are sea. OpenStreetMap draws a coast with land on its left and maps no sea.

    A coast that ends within the frame, where an extract was cut, parts nothing; without a coast there is no sea.
    """
    inside = [line for line in shores if line.intersects(frame)]
    if not inside:
        return []
    merged = linemerge(inside) if len(inside) > 1 else inside[0]
    clipped = merged.intersection(frame)
    pieces = list(polygonize(unary_union([clipped, frame.boundary])))
    return [piece for piece, wetness in zip(pieces, _wetness(pieces, clipped), strict=True) if wetness > 0]


def _wetness(pieces: list[Polygon], shore: Any) -> list[float]:
    """Of each piece, how much of its coast has it on the right, less how much has it on the left (degrees)."""
    wet = [0.0] * len(pieces)
    tree = shapely.STRtree(pieces)
    for line in shapely.get_parts(shore):
        if line.geom_type != "LineString":
            continue
        for (x1, y1), (x2, y2) in pairwise(line.coords):
            length = hypot(x2 - x1, y2 - y1)
            if length == 0:
                continue
            middle, right = ((x1 + x2) / 2, (y1 + y2) / 2), ((y2 - y1) / length * BESIDE, (x1 - x2) / length * BESIDE)
            for sign in (1, -1):
                beside = Point(middle[0] + sign * right[0], middle[1] + sign * right[1])
                for index in tree.query(beside, predicate="within"):
                    wet[index] += sign * length
    return wet


def _of_node(thing: Any, tags: Mapping[str, str], frame: Polygon) -> Iterator[Feature]:
    zoom = DISTRICTS.get(tags.get("place", ""))
    if zoom is not None and tags.get("name") and thing.location.valid():
        point = Point(thing.lon, thing.lat)
        if frame.contains(point):
            yield _feature(point, "districts", zoom, name=tags["name"], **{"class": tags["place"]})


def _of_way(line: list[tuple[float, float]], tags: Mapping[str, str], frame: Polygon) -> Iterator[Feature]:
    road = ROADS.get(tags.get("highway", ""))
    if road is not None and tags.get("area") != "yes":
        facts = {"class": road[0], "name": tags.get("name"), "oneway": tags.get("oneway") == "yes" or None}
        facts |= {flag: True for flag in ("tunnel", "bridge") if tags.get(flag) not in (None, "no")}
        yield from _clipped(LineString(line), frame, "roads", road[1], **facts)
    elif tags.get("railway") in RAILWAYS and tags.get("tunnel") != "yes":
        yield from _clipped(LineString(line), frame, "railways", 11)
    elif tags.get("waterway") in WATERWAYS and tags.get("tunnel") is None:
        yield from _clipped(LineString(line), frame, "waterways", 10 if tags["waterway"] == "river" else 13)


def _of_area(thing: Any, tags: Mapping[str, str], frame: Polygon) -> Iterator[Feature]:
    if _is_one_of(tags, WATER):
        layer, zoom = "water", 8
    elif _is_one_of(tags, GREEN):
        layer, zoom = "green", 10
    elif tags.get("building", "no") != "no":
        layer, zoom = "buildings", 14
    else:
        return
    yield from _clipped(_polygons(thing), frame, layer, zoom)


def _is_one_of(tags: Mapping[str, str], wanted: Mapping[str, set[str]]) -> bool:
    return any(tags.get(key) in values for key, values in wanted.items())


def _polygons(thing: Any) -> MultiPolygon:
    parts = []
    for outer in thing.outer_rings():
        shell = _ring(outer)
        holes = [ring for inner in thing.inner_rings(outer) if len(ring := _ring(inner)) > 3]
        if len(shell) > 3:
            parts.append(Polygon(shell, holes))
    return MultiPolygon(parts)


def _ring(nodes: Any) -> list[tuple[float, float]]:
    return [(node.lon, node.lat) for node in nodes if node.location.valid()]


def _clipped(shape: Any, frame: Polygon, layer: str, zoom: int, **facts: Any) -> Iterator[Feature]:
    if frame.contains(shape):
        yield _feature(shape, layer, zoom, **facts)
        return
    if frame.intersects(shape):
        within = shapely.make_valid(shape).intersection(frame)
        wanted = ("LineString", "MultiLineString") if "Line" in shape.geom_type else ("Polygon", "MultiPolygon")
        for part in shapely.get_parts(within):
            if part.geom_type in wanted:
                yield _feature(part, layer, zoom, **facts)


def _feature(shape: Any, layer: str, zoom: int, **facts: Any) -> Feature:
    properties = {name: value for name, value in facts.items() if value is not None}
    return {
        "type": "Feature",
        "tippecanoe": {"layer": layer, "minzoom": zoom},
        "properties": properties,
        "geometry": mapping(shape),
    }


def write(pbf: Path, area: Area, out: Path) -> int:
    """Write the features as GeoJSON, one a line; gives how many."""
    count = 0
    with out.open("w", encoding="utf-8") as file:
        for feature in features(pbf, area):
            file.write(json.dumps(feature, separators=(",", ":"), ensure_ascii=False))
            file.write("\n")
            count += 1
    return count
