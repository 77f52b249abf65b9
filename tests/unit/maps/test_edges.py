"""Roads cut into edges, and points put on them."""

from __future__ import annotations

from hansom.cities.edges import edges_of
from hansom.values import Point


def line(*points: tuple[float, float]) -> list[Point]:
    return [Point(lat, lng) for lat, lng in points]


def test_a_road_is_cut_where_another_one_joins_it() -> None:
    through = line((60.0, 24.0), (60.001, 24.0), (60.002, 24.0))
    side = line((60.001, 24.0), (60.001, 24.001))
    assert edges_of([through, side]) == [
        [60000000, 24000000, 60001000, 24000000],
        [60001000, 24000000, 60002000, 24000000],
        [60001000, 24000000, 60001000, 24001000],
    ]


def test_a_bend_is_no_junction() -> None:
    assert len(edges_of([line((60.0, 24.0), (60.001, 24.0005), (60.002, 24.0))])) == 1


def test_a_loop_is_cut_where_it_meets_itself() -> None:
    loop = line((60.0, 24.0), (60.001, 24.0), (60.001, 24.001), (60.0, 24.0))
    assert len(edges_of([loop])) == 1
    tail = line((59.999, 24.0), (60.0, 24.0), (60.001, 24.0), (60.001, 24.001), (60.0, 24.0))
    assert [len(edge) // 2 for edge in edges_of([tail])] == [2, 4]
