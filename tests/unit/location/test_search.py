"""Searching ring by ring."""

from __future__ import annotations

from collections.abc import Iterator

from hansom.values import Point
from services.location.domain.positions import Position
from services.location.domain.search import Car, Search, guessed_eta_s

HERE = Point(60.17, 24.94)


def a_car(driver_id: str, metres_north: float = 0, at_ms: int = 1000, *categories: str) -> Car:
    position = Position(driver_id, 60.17 + metres_north / 111_195, 24.94, at_ms, 1, None, None, None)
    return Car(position, categories or ("standard",))


def rings() -> Iterator[tuple[str, ...]]:
    yield ("a",)
    yield ("b", "c")
    yield ("d",)
    yield ("e",)


def test_a_search_with_enough_goes_one_ring_further_since_a_car_over_the_border_may_be_nearer() -> None:
    search = Search(HERE, limit=1, since_ms=0)
    search.begin(rings())
    assert search.next_segments() == ("a",)
    search.offer([a_car("far", 300)])
    assert search.next_segments() == ("b", "c"), "one ring, though the stride is two"
    search.offer([a_car("near", 100)])
    assert search.next_segments() == ()
    assert [car.driver_id for car in search.nearest()] == ["near"]


def test_a_search_without_enough_strides_out_until_there_are_no_more_rings() -> None:
    search = Search(HERE, limit=5, since_ms=0)
    search.begin(rings())
    assert [search.next_segments() for _ in range(4)] == [("a",), ("b", "c", "d"), ("e",), ()]


def test_a_search_that_never_began_finds_nothing() -> None:
    assert Search(HERE, 5, 0).next_segments() == ()


def test_stale_excluded_and_unfit_cars_are_passed_over() -> None:
    search = Search(HERE, 5, since_ms=500, category="van", exclude=frozenset(["x"]))
    search.offer(
        [
            a_car("stale", 0, 499, "van"),
            a_car("x", 0, 1000, "van"),
            a_car("sedan", 0, 1000, "standard"),
            a_car("van", 0, 1000, "van"),
        ]
    )
    assert [car.driver_id for car in search.found] == ["van"]


def test_a_comfort_car_is_found_for_a_standard_ride_and_shown_as_comfort() -> None:
    search = Search(HERE, 5, 0, category="standard")
    search.offer([a_car("c", 0, 1000, "comfort", "standard")])
    assert search.found[0].category == "comfort"


def test_a_guess_grows_with_the_distance() -> None:
    assert guessed_eta_s(HERE, a_car("near", 100)) == 20
    assert guessed_eta_s(HERE, a_car("far", 1000)) == 200
