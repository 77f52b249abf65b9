"""Which road times are asked for."""

from __future__ import annotations

from services.matching.domain.tables import plan_tables, road_times
from tests.support.batches import a_driver, a_trip


def test_all_pairs_are_asked_for_and_no_table_is_too_large() -> None:
    trips = [a_trip(f"t{number}", 60.0 + number / 100) for number in range(40)]
    candidates = {trip.trip_id: [a_driver(f"d{number + k}") for k in range(5)] for number, trip in enumerate(trips)}
    plans = plan_tables(trips, candidates, max_cells=60)
    assert all(len(plan.driver_ids) * len(plan.trip_ids) <= 60 for plan in plans)
    tables = [[[1.0] * len(plan.trip_ids)] * len(plan.driver_ids) for plan in plans]
    asked = road_times(plans, tables, candidates)
    assert set(asked) == {(trip_id, each.driver_id) for trip_id, near in candidates.items() for each in near}


def test_neighbours_share_one_table() -> None:
    trips = [a_trip("t1"), a_trip("t2")]
    [plan] = plan_tables(trips, {"t1": [a_driver("d1")], "t2": [a_driver("d1"), a_driver("d2")]})
    assert set(plan.driver_ids) == {"d1", "d2"}
    assert set(plan.trip_ids) == {"t1", "t2"}


def test_nothing_is_asked_for_a_trip_without_candidates() -> None:
    assert plan_tables([a_trip("t")], {"t": []}) == []
