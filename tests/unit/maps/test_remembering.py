"""What is remembered of road times: by which key, for how long, and in how much room."""

from __future__ import annotations

from typing import Any

import eventlet
import numpy as np
import pytest

from hansom.cities.edges import edges_of
from hansom.contracts.maps import RoadsUnavailable
from hansom.values import Point
from services.maps.storage.edges import EdgeIndex
from services.maps.storage.osrm import RoadRoute, RoadTable
from services.maps.storage.remembered import Memory, RememberedTimes
from services.maps.storage.routes import RecentRoutes
from services.maps.storage.times import UNREACHABLE, RoadTimesMemory, pair_keys

NORTH, SOUTH = 60.171, 60.169
"""Two parallel streets 222 m apart; a third one crosses both at 24.940."""

EDGES = EdgeIndex(
    edges_of(
        [
            [Point(NORTH, 24.930), Point(NORTH, 24.940), Point(NORTH, 24.950)],
            [Point(SOUTH, 24.930), Point(SOUTH, 24.940), Point(SOUTH, 24.950)],
            [Point(SOUTH, 24.940), Point(NORTH, 24.940)],
        ]
    )
)


class Server:
    """Stands for OSRM: every point is snapped to the nearest of EDGES; a time is a function of the places."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []
        self.down = False
        self.slow_s = 0.0

    def table(self, sources: Any, destinations: Any, snapped: bool = False) -> RoadTable:
        self.asked.append((len(sources), len(destinations)))
        eventlet.sleep(self.slow_s)
        if self.down:
            raise RoadsUnavailable()
        on = EDGES.locate(*np.array([*sources, *destinations], dtype=np.float64).T)
        places = list(zip(on.lats.tolist(), on.lngs.tolist(), on.away_m.tolist(), strict=True))
        rows = [[round(abs(s[0] - d[0]) * 1e5 + abs(s[1] - d[1]) * 1e5, 1) for d in destinations] for s in sources]
        return RoadTable(rows, places if snapped else [])


class World:
    def __init__(self) -> None:
        self.server, self.now = Server(), 1000.0
        times = RoadTimesMemory(10_000, clock=lambda: self.now)
        self.times = RememberedTimes(self.server, EDGES, Memory(times, 300.0, 3600.0), 0, 250)  # type: ignore[arg-type]

    def one(self, source: tuple[float, float], destination: tuple[float, float]) -> float:
        return float(self.times.table([source], [destination]).seconds[0, 0])


@pytest.fixture
def world() -> World:
    return World()


A, NEAR_A, FURTHER = (NORTH, 24.93206), (NORTH + 0.00005, 24.93209), (NORTH, 24.9345)
B = (SOUTH, 24.9455)


def test_points_of_one_stretch_share_a_time(world: World) -> None:
    assert world.one(A, B) == world.one(NEAR_A, B) == world.one(A, B)
    assert world.server.asked == [(1, 1)]


def test_points_of_another_stretch_the_way_back_and_the_parallel_street_do_not(world: World) -> None:
    world.one(A, B)
    for source, destination in ((FURTHER, B), (B, A), ((SOUTH, A[1]), B)):
        world.one(source, destination)
    assert len(world.server.asked) == 4


def test_two_sides_of_a_junction_are_two_stretches() -> None:
    on = EDGES.locate(np.array([NORTH, NORTH, NORTH - 0.0001]), np.array([24.93995, 24.94005, 24.940]))
    assert len(set(on.stretches.tolist())) == 3


def test_a_point_off_the_roads_shares_its_time_with_the_same_spot_only(world: World) -> None:
    yard = (NORTH + 0.001, 24.935)
    assert world.one(yard, B) == world.one(yard, B)
    world.one((yard[0] + 0.0001, yard[1]), B)
    assert len(world.server.asked) == 2


def test_both_ends_on_one_stretch_are_never_taken_for_others_there(world: World) -> None:
    ahead = (A[0], A[1] + 0.0001)
    forth, back = world.one(A, ahead), world.one(ahead, A)
    assert len(world.server.asked) == 2
    assert (world.one(A, ahead), world.one(ahead, A)) == (forth, back)
    assert len(world.server.asked) == 2


def test_a_road_that_the_server_does_not_use_is_not_trusted(world: World) -> None:
    elsewhere = RoadTable([[60.0]], [(NORTH + 0.002, 24.93, 200.0), (*B, 0.0)])
    world.server.table = lambda *_, **__: elsewhere  # type: ignore[method-assign]
    world.one(A, B)
    world.server = world.times._osrm = Server()  # type: ignore[assignment]
    world.one(NEAR_A, B)
    assert len(world.server.asked) == 1


def test_only_rows_and_columns_with_holes_are_asked_for(world: World) -> None:
    sources = [(NORTH, 24.931 + 0.001 * i) for i in range(6)]
    world.times.table(sources, [B])
    world.times.table([*sources, (NORTH, 24.9455)], [B])
    assert world.server.asked == [(6, 1), (1, 1)]
    both = world.times.table(sources, [B, (SOUTH, 24.932)]).seconds
    assert world.server.asked[-1] == (6, 1)
    assert both.shape == (6, 2)


def test_a_time_is_asked_for_again_when_it_is_old(world: World) -> None:
    world.one(A, B)
    world.now += 299
    world.one(A, B)
    assert len(world.server.asked) == 1
    world.now += 3
    world.one(A, B)
    assert len(world.server.asked) == 2


def test_while_the_server_is_down_older_times_are_better_than_none(world: World) -> None:
    known = world.one(A, B)
    world.server.down = True
    assert not world.times.table([A], [B]).guessed
    world.now += 1000
    table = world.times.table([A, FURTHER], [B])
    assert table.guessed
    assert table.seconds[0, 0] == known
    assert np.isnan(table.seconds[1, 0])
    pairs = world.times.pairs([(A, B), (FURTHER, B)])
    assert pairs.guessed
    assert pairs.seconds[0] == known and np.isnan(pairs.seconds[1])
    world.now += 3600
    assert np.isnan(world.times.table([A], [B]).seconds[0, 0])


def test_the_same_asked_by_many_at_once_is_asked_once(world: World) -> None:
    world.server.slow_s = 0.01
    calls = [eventlet.spawn(world.one, A, B) for _ in range(20)]
    assert len({call.wait() for call in calls}) == 1
    assert world.server.asked == [(1, 1)]
    world.server.down = True
    failed = [eventlet.spawn(world.times.table, [FURTHER], [B]) for _ in range(5)]
    assert all(call.wait().guessed for call in failed)
    assert len(world.server.asked) == 2


def test_pairs_and_tables_know_of_each_other(world: World) -> None:
    world.one(A, B)
    assert world.times.pairs([(NEAR_A, B)]).seconds[0] == world.one(A, B)
    assert world.server.asked == [(1, 1)]


def test_the_memory_has_a_fixed_size_and_forgets_the_oldest() -> None:
    now = [0.0]
    memory = RoadTimesMemory(1024, clock=lambda: now[0])
    size = memory.nbytes
    assert size == 1024 * 16
    for batch in range(10):
        now[0] += 1
        keys = pair_keys(np.arange(1000, dtype=np.uint64) + np.uint64(batch * 1000), np.uint64([7]))
        memory.keep(keys, np.full(1000, batch, dtype=np.float32))
    assert memory.nbytes == size
    latest = memory.look_up(keys, 100)
    assert np.isfinite(latest).mean() > 0.7


def test_of_a_table_that_fills_a_quarter_of_the_memory_hardly_a_time_is_lost() -> None:
    memory = RoadTimesMemory(2**16)
    ends = np.arange(1, 129, dtype=np.uint64)
    keys = pair_keys(ends[:, None], ends).ravel()
    memory.keep(keys, np.ones(len(keys), dtype=np.float32))
    assert np.isnan(memory.look_up(keys, 100)).sum() < 20


def test_what_is_kept_last_is_found() -> None:
    now = [0.0]
    memory = RoadTimesMemory(1024, clock=lambda: now[0])
    for batch in range(10):
        now[0] += 1
        keys = pair_keys(np.arange(500, dtype=np.uint64) + np.uint64(batch * 1000), np.uint64([7]))
        memory.keep(keys, np.full(500, batch, dtype=np.float32))
    latest = memory.look_up(keys, 100)
    assert set(latest[np.isfinite(latest)].tolist()) == {9.0}


def test_no_road_is_remembered_as_such() -> None:
    memory = RoadTimesMemory(16)
    keys = pair_keys(np.uint64([5]), np.uint64([6]))
    memory.keep(keys, np.float32([UNREACHABLE]))
    assert memory.look_up(keys, 10)[0] == UNREACHABLE


def test_keys_of_pairs_are_all_different() -> None:
    ends = np.arange(1, 400, dtype=np.uint64) | np.uint64(1 << 62)
    assert len(np.unique(pair_keys(ends[:, None], ends))) == 399**2


def test_recent_routes_are_bounded_by_the_points_of_their_lines() -> None:
    now = [0.0]
    routes = RecentRoutes(points=100, fresh_s=10, stale_s=100, clock=lambda: now[0])
    here, there = Point(60.17, 24.93), Point(60.18, 24.94)
    route = RoadRoute(900.0, 90.0, (here,) * 40, (0.0, 0.0))
    for key in range(3):
        routes.keep(key, here, there, route)
    assert len(routes) == 2
    assert routes.stale(0) is None
    assert routes.fresh(2, here, there) is route
    assert routes.fresh(2, there, here) is None
    now[0] = 11
    assert routes.fresh(2, here, there) is None
    assert routes.stale(2) is route
    now[0] = 101
    assert routes.stale(2) is None
