"""What the audit of rides calls a breach."""

from __future__ import annotations

from typing import Any

from hansom.audit import charge_breaches, stream_breaches, telling_breaches

FARE = {"amount_minor": 950, "currency": "EUR"}


def a_ride(**changes: Any) -> dict[str, Any]:
    at = "2026-03-02T12:00:00.000Z"
    done = {"arrived_at": at, "started_at": at, "completed_at": at, "cancelled_at": None, "settled_at": at}
    return {"id": "trip-1", "rider_id": "rider-1", "driver_id": "driver-1", "fare": FARE, **done, **changes}


def a_stream(*events: str, first: int = 1) -> list[dict[str, Any]]:
    return [
        {"seq": first + place, "event": event, "data": {"trip": {"id": "trip-1", "version": place + 2}}}
        for place, event in enumerate(events)
    ]


WHOLE = ("trip_assigned", "driver_arrived", "trip_started", "trip_completed", "trip_settled")


def test_a_ride_that_was_charged_and_told_once_has_no_breach() -> None:
    receipt = {"total": FARE, "rider_id": "rider-1", "driver_id": "driver-1"}
    assert charge_breaches(a_ride(), receipt) == []
    assert stream_breaches("rider-1", a_stream(*WHOLE)) == []
    assert telling_breaches(a_ride(), "rider-1", a_stream(*WHOLE)) == []


def test_no_receipt_or_one_over_another_sum_or_person_is_a_breach() -> None:
    receipt = {"total": FARE, "rider_id": "rider-1", "driver_id": "driver-1"}
    assert charge_breaches(a_ride(), None)
    assert charge_breaches(a_ride(), {**receipt, "total": {**FARE, "amount_minor": 951}})
    assert charge_breaches(a_ride(), {**receipt, "driver_id": "driver-2"})


def test_a_gap_in_the_numbers_is_a_breach() -> None:
    stream = a_stream(*WHOLE)
    assert stream_breaches("rider-1", stream[:2] + stream[3:])
    assert stream_breaches("rider-1", a_stream(*WHOLE, first=900)) == [], "older ones are not kept for ever"


def test_a_step_told_twice_or_too_late_is_a_breach() -> None:
    twice = a_stream("trip_assigned", "driver_arrived", "driver_arrived")
    twice[2]["data"]["trip"]["version"] = 3
    assert stream_breaches("rider-1", twice)
    late = a_stream("driver_arrived", "trip_assigned")
    late[1]["data"]["trip"]["version"] = 1
    assert stream_breaches("rider-1", late)


def test_a_step_that_was_never_told_is_a_breach() -> None:
    assert telling_breaches(a_ride(), "rider-1", a_stream(*WHOLE[:-1]))
    assert telling_breaches(a_ride(), "rider-1", a_stream(*WHOLE, "trip_completed"))
