"""Who reads a trace is recorded; old traces become segments; marked positions are not driven."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hansom.cities.files import read_segments
from hansom.ids import new_id
from hansom.segments import SegmentIndex
from hansom.values import Point, distance_m
from services.location.storage.mongo import Traces
from services.location.usecases.coarsening import coarsen_traces
from tests.support.location_world import a_row, at, now_ms

Call = Callable[[str, dict[str, Any]], dict[str, Any]]

RIDER = {"user_id": "r", "role": "rider"}
STREET = [Point(60.16680 + i * 0.0001, 24.94330 - i * 0.0001495) for i in range(40)]
"""Along a main street in the direction that cars may take, 13.8 m apart."""

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
LIMIT_MS, OLD_MS, NEW_MS = (90 * DAY_MS - hours * HOUR_MS // 2 for hours in (4, 3, 5))
"""Ages: what is to be coarse, a ride older than that and one younger. The running service leaves all of them alone."""


@pytest.fixture
def index(own: dict[str, Any]) -> SegmentIndex:
    return SegmentIndex(read_segments(Path(own["CITY_DATA"]) / own["DEFAULT_CITY"]))


def _ops() -> dict[str, str]:
    return {"user_id": new_id(), "role": "ops"}


def _driven(traces: Traces, driver: str, began_ms: int, trip: str | None = None, **marks: str) -> str:
    """A ride along the street, a report a second; `marks` by the report's number."""
    trip = trip or new_id()
    rows = [[trip, *a_row(driver, point, at_ms=began_ms + i * 1000, seq=i)] for i, point in enumerate(STREET)]
    traces.add([[*row, *[mark for number, mark in marks.items() if number == f"n{row[5]}"]] for row in rows])
    return trip


def _finish(call: Call, trip: str, driver: str, began_ms: int) -> dict[str, Any]:
    asked = {"trip_id": trip, "driver_id": driver, "from": at(began_ms), "until": at(began_ms + 39_000)}
    return call("finish_trace", asked)


def test_what_an_operator_reads_is_recorded_and_what_a_party_reads_is_not(traces: Traces, call: Call) -> None:
    driver, ops, colleague = new_id(), _ops(), _ops()
    trip = _driven(traces, driver, now_ms() - 60_000)
    for actor in (RIDER, ops, ops, colleague):
        call("get_trace", {"trip_id": trip, "driver_id": driver, "actor": actor})
    of_trip = call("list_trace_readings", {"trip_id": trip})
    assert [item["ops_user_id"] for item in of_trip["items"]] == [colleague["user_id"], ops["user_id"], ops["user_id"]]
    assert of_trip["next_cursor"] is None
    first = call("list_trace_readings", {"ops_user_id": ops["user_id"], "limit": 1})
    then = call("list_trace_readings", {"ops_user_id": ops["user_id"], "limit": 1, "cursor": first["next_cursor"]})
    assert first["items"][0]["id"] > then["items"][0]["id"]
    assert then["next_cursor"] is None


def test_marked_positions_are_counted_and_are_no_part_of_the_way(traces: Traces, call: Call) -> None:
    began, driver = now_ms() - 60_000, new_id()
    trip = _driven(traces, driver, began, n10="teleport", n11="teleport", n20="vague")
    finished = _finish(call, trip, driver, began)
    assert (finished["points"], finished["marked"]) == (37, {"teleport": 2, "vague": 1})
    shown = call("get_trace", {"trip_id": trip, "driver_id": driver, "actor": RIDER})
    assert len(shown["points"]) == 37
    assert shown["marked"] == finished["marked"]
    assert (shown["complete"], shown["gaps"], shown["coarsened"]) == (True, [], False)


