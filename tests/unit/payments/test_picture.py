"""The picture of a ride's way: to scale, in its frame, no larger than needed, and safe to stand in a page."""

from __future__ import annotations

import re
from itertools import pairwise
from math import cos, dist, radians
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansom.values import METRES_A_DEGREE
from services.payments.documents.picture import (
    DEVIATION,
    HEIGHT,
    POINTS_MAX,
    SCALE_LONGEST,
    WIDTH,
    Backdrop,
    Frame,
    _away,
    draw,
    simplified,
)

LATS, LNGS = st.floats(-80, 80), st.floats(-179, 179)
WAYS = st.tuples(LATS, LNGS).flatmap(
    lambda at: st.lists(
        st.tuples(st.floats(at[0] - 0.5, at[0] + 0.5), st.floats(at[1] - 0.5, at[1] + 0.5)), min_size=2, max_size=40
    )
)
HELSINKI = [(60.1668, 24.9375), (60.1712, 24.944), (60.1755, 24.952)]


@given(WAYS)
def test_the_whole_way_is_in_the_picture(way: list[tuple[float, float]]) -> None:
    frame = Frame(way)
    for x, y in map(frame.place, way):
        assert 0 <= x <= WIDTH and 0 <= y <= HEIGHT
    assert frame.box.south < min(lat for lat, _ in way) and frame.box.north > max(lat for lat, _ in way)
    ElementTree.fromstring(draw(way, "A way", "1 km"))


@given(WAYS)
def test_the_scale_bar_is_a_round_length_to_scale(way: list[tuple[float, float]]) -> None:
    frame = Frame(way)
    assert str(frame.scale_m)[0] in "125" and set(str(frame.scale_m)[1:]) <= {"0"}
    assert frame.scale_m * frame.units_a_metre <= SCALE_LONGEST


def test_north_is_up_and_a_metre_is_as_long_in_each_direction() -> None:
    frame = Frame(HELSINKI)
    x, y = frame.place((60.17, 24.944))
    east_m = METRES_A_DEGREE * cos(radians(60.17))
    north, east = frame.place((60.17 + 100 / METRES_A_DEGREE, 24.944)), frame.place((60.17, 24.944 + 100 / east_m))
    assert north[1] < y and north[0] == pytest.approx(x)
    assert east[0] > x and east[1] == pytest.approx(y)
    assert y - north[1] == pytest.approx(100 * frame.units_a_metre)
    assert east[0] - x == pytest.approx(100 * frame.units_a_metre, 0.01)


def test_a_way_over_the_180th_meridian_goes_the_short_way() -> None:
    frame = Frame([(-17.0, 179.99), (-17.0, -179.99)])
    (x1, _), (x2, _) = frame.place((-17.0, 179.99)), frame.place((-17.0, -179.99))
    assert 0 < x1 < x2 < WIDTH


@pytest.mark.parametrize("way", [[], [(60.17, 24.94)]])
def test_no_way_is_no_picture(way: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError):
        draw(way, "A way", "100 m")


def test_where_a_ride_ends_where_it_began_one_mark_says_both() -> None:
    assert re.findall(r">([AB]+)</text>", draw(HELSINKI, "", "")) == ["A", "B"]
    assert re.findall(r">([AB]+)</text>", draw([*HELSINKI, HELSINKI[0]], "", "")) == ["AB"]


def test_a_car_that_did_not_move_is_drawn_in_the_middle() -> None:
    assert Frame([(60.17, 24.94)] * 2).place((60.17, 24.94)) == (WIDTH / 2, HEIGHT / 2)


@given(st.lists(st.tuples(st.floats(0, WIDTH), st.floats(0, HEIGHT)), min_size=2, max_size=60))
def test_a_simpler_line_goes_where_the_line_goes(line: list[tuple[float, float]]) -> None:
    simple = simplified(line)
    assert (simple[0], simple[-1]) == (line[0], line[-1])
    for point in line:
        pieces = pairwise(simple)
        assert min(_away(point, a, b) for a, b in pieces) <= DEVIATION + 0.5 + 1e-6


def test_however_long_the_trace_the_drawing_stays_small() -> None:
    zigzag = [(60.16 + (n % 2) * 0.01, 24.93 + n / 1_000_000) for n in range(20_000)]
    frame = Frame(zigzag)
    assert len(simplified([frame.place(point) for point in zigzag])) <= POINTS_MAX
    assert len(draw(zigzag, "A way", "1 km")) < 30 * POINTS_MAX


def test_what_is_out_of_sight_is_not_drawn_and_areas_that_lap_over_stay_filled() -> None:
    lake = [[(60.17, 24.94), (60.172, 24.94), (60.172, 24.943)]]
    far, near = [(10.0, 10.0), (10.1, 10.1)], [(60.17, 24.93), (60.17, 24.96)]
    svg = draw(HELSINKI, "A way", "100 m", Backdrop([("main", far), ("main", near), ("unknown", near)], [lake, lake]))
    assert svg.count('fill-rule="evenodd"') == 2
    roads = re.findall(r'<path d="([^"]+)" fill="none" stroke="#ffffff"', svg)
    assert len(roads) == 1 and roads[0].count("M") == 1
    assert dist(Frame(HELSINKI).place(near[0]), Frame(HELSINKI).place(near[1])) > 0


def test_a_picture_brings_no_style_no_script_and_no_markup_of_others() -> None:
    svg = draw(HELSINKI, "<script>", '"1 & 2"')
    assert "<script" not in svg and "style=" not in svg and "href" not in svg
    assert "&lt;script&gt;" in svg and "1 &amp; 2" in svg
