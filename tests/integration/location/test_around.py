"""What goes on around a waiting trip: cars with a ride are counted, and those that end one are named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hansom.contracts.errors import Invalid
from hansom.ids import new_id
from hansom.values import Point
from tests.support.location_world import CENTRE, FAR, Speaker, a_row, a_trip
from tests.support.waiting import eventually

Call = Callable[[str, dict[str, Any]], dict[str, Any]]

BESIDE = Point(60.1705, 24.9390)


def around(call: Call, within_m: float = 400, category: str = "standard", exclude: tuple[str, ...] = ()) -> Any:
    request = {"trip_id": "t", "point": CENTRE.as_dict(), "category": category, "exclude": list(exclude)}
    payload = {"requests": [request], "within_m": within_m, "finishing_within_s": 1800}
    return call("look_around", payload)["items"]["t"]


def riding(speaker: Speaker, call: Call, state: str, at: Point, **trip: Any) -> str:
    """A driver who is known to have such a trip, and has reported since."""
    driver = new_id()
    speaker.go_online(driver, categories=("comfort", "standard"))
    speaker.trip({"assigned": "trip_assigned", "in_progress": "trip_started"}[state], a_trip(driver, state, **trip))
    speaker.report(a_row(driver, at))

    def is_busy() -> bool:
        seen = call("get_positions", {"driver_ids": [driver]})["items"][driver]
        return seen is not None and seen["state"] == "busy"

    eventually(is_busy)
    speaker.report(a_row(driver, at, seq=1))
    return driver


def test_cars_with_a_ride_are_counted_where_they_are_and_by_what_they_may_carry(speaker: Speaker, call: Call) -> None:
    riding(speaker, call, "assigned", BESIDE)
    riding(speaker, call, "assigned", FAR)
    free = new_id()
    speaker.go_online(free, categories=("standard",))
    speaker.report(a_row(free, BESIDE))
    eventually(lambda: call("count_live", {}) == {"free": 1, "busy": 2, "shown": 3})
    assert around(call)["busy"] == 1
    assert around(call, within_m=5000)["busy"] == 2
    assert around(call, category="van")["busy"] == 0


def test_who_ends_a_ride_near_is_named_wherever_he_is(speaker: Speaker, call: Call) -> None:
    driver = riding(speaker, call, "in_progress", FAR, dropoff=BESIDE.as_dict())
    riding(speaker, call, "in_progress", BESIDE, dropoff=FAR.as_dict())
    [[named, free_in_s]] = eventually(lambda: around(call)["finishing"])
    assert named == driver
    assert free_in_s > 0
    assert around(call, exclude=(driver,))["finishing"] == []
    assert around(call, category="van")["finishing"] == []


def test_a_place_outside_all_cities_has_nothing_around(call: Call) -> None:
    request = {"trip_id": "t", "point": {"lat": 0.0, "lng": 0.0}, "category": "standard"}
    assert call("look_around", {"requests": [request], "within_m": 100})["items"]["t"] == {"busy": 0, "finishing": []}


@pytest.mark.parametrize("within_m", [None, 0, -1, "far", True, 10_001])
def test_how_far_around_must_be_said(call: Call, within_m: Any) -> None:
    with pytest.raises(Invalid) as caught:
        call("look_around", {"requests": [], "within_m": within_m})
    assert list(caught.value.details) == ["within_m"]
