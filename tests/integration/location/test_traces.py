"""Traces of rides: every position once, in order, whenever it comes; and finishing them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis

from hansom.contracts.location import TraceUnfinished
from hansom.ids import new_id
from hansom.values import Point
from services.location.storage.live import Known, LiveCars
from services.location.storage.mongo import Traces
from tests.support.location_world import Speaker, World, a_row, a_trip, at, now_ms
from tests.support.waiting import eventually

Call = Callable[[str, dict[str, Any]], dict[str, Any]]

RIDER = {"user_id": "r", "role": "rider"}

MANNERHEIMINTIE = [Point(60.16680 + i * 0.0001, 24.94330 - i * 0.0001495) for i in range(40)]
"""Along a main street in the direction that cars may take, 13.8 m apart."""


def _drive(driver: str, began_ms: int, line: list[Point] = MANNERHEIMINTIE) -> list[list[Any]]:
    return [a_row(driver, point, at_ms=began_ms + i * 1000, seq=i) for i, point in enumerate(line)]


def _ready(speaker: Speaker, redis: Redis, **changes: Any) -> dict[str, Any]:
    """A trip that the service has heard of."""
    driver = new_id()
    trip = a_trip(driver, "in_progress", **changes)
    speaker.go_online(driver)
    speaker.trip("trip_assigned", trip)
    eventually(lambda: redis.hget(f"location:driver:{driver}", "trip") == trip["id"])
    return trip


def test_each_position_of_a_ride_is_kept_once_in_order_however_often_it_comes(
    speaker: Speaker, redis: Redis, traces: Traces
) -> None:
    began = now_ms() - 60_000
    trip = _ready(speaker, redis, assigned_at=at(began))
    rows = _drive(trip["driver_id"], began)
    speaker.report(*rows[20:])
    speaker.report(*rows[:30])
    speaker.report(*rows)
    eventually(lambda: len(traces.points(trip["id"], None, 1000)) == 40)
    assert [p.seq for p in traces.points(trip["id"], trip["driver_id"], 1000)] == list(range(40))


def test_positions_that_come_after_the_ride_still_belong_to_it(speaker: Speaker, redis: Redis, traces: Traces) -> None:
    began = now_ms() - 60_000
    trip = _ready(speaker, redis, assigned_at=at(began))
    rows = _drive(trip["driver_id"], began)
    speaker.trip("trip_completed", {**trip, "state": "completed", "completed_at": at(began + 30_000)})
    eventually(lambda: redis.hget(f"location:driver:{trip['driver_id']}", "trip") == "")
    speaker.report(*rows)
    eventually(lambda: len(traces.points(trip["id"], None, 1000)) >= 31)
    # 30 s of ride and some seconds more, which show that the ride's own are all here
    assert max(p.seq for p in traces.points(trip["id"], None, 1000)) <= 35


def test_positions_that_come_before_the_news_of_the_trip_belong_to_it(
    speaker: Speaker, redis: Redis, cars: LiveCars, traces: Traces
) -> None:
    driver, began = new_id(), now_ms() - 20_000
    cars.learn([Known(driver, "/", True, ("standard",), None, None)], began - 60_000)
    speaker.report(*_drive(driver, began, MANNERHEIMINTIE[:20]))
    eventually(lambda: redis.hget(f"location:driver:{driver}", "seq") == "19")
    trip = a_trip(driver, assigned_at=at(began + 5_000))
    speaker.trip("trip_assigned", trip)
    eventually(lambda: [p.seq for p in traces.points(trip["id"], None, 100)] == list(range(5, 20)))


def test_old_news_of_a_trip_changes_nothing(speaker: Speaker, redis: Redis) -> None:
    trip = _ready(speaker, redis)
    driver = trip["driver_id"]
    speaker.trip("trip_completed", {**trip, "state": "completed", "completed_at": at(now_ms())})
    eventually(lambda: redis.hget(f"location:driver:{driver}", "trip") == "")
    following = a_trip(driver, assigned_at=at(now_ms() + 1000))
    speaker.trip("trip_assigned", following)
    eventually(lambda: redis.hget(f"location:driver:{driver}", "trip") == following["id"])
    speaker.trip("trip_assigned", trip)
    speaker.trip("trip_completed", {**trip, "state": "completed", "completed_at": at(now_ms())})
    # of the same key as the stale ones, so heard after them
    speaker.tell(("drivers", "driver_availability_changed", trip["id"], {"driver_id": "mark", "online": True}))
    eventually(lambda: redis.exists("location:driver:mark"))
    assert redis.hget(f"location:driver:{driver}", "trip") == following["id"]


def test_a_finished_trace_lies_on_the_roads_and_finishing_again_gives_the_same(
    speaker: Speaker, redis: Redis, traces: Traces, call: Call
) -> None:
    began = now_ms() - 60_000
    trip = _ready(speaker, redis, assigned_at=at(began))
    speaker.report(*_drive(trip["driver_id"], began))
    eventually(lambda: len(traces.points(trip["id"], None, 1000)) == 40)
    asked = {
        "trip_id": trip["id"],
        "driver_id": trip["driver_id"],
        "from": at(began),
        "until": at(began + 39_000),
    }
    finished = call("finish_trace", asked)
    assert finished["method"] == "matched"
    assert finished["credible"] and finished["complete"] and finished["gaps"] == []
    assert finished["points"] == 40
    assert finished["distance_m"] == pytest.approx(39 * 13.8, rel=0.1)
    assert call("finish_trace", asked) == finished
    shown = call("get_trace", {"trip_id": trip["id"], "actor": RIDER})
    assert shown["distance_m"] == finished["distance_m"]
    assert shown["matched_route"] == finished["line"]
    assert [point["at"] for point in shown["points"]] == [at(began + i * 1000) for i in range(40)]


def test_finishing_waits_for_the_last_positions_and_takes_late_ones_in(
    speaker: Speaker, redis: Redis, traces: Traces, call: Call
) -> None:
    began = now_ms() - 38_000
    trip = _ready(speaker, redis, assigned_at=at(began))
    rows = _drive(trip["driver_id"], began)
    speaker.report(*rows[:20])
    eventually(lambda: len(traces.points(trip["id"], None, 1000)) == 20)
    asked = {"trip_id": trip["id"], "driver_id": trip["driver_id"], "from": at(began), "until": at(now_ms())}
    with pytest.raises(TraceUnfinished):
        call("finish_trace", asked)

    def finishes() -> dict[str, Any] | None:
        try:
            return call("finish_trace", asked)
        except TraceUnfinished:
            return None

    short = eventually(finishes, every_s=0.1)
    assert (short["points"], short["complete"]) == (20, False)
    speaker.report(*rows[20:])
    eventually(lambda: call("finish_trace", asked)["points"] > 30)
    assert call("finish_trace", asked)["distance_m"] > short["distance_m"]


def test_a_ride_without_positions_has_a_trace_that_is_not_credible(call: Call) -> None:
    asked = {
        "trip_id": new_id(),
        "driver_id": new_id(),
        "from": at(now_ms() - 120_000),
        "until": at(now_ms() - 60_000),
    }
    finished = call("finish_trace", asked)
    assert (finished["method"], finished["credible"], finished["points"]) == ("none", False, 0)
    assert finished["gaps"][0]["duration_s"] == 60


def test_the_rider_sees_the_car_move_with_a_time_to_go_about_once_a_second(
    speaker: Speaker, redis: Redis, world: World, call: Call
) -> None:
    trip = _ready(speaker, redis)
    driver = trip["driver_id"]
    now = now_ms()
    for i in range(10):
        speaker.report(a_row(driver, MANNERHEIMINTIE[i], at_ms=now + i, seq=i))
    moves = eventually(lambda: [move for move in world.moves if move["trip_id"] == trip["id"]])
    assert len(moves) == 1
    assert moves[0]["rider_id"] == trip["rider_id"]
    assert set(moves[0]) == {"rider_id", "trip_id", "point", "bearing_deg", "eta_s"}
    assert isinstance(moves[0]["eta_s"], int)
    assert moves[0]["eta_s"] > 30
    eta_s = call("get_positions", {"driver_ids": [driver]})["items"][driver]["eta_s"]
    assert eta_s == pytest.approx(moves[0]["eta_s"], abs=2)


def test_a_driver_without_a_trip_moves_before_nobody(speaker: Speaker, world: World, call: Call) -> None:
    driver = new_id()
    speaker.go_online(driver)
    speaker.report(a_row(driver))
    eventually(lambda: call("count_live", {})["free"] == 1)
    assert world.moves == []
