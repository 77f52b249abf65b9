"""Positions that are not believed: out of live state, in the trace with their mark, counted, and what follows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis

from hansom.ids import new_id
from hansom.values import Point
from services.location.domain.plausible import Rules, Watched
from services.location.domain.positions import Position
from services.location.storage.live import LiveCars
from services.location.storage.marks import Marks
from services.location.storage.mongo import Traces
from services.location.storage.watch import Watch
from tests.support.location_world import CENTRE, FAR, Speaker, World, a_row, a_trip, at, now_ms
from tests.support.waiting import eventually

Call = Callable[[str, dict[str, Any]], dict[str, Any]]
ELSEWHERE = Point(60.32, 24.96)
BESIDE = Point(60.1705, 24.9390)


def _where(call: Call, driver: str) -> dict[str, float]:
    found: dict[str, float] = call("get_positions", {"driver_ids": [driver]})["items"][driver]["point"]
    return found


def _candidates(call: Call, point: Point = CENTRE) -> list[str]:
    request = {"trip_id": "t", "point": point.as_dict(), "category": "standard"}
    return [row[0] for row in call("find_candidates", {"requests": [request], "limit": 30})["items"]["t"]]


def _counts(call: Call, driver: str) -> dict[str, int]:
    found: dict[str, int] = call("marks_of", {"driver_id": driver})["counts"]
    return found


def _vague(driver: str, count: int, began_ms: int) -> list[list[Any]]:
    return [a_row(driver, CENTRE, at_ms=began_ms + i, seq=i, accuracy_m=900.0) for i in range(count)]


def test_what_is_not_believed_leaves_the_car_where_it_was_and_is_counted_by_its_reason(
    speaker: Speaker, call: Call
) -> None:
    driver, now = new_id(), now_ms() - 1000
    speaker.go_online(driver)
    speaker.report(a_row(driver, CENTRE, at_ms=now))
    eventually(lambda: _candidates(call) == [driver])
    speaker.report(
        a_row(driver, FAR, at_ms=now + 100, seq=1),
        a_row(driver, CENTRE, at_ms=now + 200, seq=2, accuracy_m=101.0),
        a_row(driver, ELSEWHERE, at_ms=now + 300, seq=3),
        [*a_row(driver, BESIDE, at_ms=now + 400, seq=4), "clock_skew"],
        a_row(driver, BESIDE, at_ms=now + 400_000, seq=5),
    )
    expected = {"teleport": 1, "vague": 1, "outside_area": 1, "clock_skew": 2}
    eventually(lambda: _counts(call, driver) == expected)
    assert _where(call, driver) == CENTRE.as_dict()
    assert _candidates(call) == [driver], "a few do no harm"
    told = call("marks_of", {"driver_id": driver, "limit": 2})
    assert (told["total"], told["offered"], told["why_not"], len(told["last"])) == (5, True, None, 2)
    speaker.report(a_row(driver, BESIDE, at_ms=now + 900, seq=6))
    eventually(lambda: _where(call, driver) == BESIDE.as_dict())


def test_a_car_that_really_is_elsewhere_is_there_with_the_third_position(speaker: Speaker, call: Call) -> None:
    driver, now = new_id(), now_ms() - 3000
    speaker.go_online(driver)
    speaker.report(a_row(driver, CENTRE, at_ms=now))
    eventually(lambda: _candidates(call) == [driver])
    for second in (1, 2, 3):
        speaker.report(a_row(driver, FAR, at_ms=now + second * 100, seq=second))
    eventually(lambda: _where(call, driver) == FAR.as_dict())
    eventually(lambda: _counts(call, driver) == {"teleport": 2})


def test_a_ride_s_trace_has_the_marked_position_once_with_its_mark_and_the_rider_does_not_see_it(
    speaker: Speaker, call: Call, redis: Redis, traces: Traces, world: World
) -> None:
    driver, now = new_id(), now_ms() - 5000
    trip = a_trip(driver, "in_progress", assigned_at=at(now))
    speaker.go_online(driver)
    speaker.trip("trip_assigned", trip)
    eventually(lambda: redis.hget(f"location:driver:{driver}", "trip") == trip["id"])
    speaker.report(a_row(driver, CENTRE, at_ms=now))
    eventually(lambda: redis.hget(f"location:driver:{driver}", "pos"))
    for _ in range(2):
        speaker.report(a_row(driver, FAR, at_ms=now + 1000, seq=1))
    speaker.report(a_row(driver, BESIDE, at_ms=now + 4000, seq=2))
    eventually(lambda: len(traces.points(trip["id"], None, 10)) == 3)
    assert [p.mark for p in traces.points(trip["id"], None, 10)] == [None, "teleport", None]
    assert _counts(call, driver) == {"teleport": 1}
    assert FAR.as_dict() not in [move["point"] for move in world.moves]


def test_a_driver_with_too_many_marks_is_not_offered_rides_until_they_are_fewer(
    speaker: Speaker, call: Call, cars: LiveCars
) -> None:
    driver, now = new_id(), now_ms() - 1000
    speaker.go_online(driver)
    speaker.report(a_row(driver, CENTRE, at_ms=now), *_vague(driver, 19, now + 1))
    eventually(lambda: _counts(call, driver) == {"vague": 19})
    assert _candidates(call) == [driver]
    # the same again are the same
    speaker.report(*_vague(driver, 20, now + 1))
    eventually(lambda: _candidates(call) == [])
    assert call("nearby", {"point": CENTRE.as_dict()})["items"] == []
    assert call("count_live", {}) == {"free": 0, "busy": 0, "shown": 0}
    assert [(item["driver_id"], item["state"]) for item in call("list_live", {})["items"]] == [(driver, "doubtful")]
    told = call("marks_of", {"driver_id": driver})
    assert (told["offered"], told["why_not"], told["doubtful_until"]) == (False, "doubtful", at(now + 1 + 300_000))
    # good positions do not end it, time does
    speaker.report(a_row(driver, BESIDE, at_ms=now + 900, seq=50))
    eventually(lambda: _where(call, driver) == BESIDE.as_dict())
    assert _candidates(call) == []
    cars.forget(0, now + 300_002)
    assert _candidates(call) == [driver]


def test_a_doubtful_driver_keeps_his_ride_and_is_not_offered_another_one(
    speaker: Speaker, call: Call, redis: Redis
) -> None:
    driver, now = new_id(), now_ms() - 1000
    trip = a_trip(driver)
    speaker.go_online(driver)
    speaker.trip("trip_assigned", trip)
    eventually(lambda: redis.hget(f"location:driver:{driver}", "trip") == trip["id"])
    speaker.report(a_row(driver, CENTRE, at_ms=now), *_vague(driver, 20, now + 1))
    eventually(lambda: redis.hget(f"location:driver:{driver}", "doubt"))
    assert call("count_live", {})["busy"] == 1
    speaker.trip("trip_completed", {**trip, "state": "completed", "completed_at": at(now_ms())})
    eventually(lambda: redis.hget(f"location:driver:{driver}", "trip") == "")
    assert call("count_live", {}) == {"free": 0, "busy": 0, "shown": 0}
    assert call("get_positions", {"driver_ids": [driver]})["items"][driver]["state"] == "doubtful"


def test_a_doubtful_driver_is_so_still_when_redis_was_emptied(
    speaker: Speaker, call: Call, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    # this test's drivers are not in what was read for the one before
    monkeypatch.setattr("services.location.storage.watch.RECALL_EVERY_MS", 0)
    driver, now = new_id(), now_ms() - 1000
    speaker.go_online(driver)
    speaker.report(a_row(driver, CENTRE, at_ms=now), *_vague(driver, 20, now + 1))
    eventually(lambda: _counts(call, driver) == {"vague": 20})
    redis.flushdb()
    speaker.report(a_row(driver, BESIDE, at_ms=now + 900, seq=50))
    eventually(lambda: [item["state"] for item in call("list_live", {})["items"]] == ["doubtful"])
    assert call("marks_of", {"driver_id": driver})["doubtful_until"] == at(now + 1 + 300_000)


def test_operators_get_the_drivers_with_most_marks_first_page_by_page(
    speaker: Speaker, call: Call, marks: Marks
) -> None:
    few, many, now = new_id(), new_id(), now_ms() - 1000
    speaker.report(*_vague(few, 90, now), *_vague(many, 91, now))
    eventually(lambda: (_counts(call, few), _counts(call, many)) == ({"vague": 90}, {"vague": 91}))
    first = call("list_doubts", {"limit": 1})
    second = call("list_doubts", {"limit": 1, "cursor": first["next_cursor"]})
    assert [page["items"][0]["driver_id"] for page in (first, second)] == [many, few]
    assert first["items"][0]["total"] == 91
    assert first["items"][0]["why_not"] == "doubtful"


def test_a_process_that_starts_judges_by_the_position_that_redis_has(
    speaker: Speaker, call: Call, cars: LiveCars, own: dict[str, Any]
) -> None:
    driver = new_id()
    speaker.go_online(driver)
    speaker.report(a_row(driver, CENTRE))
    eventually(lambda: _candidates(call) == [driver])
    watch = Watch(Rules.from_settings(own["POSITION_RULES"]), [])
    seen = watch.of({driver, "nobody"}, cars)
    assert list(seen) == [driver]
    assert (seen[driver].last.lat, seen[driver].last.lng) == (CENTRE.lat, CENTRE.lng)


def test_what_is_in_mind_of_drivers_is_bounded(
    cars: LiveCars, own: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.location.storage.watch.MAX_WATCHED", 2)
    watch = Watch(Rules.from_settings(own["POSITION_RULES"]), [])
    for driver in ("a", "b", "a", "c"):
        watch.keep({driver: Watched(Position(driver, CENTRE.lat, CENTRE.lng, 0, 0, None, None, None))})
    assert set(watch.of({"a", "b", "c"}, cars)) == {"a", "c"}


def test_old_marks_are_forgotten_and_newer_ones_are_not(marks: Marks) -> None:
    driver, now = new_id(), now_ms()
    rows = [[driver, now - 31 * 86_400_000, 1, 60.1, 24.9, "vague"], [driver, now, 2, 60.1, 24.9, "teleport"]]
    assert (marks.add(rows), marks.add(rows)) == (2, 0)
    marks.forget(now - 30 * 86_400_000)
    assert marks.counts(driver, 0) == {"teleport": 1}
