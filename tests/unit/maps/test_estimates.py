"""Road times for when the road server does not answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansom.values import Point, distance_m
from services.maps.domain.estimates import Rates, straight_m

places = st.tuples(st.floats(60.0, 60.4), st.floats(24.5, 25.3))


@given(places, places)
def test_the_plane_is_as_good_as_the_sphere_within_a_city(a: tuple[float, float], b: tuple[float, float]) -> None:
    sphere_m = distance_m(Point(*a), Point(*b))
    assert straight_m(a, b) == pytest.approx(sphere_m, rel=0.002, abs=0.1)


def test_a_kilometre_takes_about_three_minutes() -> None:
    assert 180 < Rates().duration_s((60.17, 24.94), (60.179, 24.94)) < 220


def test_a_citys_own_detour_and_speed_count() -> None:
    a, b = (60.17, 24.94), (60.179, 24.94)
    assert Rates(2.0, 10.0).distance_m(a, b) == pytest.approx(2 * straight_m(a, b))
    assert Rates(2.0, 10.0).duration_s(a, b) == pytest.approx(2 * straight_m(a, b) / 10)
