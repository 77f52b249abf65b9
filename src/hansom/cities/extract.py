"""Reads what a city needs from an OpenStreetMap extract: its roads, and the places people ask for by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import osmium

from hansom.cities import Area
from hansom.cities.files import Place
from hansom.values import Point

DRIVABLE = frozenset(
    [
        "motorway",
        "motorway_link",
        "trunk",
        "trunk_link",
        "primary",
        "primary_link",
        "secondary",
        "secondary_link",
        "tertiary",
        "tertiary_link",
        "unclassified",
        "residential",
        "living_street",
        "service",
    ]
)
"""`highway` values that a car drives on (OSRM's car profile, less tracks and ferries)."""

KINDS: tuple[tuple[str, str | None, float], ...] = (
    ("place", None, 0.9),
    ("aeroway", "airport", 1.0),
    ("railway", "station", 1.0),
    ("station", "station", 1.0),
    ("public_transport", "station", 0.9),
    ("tourism", None, 0.8),
    ("historic", "sight", 0.6),
    ("amenity", None, 0.7),
    ("leisure", None, 0.6),
    ("healthcare", "health", 0.6),
    ("shop", "shop", 0.5),
    ("office", "office", 0.4),
    ("craft", "shop", 0.4),
    ("man_made", "sight", 0.4),
    ("building", "building", 0.4),
    ("natural", "nature", 0.4),
    ("landuse", None, 0.3),
)
"""Tag → what the place is called (None: the tag's own value) and how much people ask for such places, 0 to 1."""

LEFT_OUT = {
    "amenity": frozenset(
        [
            "bench",
            "waste_basket",
            "bicycle_parking",
            "parking_space",
            "vending_machine",
            "recycling",
            "post_box",
            "atm",
            "telephone",
            "clock",
            "waste_disposal",
            "drinking_water",
            "parking_entrance",
            "motorcycle_parking",
        ]
    ),
    "railway": frozenset(
        ["rail", "tram", "subway", "switch", "tram_stop", "level_crossing", "crossing", "signal", "subway_entrance"]
    ),
    "place": frozenset(["country", "state", "region", "continent"]),
}
"""Things with a name that nobody rides to, or that stand beside a better entry."""

STATION_TAGS = frozenset(["railway", "public_transport", "aeroway", "station"])
STATIONS = frozenset(["station", "halt", "aerodrome"])

NAME_TAGS = ("name:en", "name:fi", "name:sv", "alt_name", "short_name", "official_name", "old_name", "loc_name")


@dataclass(slots=True)
class Extract:
    """What was read: drivable roads as lines of points, and places. `bounds`: the extract's own, where it says them."""

    roads: list[list[Point]] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    bounds: Area | None = None


def read(pbf: Path) -> Extract:
    """Read an `.osm.pbf` file. Raises OSError, RuntimeError when it is not one.

    Closed ways come as ways; areas that a relation puts together come as areas.

    Takes about 0.6 s for central Helsinki; memory grows with the number of roads and named things.
    """
    found = Extract(bounds=_bounds(pbf))
    streets: dict[str, list[tuple[Point, tuple[str, ...]]]] = defaultdict(list)
    thing: Any
    tagged = osmium.filter.EmptyTagFilter()
    for thing in osmium.FileProcessor(str(pbf)).with_locations().with_areas().with_filter(tagged):
        tags = {tag.k: tag.v for tag in thing.tags}
        if thing.is_area() and thing.from_way():
            continue
        line = _line(thing) if thing.is_way() else []
        if thing.is_way() and tags.get("highway") in DRIVABLE and len(line) > 1:
            found.roads.append(line)
        point = _middle(thing, line)
        if point is None:
            continue
        if "highway" in tags and tags.get("name") and not thing.is_node():
            streets[tags["name"]].append((point, _other_names(tags)))
        else:
            found.places.extend(_places(tags, point))
    found.places.extend(_streets(streets))
    found.places = _once_each(found.places)
    return found


def _bounds(pbf: Path) -> Area | None:
    with osmium.io.Reader(str(pbf), osmium.osm.osm_entity_bits.NOTHING) as reader:
        box = reader.header().box()
    if not box.valid() or not (box.bottom_left.lat < box.top_right.lat and box.bottom_left.lon < box.top_right.lon):
        return None
    return Area(box.bottom_left.lat, box.bottom_left.lon, box.top_right.lat, box.top_right.lon)


def _line(way: Any) -> list[Point]:
    return [Point(node.lat, node.lon) for node in way.nodes if node.location.valid()]


def _middle(thing: Any, line: list[Point]) -> Point | None:
    if thing.is_node():
        return Point(thing.lat, thing.lon) if thing.location.valid() else None
    if thing.is_area():
        line = [Point(node.lat, node.lon) for ring in thing.outer_rings() for node in ring if node.location.valid()]
    if not line:
        return None
    if line[0] == line[-1]:
        corners = line[:-1] or line
        return Point(sum(p.lat for p in corners) / len(corners), sum(p.lng for p in corners) / len(corners))
    return line[len(line) // 2]


def _other_names(tags: Mapping[str, str]) -> tuple[str, ...]:
    names = [part.strip() for tag in NAME_TAGS for part in tags.get(tag, "").split(";")]
    return tuple(dict.fromkeys(name for name in names if name and name != tags.get("name")))


def _places(tags: Mapping[str, str], point: Point) -> Iterator[Place]:
    street, number = tags.get("addr:street"), tags.get("addr:housenumber")
    if street and number:
        yield Place(f"{street} {number}", "address", point, weight=0.3)
    name = tags.get("name")
    if not name:
        return
    for tag, called, weight in KINDS:
        value = tags.get(tag)
        if value is None or value == "no" or value in LEFT_OUT.get(tag, ()):
            continue
        if tag in STATION_TAGS and value not in STATIONS:
            continue
        yield Place(name, called or value, point, _other_names(tags), weight)
        return


def _streets(streets: Mapping[str, list[tuple[Point, tuple[str, ...]]]]) -> Iterator[Place]:
    """One entry for each street name, at the piece that lies nearest to the middle of all its pieces."""
    for name, pieces in streets.items():
        lat = sum(point.lat for point, _ in pieces) / len(pieces)
        lng = sum(point.lng for point, _ in pieces) / len(pieces)
        point = min((point for point, _ in pieces), key=lambda p: (p.lat - lat) ** 2 + (p.lng - lng) ** 2)
        also = tuple(dict.fromkeys(other for _, others in pieces for other in others))
        yield Place(name, "street", point, also, 0.8)


def _once_each(places: list[Place]) -> list[Place]:
    """Drop what is mapped twice: the same name and kind within about 100 m."""
    kept: dict[tuple[str, str, int, int], Place] = {}
    for place in places:
        spot = (place.name, place.kind, round(place.point.lat * 1000), round(place.point.lng * 500))
        if spot not in kept or place.weight > kept[spot].weight:
            kept[spot] = place
    return sorted(kept.values(), key=lambda place: (place.name, place.kind, place.point.lat, place.point.lng))
