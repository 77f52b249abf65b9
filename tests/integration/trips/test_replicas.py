"""More than one process of the service."""

from __future__ import annotations

from collections.abc import Callable

import eventlet
from nameko.containers import ServiceContainer

from tests.support.trips_calls import Call, in_progress
from tests.support.trips_world import World
from tests.support.waiting import eventually


def test_two_replicas_share_the_work_and_tell_everything_once(
    call: Call, world: World, replicas: Callable[[], ServiceContainer]
) -> None:
    replicas()
    rides = [each.wait() for each in [eventlet.spawn(in_progress, call, world) for _ in range(12)]]
    for trip in rides:
        call("complete", trip_id=trip["id"], driver_id=trip["driver_id"])
    for trip in rides:
        eventually(lambda trip=trip: "trip_settled" in world.told(trip["id"]), within_s=15)
        assert len(world.told(trip["id"])) == len(set(world.told(trip["id"]))) == 7
    assert len({each["trip_id"] for each in world.asked["finish_trace"]}) == 12
    assert all(check["breaches"] == [] for check in call("audit")["checks"])
