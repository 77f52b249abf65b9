"""What an extract says of its city by itself."""

from __future__ import annotations

import pytest

from hansom.cities import Area, SegmentSizes
from hansom.cities.deriving import (
    NotDerived,
    area_of_roads,
    currency_in,
    is_currency_code,
    is_time_zone,
    segment_sizes,
    time_zone_of,
)
from hansom.cities.liveliest import liveliest
from hansom.values import Point
from tests.unit.cities.test_segments import AREA, SEGMENTS

VADUZ = [Point(47.139, 9.522), Point(47.141, 9.524)]
BUCHS = [Point(47.166, 9.478), Point(47.167, 9.479)]
BOUNDS = Area(47.0, 9.4, 47.3, 9.7)


def test_the_service_area_is_the_box_of_the_roads_within_the_extracts_bounds() -> None:
    motorway = [Point(47.2, 9.6), Point(48.9, 12.0)]
    assert area_of_roads([VADUZ, motorway], BOUNDS) == Area(47.139, 9.522, 47.2, 9.6)
    assert area_of_roads([VADUZ], None) == Area(47.139, 9.522, 47.141, 9.524)


@pytest.mark.parametrize("roads", [[], [[]], [[Point(10, 10), Point(11, 11)]], [[Point(47.1, 9.5), Point(47.1, 9.6)]]])
def test_an_extract_without_roads_has_no_service_area(roads: list[list[Point]]) -> None:
    with pytest.raises(NotDerived):
        area_of_roads(roads, BOUNDS)


def test_the_time_zone_is_that_of_most_roads_and_the_currency_that_of_its_country() -> None:
    zone = time_zone_of([VADUZ, VADUZ, BUCHS], BOUNDS)
    assert (zone, currency_in(zone)) == ("Europe/Vaduz", "CHF")
    assert currency_in("Asia/Tokyo") == "JPY"


def test_where_no_country_is_the_user_is_asked() -> None:
    with pytest.raises(NotDerived, match="--currency"):
        currency_in("Etc/GMT+3")


def test_names_that_there_are_not_are_known_as_such() -> None:
    assert is_time_zone("Europe/Helsinki")
    assert not any(map(is_time_zone, ("", "Mars/Olympus", "../etc/passwd", "/etc/passwd")))
    assert is_currency_code("CHF")
    assert not any(map(is_currency_code, ("", "chf", "XYZ", "EURO")))


def test_the_larger_the_area_the_larger_its_segments() -> None:
    assert segment_sizes(Area(60.16, 24.93, 60.18, 24.96)) == SegmentSizes(10, 8)
    assert segment_sizes(Area(47.05, 9.47, 47.26, 9.62)) == SegmentSizes(9, 7)
    assert segment_sizes(Area(47.3, 5.9, 55.1, 15.0)) == SegmentSizes(8, 6)


def test_a_large_city_is_liveliest_where_its_segments_are_smallest() -> None:
    found = liveliest(Area(60.0, 24.5, 60.4, 25.5), SEGMENTS)
    assert found.holds(Point(60.17, 24.94))
    assert found.north - found.south < 0.03
    small = Area(60.165, 24.93, 60.175, 24.95)
    assert liveliest(small, SEGMENTS) == small
    assert liveliest(AREA, []) == AREA
