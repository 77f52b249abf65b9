"""Free drivers are sent where riders ask and cars are missing."""

from __future__ import annotations

from typing import Any

import h3

from hansom.values import Point
from services.notifications import usecases
from services.notifications.cells import centre_of, is_in
from services.notifications.domain.hints import hints, shortages

HERE = h3.latlng_to_cell(60.1700, 24.9420, 10)
THERE = h3.latlng_to_cell(60.1760, 24.9500, 10)
NEAR_HERE, NEAR_THERE, FAR = Point(60.1712, 24.9420), Point(60.1772, 24.9500), Point(60.30, 25.2)


def asked(segment: str, requests: int, unmet: int = 0) -> dict[str, Any]:
    return {"segment": segment, "requests": requests, "unmet": unmet}


def test_where_cars_are_enough_nobody_is_missing() -> None:
    assert shortages([asked(HERE, 5)], {HERE: {"free": 1, "busy": 0}}, centre_of) == []
    assert shortages([asked(HERE, 5, unmet=2)], {HERE: {"free": 2, "busy": 0}}, centre_of) == []
    assert shortages([asked("no segment", 5)], {}, centre_of) == []


def test_the_worst_shortage_comes_first_with_its_reason() -> None:
    found = shortages([asked(HERE, 1), asked(THERE, 4, unmet=3)], {}, centre_of)
    assert [(each.segment, each.missing, each.reason) for each in found] == [
        (THERE, 4, "unmet_requests"),
        (HERE, 1, "more_requests_than_cars"),
    ]


def test_each_shortage_gets_its_nearest_drivers_and_no_driver_two_hints() -> None:
    lacking = shortages([asked(HERE, 1), asked(THERE, 1)], {}, centre_of)
    free = {"a": NEAR_HERE, "b": NEAR_THERE, "c": FAR}
    assert {driver_id: to.segment for driver_id, to in hints(lacking, free, is_in).items()} == {"a": HERE, "b": THERE}


def test_who_is_there_already_is_not_told() -> None:
    assert hints(shortages([asked(HERE, 3)], {}, centre_of), {"a": Point(*h3.cell_to_latlng(HERE))}, is_in) == {}


def test_only_free_drivers_hear_of_it_and_it_is_not_numbered() -> None:
    told: list[Any] = []

    class Ear:
        def deliver(self, frames: list[Any]) -> list[str]:
            told.extend(frames)
            return []

    cars = [
        {"driver_id": "a", "point": NEAR_HERE.as_dict(), "state": "free"},
        {"driver_id": "b", "point": NEAR_HERE.as_dict(), "state": "busy"},
    ]
    assert usecases.hint_demand(Ear(), [asked(HERE, 3)], {}, cars) == 1  # type: ignore[arg-type]
    ((user_id, event, data, seq),) = told
    assert (user_id, event, data["segment"], data["reason"], seq) == (
        "a", "demand_hint", HERE, "more_requests_than_cars", None
    )  # fmt: skip
