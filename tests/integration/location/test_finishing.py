"""Drivers who are about to end a ride are told of with those who are free, when they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hansom.ids import new_id
from hansom.values import Point
from tests.support.location_world import CENTRE, FAR, Speaker, a_row, a_trip
from tests.support.waiting import eventually

Call = Callable[[str, dict[str, Any]], dict[str, Any]]

BESIDE = Point(60.1705, 24.9390)


def found(call: Call, within_s: float, category: str = "standard", exclude: tuple[str, ...] = ()) -> dict[str, Any]:
    """Who is free near the centre, and who will be."""
    request = {"trip_id": "t", "point": CENTRE.as_dict(), "category": category, "exclude": list(exclude)}
    reply = call("find_candidates", {"requests": [request], "limit": 30, "finishing_within_s": within_s})
    return {"free": [row[0] for row in reply["items"]["t"]], "finishing": reply["finishing"].get("t", [])}


def riding(speaker: Speaker, call: Call, state: str, **trip: Any) -> tuple[str, dict[str, Any]]:
    """A driver in the centre who is known to have such a trip, and has reported since."""
    driver = new_id()
    speaker.go_online(driver, categories=("comfort", "standard"))
    ride = a_trip(driver, state, **trip)
    type_ = {"assigned": "trip_assigned", "in_progress": "trip_started"}[state]
    speaker.trip(type_, ride)
    speaker.report(a_row(driver, BESIDE))

    def is_busy() -> bool:
        seen = call("get_positions", {"driver_ids": [driver]})["items"][driver]
        return seen is not None and seen["state"] == "busy"

    eventually(is_busy)
    speaker.report(a_row(driver, BESIDE, seq=1))
    return driver, ride


def test_a_driver_counts_from_his_dropoff_until_his_ride_has_ended(speaker: Speaker, call: Call) -> None:
    driver, ride = riding(speaker, call, "in_progress", dropoff=FAR.as_dict())
    [row] = eventually(lambda: found(call, 1800)["finishing"])
    assert row[:3] == [driver, FAR.lat, FAR.lng]
    assert row[3] > 5
    assert found(call, 0) == {"free": [], "finishing": []}
    assert found(call, 1)["finishing"] == []
    assert found(call, 1800, exclude=(driver,))["finishing"] == []
    assert found(call, 1800, category="van")["finishing"] == []
    speaker.trip("trip_completed", {**ride, "state": "completed"})
    eventually(lambda: found(call, 1800) == {"free": [driver], "finishing": []})


def test_who_is_on_his_way_to_a_rider_is_not_about_to_finish(speaker: Speaker, call: Call) -> None:
    coming, _ = riding(speaker, call, "assigned")
    finishing, _ = riding(speaker, call, "in_progress", dropoff=BESIDE.as_dict())
    [row] = eventually(lambda: found(call, 1800)["finishing"])
    assert row[0] == finishing
    assert row[3] == 5.0
    eventually(lambda: call("get_positions", {"driver_ids": [coming]})["items"][coming]["eta_s"] is not None)
    assert [row[0] for row in found(call, 1800)["finishing"]] == [finishing]
