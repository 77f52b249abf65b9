"""Replicas of location share the drivers; nobody's positions get out of order or lost when one comes or dies."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from nameko.containers import ServiceContainer
from redis import Redis

from hansom.ids import new_id
from services.location.storage.mongo import Traces
from tests.support.location_world import CENTRE, WORLD, LocationUnderTest, Speaker, World, a_row, a_trip, now_ms
from tests.support.waiting import eventually

ROUNDS = 32


def test_rides_are_traced_whole_and_in_order_while_a_replica_comes_and_dies(
    speaker: Speaker, own: dict[str, Any], traces: Traces, redis: Redis, world: World
) -> None:
    trips = {driver_id: a_trip(driver_id, "in_progress") for driver_id in (new_id() for _ in range(8))}
    speaker.go_online(*trips)
    for trip in trips.values():
        speaker.trip("trip_started", trip)
    began_ms, second = now_ms(), ServiceContainer(LocationUnderTest, own)
    for seq in range(ROUNDS):
        if seq == ROUNDS // 4:
            second.start()
        if seq == 3 * ROUNDS // 4:
            second.kill()
        speaker.report(*(a_row(driver_id, CENTRE, at_ms=began_ms + seq * 20, seq=seq) for driver_id in trips))
    wanted = {(driver_id, seq) for driver_id in trips for seq in range(ROUNDS)}
    eventually(lambda: set(WORLD.taken) == wanted, within_s=15)
    eventually(lambda: _traced(traces, trips) == {driver_id: list(range(ROUNDS)) for driver_id in trips}, within_s=15)
    taken: dict[str, dict[int, None]] = defaultdict(dict)
    for driver_id, seq in WORLD.taken:
        taken[driver_id].setdefault(seq)
    assert all(list(seqs) == list(range(ROUNDS)) for seqs in taken.values())
    assert {redis.hget(f"location:driver:{driver_id}", "seq") for driver_id in trips} == {str(ROUNDS - 1)}


def _traced(traces: Traces, trips: dict[str, dict[str, Any]]) -> dict[str, list[int]]:
    points = {driver_id: traces.points(trip["id"], driver_id, 1000) for driver_id, trip in trips.items()}
    return {driver_id: [position.seq for position in found] for driver_id, found in points.items()}
