"""A driver's last sign of life, and for how long anybody's would have been heard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from redis import Redis

from hansom.ids import new_id
from services.location.storage.listening import Listening, Span
from services.location.storage.live import LiveCars
from tests.support.location_world import CENTRE, WORLD, Speaker, a_row, at, now_ms
from tests.support.waiting import eventually

Call = Callable[[str, dict[str, Any]], dict[str, Any]]
PAUSE_MS = 30_000


def test_positions_that_come_without_a_pause_are_one_span_and_a_pause_begins_another(redis: Redis) -> None:
    listening = Listening(redis, PAUSE_MS)
    assert listening.span() is None
    for newest_ms in (100_000, 130_000, 125_000, 160_000):
        listening.note(newest_ms)
    assert listening.span() == Span(100_000, 160_000)
    listening.note(190_001)
    assert listening.span() == Span(190_001, 190_001)
    redis.flushdb()
    listening.note(200_000)
    assert listening.span() == Span(200_000, 200_000), "what was heard before Redis was emptied is not known any more"


def test_whoever_reports_is_heard_and_who_never_did_is_not(speaker: Speaker, call: Call) -> None:
    driver, silent = new_id(), new_id()
    speaker.go_online(driver)
    reported_ms = now_ms()
    speaker.report(a_row(driver, CENTRE, at_ms=reported_ms))
    eventually(lambda: _heard(call, driver) == {"at": at(reported_ms), "point": CENTRE.as_dict()})
    assert call("last_heard", {"driver_ids": [silent]})["items"] == {silent: {"at": None, "point": None}}
    eventually(lambda: call("last_heard", {"driver_ids": []})["listening_until"] == at(reported_ms))
    assert call("last_heard", {"driver_ids": []})["listening_since"] <= at(reported_ms)


def test_a_position_that_is_not_believed_is_a_sign_of_life_all_the_same(speaker: Speaker, call: Call) -> None:
    driver, first_ms = new_id(), now_ms()
    speaker.go_online(driver)
    speaker.report(a_row(driver, CENTRE, at_ms=first_ms - 5000))
    eventually(lambda: _heard(call, driver))
    speaker.report(a_row(driver, CENTRE, at_ms=first_ms, seq=1, accuracy_m=500.0))
    eventually(lambda: _heard(call, driver)["at"] == at(first_ms))


def test_a_driver_who_cannot_be_looked_up_after_redis_was_emptied_is_heard(speaker: Speaker, call: Call) -> None:
    driver, reported_ms = new_id(), now_ms()
    WORLD.down = {"drivers", "trips"}
    speaker.report(a_row(driver, CENTRE, at_ms=reported_ms))
    eventually(lambda: _heard(call, driver) == {"at": at(reported_ms), "point": None})


def test_a_driver_on_a_ride_is_heard(speaker: Speaker, call: Call, cars: LiveCars) -> None:
    driver = new_id()
    speaker.go_online(driver)
    WORLD.riding[driver] = {"trip_id": new_id(), "rider_id": new_id(), "state": "assigned", "target": CENTRE.as_dict()}
    for seq in range(2):
        reported_ms = now_ms()
        speaker.report(a_row(driver, CENTRE, at_ms=reported_ms, seq=seq))
        eventually(lambda: (_heard(call, driver) or {}).get("at") == at(reported_ms))  # noqa: B023


def _heard(call: Call, driver_id: str) -> Any:
    found = call("last_heard", {"driver_ids": [driver_id]})["items"][driver_id]
    return found if found["at"] else None
