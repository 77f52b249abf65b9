"""What it is worth to a driver to be somewhere."""

from __future__ import annotations

import h3
import pytest

from hansom.values import Point
from services.analytics.domain.worths import Worths, nearness, worths
from services.analytics.domain.zones import MOST_ZONES, finest_zones
from services.analytics.outlooks import centre_of, parent_of

MPS = 5.0
MIDDLE = h3.latlng_to_cell(60.17, 24.94, 9)
TOWN = sorted(h3.grid_disk(MIDDLE, 8))
"""Segments within 3 km or so."""
EDGE = max(TOWN, key=lambda cell: h3.grid_distance(MIDDLE, cell))


def seen(requests: dict[str, float], free: dict[str, float], evidence: float = 1e6) -> Worths:
    return worths(nearness(finest_zones(TOWN, parent_of, centre_of), MPS), requests, free, evidence)


def everywhere(count: float) -> dict[str, float]:
    return dict.fromkeys(TOWN, count)


def test_where_riders_are_and_cars_are_not_a_driver_gets_his_next_trip_sooner() -> None:
    found = seen({MIDDLE: 60.0}, everywhere(0.2))
    assert found.items[MIDDLE] > 0 > found.items[EDGE]
    assert found.mean_wait_s is not None and found.mean_wait_s > 0


def test_nobody_waits_longer_than_it_takes_to_drive_where_it_is_better() -> None:
    found = seen({MIDDLE: 60.0}, everywhere(0.2))
    middle, edge = centre_of(MIDDLE), centre_of(EDGE)
    away_m = h3.great_circle_distance((middle.lat, middle.lng), (edge.lat, edge.lng), "m")
    assert found.items[MIDDLE] - found.items[EDGE] <= away_m / MPS + 0.2


def test_where_everything_is_as_everywhere_no_place_is_better() -> None:
    """But for the edge of the city, around which there is nothing."""
    found = seen(everywhere(2.0), everywhere(0.5))
    assert abs(found.items.get(MIDDLE, 0.0)) < 0.1 * (found.mean_wait_s or 0.0)


def test_what_rests_on_little_is_hardly_believed_and_on_nothing_not_at_all() -> None:
    sure, unsure = (seen({MIDDLE: 6.0}, everywhere(0.2), evidence) for evidence in (1e6, 6.0))
    assert unsure.trust < 0.1
    assert sure.trust > 0.9
    assert 0 < unsure.items.get(MIDDLE, 0.01) < 0.15 * sure.items[MIDDLE]
    assert seen({}, everywhere(1.0)) == seen({MIDDLE: 5.0}, {}) == Worths()


def test_worths_are_differences_to_a_mean() -> None:
    requests = {cell: 1.0 + h3.grid_distance(MIDDLE, cell) for cell in TOWN}
    found = seen(requests, everywhere(0.3))
    asked, cars = sum(requests.values()), 0.3 * len(TOWN)
    weights = {cell: requests[cell] / asked + 0.3 / cars for cell in TOWN}
    assert sum(weights[cell] * found.items.get(cell, 0.0) for cell in TOWN) == pytest.approx(0.0, abs=1.5)


def test_zones_are_few_enough_and_hold_every_segment_once() -> None:
    metropolis = h3.grid_disk(h3.latlng_to_cell(60.17, 24.94, 10), 30)
    zones = finest_zones(metropolis, parent_of, centre_of)
    assert 1 < len(zones) <= MOST_ZONES
    assert sorted(segment for zone in zones for segment in zone.segments) == sorted(metropolis)
    assert finest_zones([], parent_of, centre_of) == []


def test_a_segment_larger_than_its_zone_is_a_zone_of_its_own() -> None:
    wide = h3.latlng_to_cell(60.17, 24.94, 7)
    assert parent_of(wide, 9) == wide
    assert isinstance(centre_of(wide), Point)
