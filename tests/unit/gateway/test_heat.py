"""The heat map: what each part says of a segment, and what it is when a part says nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import h3
import pytest

from hansom.contracts.errors import DeadlineExceeded, Invalid, Unavailable
from services.gateway import heat_replies
from services.gateway.geojson import CALM, Heat, demand_map
from services.gateway.heat import heat_map

HERE = h3.latlng_to_cell(60.17, 24.94, 9)
THERE = sorted(h3.grid_ring(HERE, 2))[0]
NOW = datetime(2026, 3, 2, 12, 34, tzinfo=UTC)

DEMAND = {"items": [{"segment": HERE, "requests": 7, "unmet": 2, "declined": 1}]}
SUPPLY = {"items": {HERE: {"free": 1, "busy": 0}, THERE: {"free": 4, "busy": 2}}}
COUNTED = {"window_s": 300, "requests": 7, "waiting": 3, "unmet": 2, "free": 1, "easing": False, "at_cap": False}
HIGH = {"multiplier": 1.4, "reason": "Many ask for rides here now.", "code": "high_demand", "values": COUNTED}
SURGE = {"known": True, "items": {HERE: {**HIGH, "waiting": 3}}}
FORECAST = {
    "from": "2026-03-02T12:34:00.000Z",
    "until": "2026-03-02T13:04:00.000Z",
    "level": 1.2,
    "history_weeks": 3.0,
    "total": 4.5,
    "items": [{"segment": HERE, "requests": 4.5, "usual": 3.0, "recent": 7}],
}


class Part:
    """A service that answers, or fails, as it was told to."""

    def __init__(self, **answers: Any) -> None:
        self.answers, self.asked = answers, dict[str, Any]()

    def call_async(self, method: str, payload: dict[str, Any], deadline_s: float | None = None) -> Part:
        self.asked[method] = payload
        later = Part(**self.answers)
        later.method = method  # type: ignore[attr-defined]
        return later

    def result(self) -> Any:
        answer = self.answers[self.method]  # type: ignore[attr-defined]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Parts:
    """The services behind the map, all well unless said otherwise."""

    def __init__(self, **changes: Any) -> None:
        answers = {"demand": DEMAND, "demand_by_hour": DEMAND, "forecast": FORECAST} | changes
        self.analytics = Part(**answers)
        self.location = Part(supply_by_segment=changes.get("supply", SUPPLY))
        self.pricing = Part(surge_by_segment=changes.get("surge", SURGE))
        self.maps = Part(get_segments=changes.get("segments", {"cells": [HERE, THERE]}))


def seen(at: datetime | None = None, **changes: Any) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Segment → its properties, and the map."""
    found = heat_map(Parts(**changes), "helsinki", at, NOW)  # type: ignore[arg-type]
    assert heat_replies.HeatMap().validate(found) == {}
    return {each["id"]: each["properties"] for each in found["features"]}, found


def test_a_segment_has_what_every_part_says_of_it() -> None:
    segments, found = seen()
    assert segments[HERE] == {
        "segment": HERE, "requests": 7, "unmet": 2, "declined": 1, "free": 1, "busy": 0, "forecast": 4.5, "usual": 3.0,
        "surge": HIGH,
    }  # fmt: skip
    assert segments[THERE] == {
        "segment": THERE, "requests": 0, "unmet": 0, "free": 4, "busy": 2, "forecast": 0.0, "usual": 0.0, "surge": CALM,
    }  # fmt: skip
    assert (found["city"], found["forecast"]["total"], found["missing"]) == ("helsinki", 4.5, [])


def test_a_part_that_is_down_is_null_and_named() -> None:
    segments, found = seen(forecast=DeadlineExceeded(), surge=Unavailable())
    assert (segments[HERE]["forecast"], segments[HERE]["surge"]) == (None, None)
    assert (segments[HERE]["requests"], segments[HERE]["free"]) == (7, 1)
    assert {each["part"] for each in found["missing"]} == {"forecast", "surge"}
    assert found["forecast"] is None


def test_surge_that_was_not_reckoned_lately_is_not_said_to_be_none() -> None:
    segments, _ = seen(surge={"known": False, "items": {}})
    assert segments[HERE]["surge"] is None


def test_segments_of_other_cities_are_not_on_the_map() -> None:
    segments, _ = seen(segments={"cells": [THERE]})
    assert segments.keys() == {THERE}
    segments, _ = seen(segments=Unavailable())
    assert segments.keys() == {HERE, THERE}, "better too many than none"


def test_of_an_hour_that_is_over_there_are_requests_and_no_cars() -> None:
    segments, found = seen(NOW - timedelta(hours=3))
    assert segments[HERE]["requests"] == 7
    assert {segments[HERE][name] for name in ("free", "busy", "forecast", "surge")} == {None}
    assert found["forecast"] is None


def test_of_an_hour_to_come_there_is_the_forecast_alone() -> None:
    segments, found = seen(NOW + timedelta(hours=3))
    assert segments[HERE]["forecast"] == 4.5
    assert {segments[HERE][name] for name in ("requests", "unmet", "free", "busy", "surge")} == {None}
    assert found["forecast"]["level"] == 1.2


def test_a_city_that_is_none_is_refused() -> None:
    with pytest.raises(Invalid):
        seen(forecast=Invalid(details={"city": ["Not a city here."]}))


def test_what_is_no_cell_is_not_drawn() -> None:
    assert demand_map(Heat(demand=[{"segment": "none", "requests": 3}]))["features"] == []
