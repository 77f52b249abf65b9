"""Traces put on the roads by the real road server."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest

from hansom.contracts.maps import RoadsUnavailable
from hansom.values import Point, distance_m
from services.maps import usecases
from services.maps.domain.readings import TracePoint
from services.maps.storage.atlas import Atlas
from tests.integration.maps.conftest import NOW, drive, no_roads

PICKUP, DROPOFF = Point(60.1660, 24.9370), Point(60.1770, 24.9520)


@pytest.mark.parametrize("noise_m", [0, 4, 10, 20])
def test_a_driven_trace_is_as_long_as_the_roads_it_was_driven_on(atlas: Atlas, noise_m: float) -> None:
    route = usecases.find_route(atlas, PICKUP, DROPOFF, {}, NOW)
    trace = usecases.match_trace(atlas, drive(route.line, noise_m=noise_m))
    assert trace.distance_m == pytest.approx(route.distance_m, rel=0.06)
    assert trace.method == "matched"
    assert trace.credible


def test_a_long_trace_is_matched_in_pieces_without_losing_or_doubling_any(atlas: Atlas) -> None:
    draw, line = random.Random(2), []
    area = next(iter(atlas.cities.values())).service_area
    stops = [Point(draw.uniform(area.south, area.north), draw.uniform(area.west, area.east)) for _ in range(12)]
    for a, b in pairwise(stops):
        line.extend(usecases.find_route(atlas, a, b, {}, NOW).line)
    driven_m = sum(distance_m(a, b) for a, b in pairwise(line))
    trace = usecases.match_trace(atlas, drive(tuple(line), noise_m=3))
    assert trace.distance_m == pytest.approx(driven_m, rel=0.05)
    assert trace.credible
    # no jump: each point of the line follows the last one
    assert max(distance_m(a, b) for a, b in pairwise(trace.line)) < 400


def test_five_thousand_readings_in_any_order_and_doubled_are_one_drive(atlas: Atlas) -> None:
    draw, line = random.Random(5), []
    area = next(iter(atlas.cities.values())).service_area
    while sum(distance_m(a, b) for a, b in pairwise(line)) < 36_000:
        end = Point(draw.uniform(area.south, area.north), draw.uniform(area.west, area.east))
        line.extend(atlas.roads(atlas.city_at(end)).route([line[-1] if line else PICKUP, end]).line)
    points = drive(tuple(line), noise_m=5, speed_mps=7)[:5000]
    assert len(points) == 5000
    mixed = points + draw.choices(points, k=500)
    draw.shuffle(mixed)
    trace = usecases.match_trace(atlas, mixed)
    assert trace.distance_m == pytest.approx(5000 * 7, rel=0.03)
    assert (trace.method, trace.credible) == ("matched", True)
    assert max(distance_m(a, b) for a, b in pairwise(trace.line)) < 400, "the pieces join"
    assert usecases.match_trace(atlas, points) == trace


def test_a_hole_in_the_trace_is_filled_along_the_roads(atlas: Atlas) -> None:
    route = usecases.find_route(atlas, PICKUP, DROPOFF, {}, NOW)
    points = drive(route.line)
    third = len(points) // 3
    trace = usecases.match_trace(atlas, points[:third] + points[2 * third :])
    assert trace.distance_m == pytest.approx(route.distance_m, rel=0.3)
    assert trace.credible


def test_a_trace_far_from_any_road_is_hopped_and_not_sure(atlas: Atlas) -> None:
    # over the bay, where no car drives
    line = tuple(Point(60.30 + i * 0.0005, 24.80) for i in range(20))
    trace = usecases.match_trace(atlas, drive(line))
    assert trace.method in ("hops", "routed")
    assert trace.distance_m == pytest.approx(distance_m(line[0], line[-1]), rel=0.1)
    assert not trace.credible


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_points_are_no_trace(atlas: Atlas, count: int) -> None:
    trace = usecases.match_trace(atlas, drive((PICKUP, DROPOFF))[:count])
    assert (trace.method, trace.distance_m, trace.credible) == ("none", 0, False)


def test_two_points_are_routed_and_not_credible(atlas: Atlas) -> None:
    points = [TracePoint(PICKUP, 0), TracePoint(DROPOFF, 300)]
    trace = usecases.match_trace(atlas, points)
    assert trace.method == "routed"
    assert not trace.credible


def test_a_car_that_stood_still_has_driven_nothing(atlas: Atlas) -> None:
    trace = usecases.match_trace(atlas, [TracePoint(PICKUP, i, 5) for i in range(30)])
    assert (trace.distance_m, trace.credible) == (0, True)


def test_without_a_road_server_no_distance_is_guessed(config: dict[str, Any]) -> None:
    away = no_roads(config)
    with pytest.raises(RoadsUnavailable):
        usecases.match_trace(away, [TracePoint(PICKUP, 0), TracePoint(DROPOFF, 300)])
    away.close()
