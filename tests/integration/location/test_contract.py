"""location answers the examples' requests in the shape of their replies, and wrong requests by naming the field."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hansom.contracts.errors import Invalid
from services.location.storage.marks import Marks
from tests.support.location_world import CENTRE, Speaker, a_row
from tests.support.shapes import shape
from tests.support.waiting import eventually

Call = Callable[[str, dict[str, Any]], dict[str, Any]]

FOLDER = Path(__file__).parents[2] / "contract" / "examples" / "rpc"
DRIVER = "0195541b2c0070008000000000000d01"
EXAMPLES = sorted(path.stem for path in FOLDER.glob("location.*.json"))
HERE = {"lat": 60.17, "lng": 24.94}


def test_replies_have_the_shape_of_the_examples(speaker: Speaker, call: Call, marks: Marks) -> None:
    assert EXAMPLES
    speaker.go_online(DRIVER, categories=("comfort", "standard"))
    speaker.report(a_row(DRIVER, CENTRE), a_row(DRIVER, CENTRE, seq=1, accuracy_m=500.0))
    eventually(lambda: call("count_live", {})["free"] == 1)
    eventually(lambda: call("marks_of", {"driver_id": DRIVER})["total"])
    eventually(lambda: call("count_positions", {"since": "2026-03-02T12:00:00Z"})["items"], within_s=20)
    for name in EXAMPLES:
        example = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        reply = call(name.removeprefix("location."), example["request"])
        assert shape(reply) == shape(example["reply"]), name


@pytest.mark.parametrize(
    ("method", "payload", "field"),
    [
        ("nearby", {}, "point"),
        ("nearby", {"point": {"lat": 91, "lng": 0}}, "point.lat"),
        ("nearby", {"point": HERE, "limit": 0}, "limit"),
        ("nearby", {"point": HERE, "limit": 201}, "limit"),
        ("nearby_many", {"points": [[91, 0]]}, "points"),
        ("nearby_many", {"points": "here"}, "points"),
        ("nearby_many", {"points": [[60, 24]], "limit": "many"}, "limit"),
        ("marks_of", {}, "driver_id"),
        ("marks_of", {"driver_id": "d", "limit": 0}, "limit"),
        ("list_doubts", {"limit": 101}, "limit"),
        ("list_doubts", {"cursor": "next"}, "cursor"),
        ("pickup_etas", {"point": {"lat": "60", "lng": 24}}, "point.lat"),
        ("find_candidates", {"requests": [{"trip_id": "t"}]}, "requests"),
        ("find_candidates", {}, "requests"),
        ("get_positions", {"driver_ids": ["d"] * 1001}, "driver_ids"),
        ("list_live", {"limit": 5001}, "limit"),
        ("finish_trace", {"trip_id": "t", "driver_id": "d", "from": "noon", "until": "2026-03-02T12:00:00Z"}, "from"),
        ("get_trace", {"actor": {"user_id": "u", "role": "ops"}}, "trip_id"),
        ("get_trace", {"trip_id": "t"}, "actor"),
        ("list_trace_readings", {"limit": 0}, "limit"),
    ],
)
def test_a_wrong_request_is_answered_with_the_field_that_is_wrong(
    call: Call, method: str, payload: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        call(method, payload)
    assert list(caught.value.details) == [field]


def test_a_place_that_is_no_number_is_refused(call: Call) -> None:
    # NaN is null by the time it has crossed the broker as JSON
    with pytest.raises(Invalid):
        call("nearby", {"point": {"lat": math.nan, "lng": 24.94}})


def test_nobody_is_near_a_place_outside_all_cities(call: Call) -> None:
    nowhere = {"lat": 0.0, "lng": 0.0}
    assert call("nearby", {"point": nowhere})["items"] == []
    assert call("pickup_etas", {"point": nowhere}) == {"categories": {}, "free_nearby": 0}
