"""Searching ring by ring of segments, and in them spot by spot."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansom.values import Point, plane_distance_m
from services.location.domain.positions import Position
from services.location.domain.search import Car, Listed, Place, Search, Spot, guessed_eta_s

HERE = Point(60.17, 24.94)
METRE = 1 / 111_195
SIDE_M = 60
"""Of the square spots that these tests divide a plane into; four by four of them are a segment."""


def a_listed(driver_id: str, metres_north: float = 0, at_ms: int = 1000, metres_east: float = 0) -> Listed:
    lat, lng = HERE.lat + metres_north * METRE, HERE.lng + metres_east * METRE * 2
    return Listed(driver_id, at_ms, lat, lng, Position(driver_id, lat, lng, at_ms, 1, None, None, None).packed())


class Plane:
    """Cars on a plane, in square spots and square segments, and what a search asked for."""

    def __init__(self, cars: Sequence[tuple[Listed, tuple[str, ...]]]) -> None:
        self.cars = cars
        self.opened = 0
        self.asked: list[tuple[str, ...]] = []

    @staticmethod
    def _square(lat: float, lng: float) -> tuple[int, int]:
        return round((lat - HERE.lat) / METRE // SIDE_M), round((lng - HERE.lng) / METRE / 2 // SIDE_M)

    def _spots(self, segment: tuple[int, int]) -> Iterator[tuple[Spot, list[Listed]]]:
        groups: dict[tuple[tuple[int, int], tuple[str, ...]], list[Listed]] = {}
        for car, categories in self.cars:
            square = self._square(car.lat, car.lng)
            if (square[0] // 4, square[1] // 4) == segment:
                groups.setdefault((square, categories), []).append(car)
        for ((row, column), categories), cars in groups.items():
            lat, lng = HERE.lat + (row + 0.5) * SIDE_M * METRE, HERE.lng + (column + 0.5) * SIDE_M * METRE * 2
            yield Spot(Place(f"{row},{column}", lat, lng, SIDE_M * 0.75), categories, len(cars)), cars

    def _rings(self, most: int) -> Iterator[tuple[Place, ...]]:
        for far in range(most + 1):
            ring = [(i, j) for i in range(-far, far + 1) for j in range(-far, far + 1) if max(abs(i), abs(j)) == far]
            yield tuple(
                Place(
                    f"{i},{j}",
                    HERE.lat + (i + 0.5) * 4 * SIDE_M * METRE,
                    HERE.lng + (j + 0.5) * 4 * SIDE_M * METRE * 2,
                    SIDE_M * 3,
                )
                for i, j in ring
            )

    def run(self, search: Search) -> list[Car]:
        search.begin(self._rings(search.max_rings))
        while segments := search.next_segments():
            self.asked.append(segments)
            held = [pair for name in segments for pair in self._spots(tuple(map(int, name.split(","))))]  # type: ignore[arg-type]
            by_spot = {(spot.place.name, spot.categories): cars for spot, cars in held}
            self._by_spot = {**getattr(self, "_by_spot", {}), **by_spot}
            search.chart(spot for spot, _ in held)
            while wanted := search.next_spots():
                self.opened += len(wanted)
                for spot in wanted:
                    search.offer(spot, self._by_spot[spot.place.name, spot.categories])
                search.settle()
        return search.nearest()


def standard(*cars: Listed) -> list[tuple[Listed, tuple[str, ...]]]:
    return [(car, ("standard",)) for car in cars]


def ids(cars: Sequence[Car]) -> list[str]:
    return [car.driver_id for car in cars]


def test_a_car_over_the_border_of_the_segment_is_found_when_it_is_nearer() -> None:
    # the point lies in the corner of its segment
    plane = Plane(standard(a_listed("far", 200), a_listed("near", -20)))
    assert ids(plane.run(Search(HERE, limit=1, since_ms=0))) == ["near"]


def test_a_search_with_enough_asks_for_no_more_rings_than_may_hold_a_nearer_car() -> None:
    plane = Plane(standard(*[a_listed(f"{i}", i * 5) for i in range(40)]))
    assert len(plane.run(Search(HERE, limit=5, since_ms=0))) == 5
    assert [len(segments) for segments in plane.asked] == [9], "its own segment and those around it"


def test_a_search_without_enough_strides_out_until_there_are_no_more_rings() -> None:
    plane = Plane([])
    assert plane.run(Search(HERE, limit=5, since_ms=0, max_rings=6)) == []
    assert [len(segments) for segments in plane.asked] == [1 + 8, 16 + 24 + 32 + 40, 48]


def test_the_work_depends_on_how_many_are_asked_for_and_not_on_how_many_there_are() -> None:
    chance = random.Random(7)
    crowd = [a_listed(f"{i}", chance.uniform(-900, 900), 1000, chance.uniform(-900, 900)) for i in range(6_000)]
    plane = Plane(standard(*crowd))
    assert len(plane.run(Search(HERE, limit=20, since_ms=0))) == 20
    assert plane.opened <= 16, "of 900 spots"


def test_a_search_that_never_began_finds_nothing() -> None:
    assert Search(HERE, 5, 0).next_segments() == ()


def test_stale_excluded_and_unfit_cars_are_passed_over() -> None:
    cars = [
        (a_listed("stale", 0, 499), ("van",)),
        (a_listed("x", 0, 1000), ("van",)),
        (a_listed("sedan", 0, 1000), ("standard",)),
        (a_listed("van", 0, 1000), ("van",)),
    ]
    assert ids(Plane(cars).run(Search(HERE, 5, 500, "van", frozenset(["x"])))) == ["van"]


def test_only_spots_with_cars_of_the_category_are_looked_at() -> None:
    plane = Plane([*standard(*[a_listed(f"{i}", i) for i in range(50)]), (a_listed("v", 300), ("van",))])
    assert ids(plane.run(Search(HERE, 3, 0, "van", max_rings=4))) == ["v"]
    assert plane.opened == 1


def test_a_comfort_car_is_found_for_a_standard_ride_and_shown_as_comfort() -> None:
    (car,) = Plane([(a_listed("c"), ("comfort", "standard"))]).run(Search(HERE, 5, 0, "standard"))
    assert car.category == "comfort"


metres = st.floats(-1500, 1500)
crowds = st.lists(st.tuples(metres, metres, st.sampled_from([400, 1000]), st.sampled_from(["standard", "van"])))


@settings(max_examples=60, deadline=None)
@given(crowds, st.integers(1, 8))
def test_it_finds_the_nearest_that_there_are_wherever_they_stand(
    crowd: list[tuple[float, float, int, str]], limit: int
) -> None:
    cars = [
        (a_listed(f"{i}", north, at_ms, east), (category,)) for i, (north, east, at_ms, category) in enumerate(crowd)
    ]
    fitting = [car for car, categories in cars if car.at_ms >= 500 and categories == ("van",)]
    expected = sorted(plane_distance_m(HERE.lat, HERE.lng, car.lat, car.lng) for car in fitting)[:limit]
    found = Plane(cars).run(Search(HERE, limit, 500, "van", max_rings=10))
    distances = [plane_distance_m(HERE.lat, HERE.lng, car.position.lat, car.position.lng) for car in found]
    # a packed position is rounded to 0.1 m
    assert distances == pytest.approx(expected, abs=0.2)


def test_a_guess_grows_with_the_distance_and_with_slow_roads() -> None:
    def a_car(metres_north: float) -> Car:
        return Car(Position("d", HERE.lat + metres_north * METRE, HERE.lng, 0, 0, None, None, None), ("standard",))

    assert guessed_eta_s(HERE, a_car(100), 5) == 20
    assert guessed_eta_s(HERE, a_car(1000), 5) == 200
    assert guessed_eta_s(HERE, a_car(1000), 4) == 250
