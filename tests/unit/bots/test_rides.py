from typing import Any

import pytest

from hansom.bots.measures import Measures
from hansom.bots.options import Options
from hansom.bots.rides import Rides
from hansom.bots.summary import Span, summary


def a_trip(state: str = "requested", version: int = 1, trip_id: str = "t1") -> dict[str, Any]:
    return {"id": trip_id, "state": state, "version": version}


def a_finished_ride(rides: Rides, trip_id: str = "t1") -> None:
    rides.asked(a_trip(trip_id=trip_id), 10.0)
    for version, state in enumerate(("assigned", "arrived", "in_progress", "completed"), start=2):
        rides.seen(a_trip(state, version, trip_id), 10.0 + version)


def test_waits_count_from_the_request() -> None:
    rides = Rides()
    rides.asked(a_trip(), 10.0)
    rides.offered("t1", 11.0)
    rides.offered("t1", 15.0)
    rides.seen(a_trip("assigned", 2), 12.0)
    rides.seen(a_trip("arrived", 3), 42.0)
    waits = rides.waits
    assert waits.to_offer.count == 1
    assert waits.to_offer.quantile(0.5) == pytest.approx(1.0, rel=0.04)
    assert waits.to_assigned.quantile(0.5) == pytest.approx(2.0, rel=0.04)
    assert waits.pickup.quantile(0.5) == pytest.approx(30.0, rel=0.04)


def test_an_offer_heard_before_the_answer_to_the_request_is_not_lost() -> None:
    rides = Rides()
    rides.offered("t1", 10.5)
    ride = rides.asked(a_trip(), 10.0)
    assert ride.offered_at == 10.5


def test_an_old_version_does_not_turn_a_ride_back() -> None:
    rides = Rides()
    a_finished_ride(rides)
    assert not rides.seen(a_trip("assigned", 2), 99.0)
    assert rides.by_state()["completed"] == 1


def test_a_ride_given_back_by_its_driver_is_requested_again() -> None:
    rides = Rides()
    ride = rides.asked(a_trip(), 10.0)
    rides.seen(a_trip("assigned", 2), 11.0)
    assert rides.seen(a_trip("requested", 3), 12.0)
    assert (ride.state, ride.returned) == ("requested", 1)


def test_a_completed_ride_is_unfinished_until_its_payment_is_heard_of() -> None:
    rides = Rides()
    a_finished_ride(rides)
    assert [ride.trip_id for ride in rides.unfinished()] == ["t1"]
    rides.paid("t1", "payment_failed", 20.0)
    assert rides.unfinished() == []


def test_a_run_is_good_when_rides_completed_and_nothing_is_left() -> None:
    rides, measures = Rides(), Measures()
    assert not summary(Options(), rides, measures, Span(60.0, 1.0))["ok"]
    a_finished_ride(rides)
    unpaid = summary(Options(), rides, measures, Span(60.0, 1.0))
    assert (unpaid["ok"], unpaid["payments"]["unsettled"]) == (False, 1)
    rides.paid("t1", "payment_captured", 20.0)
    assert summary(Options(), rides, measures, Span(60.0, 1.0))["ok"]
    rides.asked(a_trip(trip_id="t2"), 30.0)
    stuck = summary(Options(), rides, measures, Span(60.0, 1.0))
    assert (stuck["ok"], stuck["stuck"]) == (False, 1)
    assert stuck["stuck_trips"] == [{"trip_id": "t2", "state": "requested"}]


def test_promises_are_compared_once_with_what_the_trip_says() -> None:
    rides = Rides()
    rides.asked({**a_trip(), "duration_s": 100.0}, 10.0)
    rides.promised("t1", "gave-it-back", 999.0)
    rides.promised("t1", "d1", 60.0)
    times = {
        "assigned_at": "2026-01-01T12:00:00.000Z",
        "arrived_at": "2026-01-01T12:01:30.000Z",
        "started_at": "2026-01-01T12:02:00.000Z",
        "completed_at": "2026-01-01T12:03:30.000Z",
    }
    arrived = {name: times[name] for name in ("assigned_at", "arrived_at")}
    rides.seen({**a_trip("arrived", 3), **arrived, "driver_id": "d1"}, 15.0)
    rides.seen({**a_trip("completed", 5), **times, "driver_id": "d1", "duration_s": 90.0}, 20.0)
    pickup, trip = rides.pickup_promises.as_dict(), rides.trip_promises.as_dict()
    assert (pickup["trips"], pickup["mean_promised_s"], pickup["mean_abs_error_s"]) == (1, 60.0, 30.0)
    assert (trip["mean_promised_s"], trip["mean_actual_s"], trip["mean_abs_error_s"]) == (100.0, 90.0, 10.0)
    assert pickup["p90_abs_error_s"] == pytest.approx(30.0, rel=0.04)


def test_a_ride_without_promises_or_times_is_not_compared() -> None:
    rides = Rides()
    a_finished_ride(rides)
    assert rides.trip_promises.as_dict()["trips"] == 0
    assert rides.pickup_promises.as_dict()["mean_abs_error_s"] is None
