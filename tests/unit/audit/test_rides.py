"""What the audit of rides calls a breach."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hansom.audit import charge_breaches, promo_breaches, stream_breaches, telling_breaches

FARE = {"amount_minor": 950, "currency": "EUR"}
AT = "2026-03-02T12:00:00.000Z"


def a_ride(**changes: Any) -> dict[str, Any]:
    done = {"arrived_at": AT, "started_at": AT, "completed_at": AT, "cancelled_at": None, "settled_at": AT}
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


def test_a_ride_with_a_discount_has_a_receipt_over_what_is_left_to_pay() -> None:
    left = {**FARE, "amount_minor": 650}
    receipt = {"total": left, "rider_id": "rider-1", "driver_id": "driver-1"}
    assert charge_breaches(a_ride(to_pay=left), receipt) == []
    assert charge_breaches(a_ride(to_pay=left), {**receipt, "total": FARE})


def test_a_discount_without_a_used_code_and_a_used_code_without_a_discount_are_breaches() -> None:
    off, now = {**FARE, "amount_minor": 300}, datetime(2026, 3, 2, 13, tzinfo=UTC)
    ride = a_ride(promo_code="SPRING", discount=off)
    use = {"code": "SPRING", "discount": off, "rider_id": "rider-1", "state": "used", "resolved_at": AT}
    sound = promo_breaches([ride, a_ride(id="trip-2")], {"trip-1": use}, now)
    assert (sound.checked, sound.breaches) == (1, [])
    plain = a_ride(promo_code=None, discount={**FARE, "amount_minor": 0})
    for trips, uses in (
        ([ride], {}),
        ([ride], {"trip-1": {**use, "state": "reserved"}}),
        ([ride], {"trip-1": {**use, "discount": FARE}}),
        ([ride], {"trip-1": {**use, "code": "SUMMER"}}),
        ([plain], {"trip-1": use}),
        ([], {"trip-1": use}),
    ):
        assert len(promo_breaches(trips, uses, now).breaches) == 1, (trips, uses)
    given_back = {"trip-1": {**use, "state": "given_back"}}
    assert promo_breaches([a_ride(promo_code="SPRING", settled_at=None)], given_back, now).breaches == []
    assert promo_breaches([a_ride(promo_code=None)], given_back, now).breaches == []


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