def test_a_ride_that_two_drivers_had_shows_the_way_of_the_one_who_drove(traces: Traces, call: Call) -> None:
    began, first, second = now_ms() - 300_000, new_id(), new_id()
    trip = _driven(traces, first, began)
    _driven(traces, second, began + 100_000, trip)
    for _ in range(2):
        shown = call("get_trace", {"trip_id": trip, "driver_id": second, "actor": RIDER})
        assert len(shown["points"]) == 40
        assert shown["points"][0]["at"] == at(began + 100_000)
        assert _finish(call, trip, second, began + 100_000)["points"] == 40
    nobody = call("get_trace", {"trip_id": trip, "actor": RIDER})
    assert len(nobody["points"]) == 40, "it is finished: the driver is known"


def test_a_trace_with_silences_is_incomplete_and_names_them(traces: Traces, call: Call) -> None:
    began, driver = now_ms() - 120_000, new_id()
    trip = new_id()
    times = [*range(0, 20), *range(60, 80)]
    rows = [a_row(driver, STREET[i], at_ms=began + s * 1000, seq=i) for i, s in enumerate(times)]
    traces.add([[trip, *row] for row in rows])
    asked = {"trip_id": trip, "driver_id": driver, "from": at(began), "until": at(began + 100_000)}
    finished = call("finish_trace", asked)
    assert not finished["complete"]
    assert [gap["duration_s"] for gap in finished["gaps"]] == [41.0, 21.0]
    shown = call("get_trace", {"trip_id": trip, "driver_id": driver, "actor": RIDER})
    assert (shown["complete"], shown["gaps"]) == (False, finished["gaps"])


def test_old_traces_become_segments_with_rounded_times_and_keep_their_distance(
    traces: Traces, call: Call, index: SegmentIndex
) -> None:
    now = now_ms()
    old_ms, new_ms, driver = now - OLD_MS, now - NEW_MS, new_id()
    old = _driven(traces, driver, old_ms, n5="teleport")
    new = _driven(traces, driver, new_ms)
    finished = _finish(call, old, driver, old_ms)
    assert coarsen_traces(now - LIMIT_MS, traces, index) == 1
    assert coarsen_traces(now - LIMIT_MS, traces, index) == 0
    shown = call("get_trace", {"trip_id": old, "driver_id": driver, "actor": RIDER})
    assert shown["coarsened"] and shown["matched_route"] == []
    assert (shown["distance_m"], shown["marked"]) == (finished["distance_m"], {"teleport": 1})
    assert 1 < len(shown["points"]) < 15
    assert all(distance_m(Point(p["lat"], p["lng"]), STREET[20]) < 1000 for p in shown["points"])
    assert all(p["at"][14:] in {f"{m:02d}:00.000Z" for m in range(0, 60, 5)} for p in shown["points"])
    assert traces.points(old, None, 10) == []
    assert _finish(call, old, driver, old_ms) == {**finished, "line": []}, "asked again it answers what it found then"
    assert not call("get_trace", {"trip_id": new, "driver_id": driver, "actor": RIDER})["coarsened"]


def test_coarsening_that_was_interrupted_is_finished_without_losing_a_segment(
    traces: Traces, call: Call, index: SegmentIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = now_ms()
    driver, old_ms = new_id(), now - OLD_MS
    trip = _driven(traces, driver, old_ms)

    def dies_half_way(_: dict[str, Any]) -> None:
        half = [f"{trip}:{driver}:{old_ms + i * 1000}:{i}" for i in range(0, 20)]
        type(points).delete_many(points, {"_id": {"$in": half}})
        raise InterruptedError

    points = traces._points
    with monkeypatch.context() as patch:
        patch.setattr(points, "delete_many", dies_half_way)
        with pytest.raises(InterruptedError):
            coarsen_traces(now - LIMIT_MS, traces, index)
    before = traces.coarse(trip)
    assert before is not None and len(traces.points(trip, None, 100)) == 20
    coarsen_traces(now - LIMIT_MS, traces, index)
    assert traces.points(trip, None, 100) == []
    assert traces.coarse(trip) == before
    assert {each.segment for each in before.passed} == {index.segment_of(p.lat, p.lng) for p in STREET}
