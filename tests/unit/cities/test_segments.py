"""Segments: every point in exactly one, neighbours both ways."""

from __future__ import annotations

from dataclasses import astuple
from itertools import pairwise

import h3
from hypothesis import given, settings
from hypothesis import strategies as st

from hansom.cities import Area, SegmentSizes
from hansom.cities.divide import divide, road_by_cell
from hansom.segments import LOOKUP_RESOLUTION, SegmentIndex, centre, one_cut, outline
from hansom.values import Point, distance_m

AREA = Area(60.15, 24.90, 60.19, 24.98)
SIZES = SegmentSizes(dense=10, sparse=8, road_m=800)
GRID = [[Point(60.165 + i * 0.0008, 24.93), Point(60.165 + i * 0.0008, 24.95)] for i in range(12)]
"""Streets in the middle of the area, and none elsewhere."""

SEGMENTS = divide(AREA, SIZES, GRID)
INDEX = SegmentIndex(SEGMENTS)

inside = st.builds(Point, st.floats(AREA.south, AREA.north), st.floats(AREA.west, AREA.east))


@given(inside)
@settings(max_examples=500)
def test_every_point_of_the_service_area_is_in_exactly_one_segment(point: Point) -> None:
    finest = h3.latlng_to_cell(point.lat, point.lng, LOOKUP_RESOLUTION)
    ancestors = {h3.cell_to_parent(finest, r) for r in range(SIZES.sparse, SIZES.dense + 1)}
    assert len(ancestors & set(SEGMENTS)) == 1
    assert INDEX.segment_of(point.lat, point.lng) in ancestors


def test_no_segment_lies_within_another() -> None:
    for segment in SEGMENTS:
        above = {h3.cell_to_parent(segment, r) for r in range(SIZES.sparse, h3.get_resolution(segment))}
        assert not above & set(SEGMENTS)


def test_segments_are_small_where_roads_are_dense_and_large_where_they_are_sparse() -> None:
    middle, edge = INDEX.segment_of(60.169, 24.94), INDEX.segment_of(60.188, 24.905)
    assert middle and h3.get_resolution(middle) == 10
    assert edge and h3.get_resolution(edge) == 8


def test_a_point_far_away_is_in_no_segment() -> None:
    assert INDEX.segment_of(0.0, 0.0) is None
    assert SegmentIndex([]).segment_of(60.17, 24.94) is None


def test_neighbours_are_neighbours_both_ways_whatever_their_size() -> None:
    for segment in SEGMENTS:
        for near in INDEX.neighbours(segment):
            assert near != segment
            assert segment in INDEX.neighbours(near)


def test_rings_reach_every_segment_once() -> None:
    start = INDEX.segment_of(60.169, 24.94)
    assert start
    rings = list(INDEX.rings(start, 1000))
    assert rings[0] == (start,)
    reached = [segment for ring in rings for segment in ring]
    assert sorted(reached) == sorted(SEGMENTS)
    assert len(list(INDEX.rings(start, 2))) == 3


def test_an_index_of_several_cities_says_the_same_as_each_citys_own() -> None:
    coarse = SegmentIndex(divide(AREA, SegmentSizes(8, 7), GRID))
    both = SegmentIndex([*coarse, *(cell for cell in SegmentIndex(["8b1f1a00a0a1fff"]))])
    for i in range(200):
        lat, lng = 60.15 + i * 0.0002, 24.90 + i * 0.0004
        assert both.segment_of(lat, lng) == coarse.segment_of(lat, lng)


def test_neighbours_are_the_segments_of_the_finest_cells_around() -> None:
    for segment in SEGMENTS:
        inside = set(h3.cell_to_children(segment, LOOKUP_RESOLUTION))
        around = {near for cell in inside for near in h3.grid_disk(cell, 1)} - inside
        found = {INDEX.segment_of(*h3.cell_to_latlng(cell)) for cell in around}
        assert set(INDEX.neighbours(segment)) == found - {None}


SOUTH, NORTH = Area(60.15, 24.90, 60.17, 24.98), Area(60.17, 24.90, 60.19, 24.98)
SIDE_BY_SIDE = one_cut(
    {"south": divide(SOUTH, SegmentSizes(9, 7), GRID), "north": divide(NORTH, SegmentSizes(11, 8, 300), GRID)}
)


@given(inside)
def test_of_two_cities_side_by_side_no_segment_lies_within_one_of_the_other(point: Point) -> None:
    both = SegmentIndex([*SIDE_BY_SIDE["south"], *SIDE_BY_SIDE["north"]])
    finest = h3.latlng_to_cell(point.lat, point.lng, LOOKUP_RESOLUTION)
    ancestors = {h3.cell_to_parent(finest, resolution) for resolution in range(12)}
    assert len(ancestors & set(both)) == 1
    city = "south" if SOUTH.holds(point) else "north"
    assert SegmentIndex(SIDE_BY_SIDE[city]).segment_of(*astuple(point)) == both.segment_of(*astuple(point))


def test_rings_cross_from_one_city_into_the_one_beside_it() -> None:
    both = SegmentIndex([*SIDE_BY_SIDE["south"], *SIDE_BY_SIDE["north"]])
    start = both.segment_of(60.152, 24.94)
    assert start
    assert {segment for ring in both.rings(start, 1000) for segment in ring} == set(both)


def test_a_city_alone_is_not_cut_any_further() -> None:
    assert one_cut({"helsinki": SEGMENTS, "nowhere": []}) == {"helsinki": SEGMENTS, "nowhere": []}


def test_all_of_a_roads_length_is_dealt_out_to_cells() -> None:
    line = [Point(60.160, 24.92), Point(60.170, 24.94), Point(60.180, 24.93)]
    length_m = sum(distance_m(a, b) for a, b in pairwise(line))
    assert abs(sum(road_by_cell([line]).values()) - length_m) < 0.01


def test_an_outline_is_closed_and_around_its_centre() -> None:
    ring = outline(SEGMENTS[0])
    lat, lng = centre(SEGMENTS[0])
    assert ring[0] == ring[-1]
    assert min(p[0] for p in ring) < lng < max(p[0] for p in ring)
    assert min(p[1] for p in ring) < lat < max(p[1] for p in ring)
