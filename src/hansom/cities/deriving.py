"""What an extract says of its city by itself: where it is served, its time zone, its currency, its segments' sizes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import tzfpy
from babel.core import get_global
from babel.numbers import get_territory_currencies, is_currency

from hansom.cities import Area, SegmentSizes
from hansom.values import Point, distance_m

ASKED_POINTS = 200
"""Points on roads that vote for the time zone: the extract's middle may lie across a border."""

SMALL_KM2, LARGE_KM2 = 30.0, 20_000.0


class NotDerived(ValueError):
    """The extract does not say it; the text says what to give instead."""


def area_of_roads(roads: Iterable[Sequence[Point]], bounds: Area | None) -> Area:
    """The box around the roads' points that lie within the extract's own `bounds`.

    Roads are in an extract as a whole or not at all: some stick out of it by far, with nothing around them.
    Raises NotDerived when no road is left.
    """
    points = [p for p in chain.from_iterable(roads) if bounds is None or bounds.holds(p)]
    if len(points) < 2:
        raise NotDerived("it has no roads for cars within its bounds")
    lats, lngs = [p.lat for p in points], [p.lng for p in points]
    south, north, west, east = min(lats), max(lats), min(lngs), max(lngs)
    if not (south < north and west < east):
        raise NotDerived("its roads span no area")
    return Area(round(south, 5), round(west, 5), round(north, 5), round(east, 5))


def size_km2(area: Area) -> float:
    """About how large a box is, square kilometres."""
    height_m = distance_m(Point(area.south, area.west), Point(area.north, area.west))
    width_m = distance_m(Point(area.centre.lat, area.west), Point(area.centre.lat, area.east))
    return height_m * width_m / 1e6


def segment_sizes(area: Area) -> SegmentSizes:
    """H3 resolutions that suit the area: blocks of a town centre, of a city, of a country."""
    size = size_km2(area)
    if size < SMALL_KM2:
        return SegmentSizes(10, 8)
    return SegmentSizes(9, 7) if size < LARGE_KM2 else SegmentSizes(8, 6)


def time_zone_of(roads: Sequence[Sequence[Point]], area: Area) -> str:
    """The IANA time zone of most of the area's roads. Raises NotDerived."""
    inside = [line[0] for line in roads if line and area.holds(line[0])]
    asked = random.Random(1).sample(inside, min(len(inside), ASKED_POINTS)) or [area.centre]
    votes = Counter(tzfpy.get_tz(point.lng, point.lat) for point in asked)
    for zone, _ in votes.most_common():
        if is_time_zone(zone):
            return zone
    raise NotDerived("its time zone is not known: give --time-zone")


def is_time_zone(name: str) -> bool:
    """Whether the IANA database has it."""
    try:
        return bool(name) and bool(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def currency_in(time_zone: str) -> str:
    """The ISO 4217 code of the legal tender in the time zone's territory (CLDR). Raises NotDerived."""
    territory = get_global("zone_territories").get(time_zone)
    tender = get_territory_currencies(territory) if territory else []
    if not tender:
        raise NotDerived(f"the currency in {time_zone} is not known: give --currency")
    return tender[0]


def is_currency_code(code: str) -> bool:
    """Whether CLDR has it, in capitals."""
    return code.isupper() and bool(is_currency(code))
