"""In which order one may hear of a ride."""

from __future__ import annotations

import pytest

from services.notifications.domain.order import out_of_order

RIDE = ["trip_assigned", "driver_arrived", "trip_started", "trip_completed", "trip_settled"]


@pytest.mark.parametrize(
    "events",
    [
        [],
        ["trip_expired"],
        ["trip_cancelled"],
        [*RIDE, "payment_captured"],
        [*RIDE, "payment_failed", "payment_failed", "payment_captured"],
        ["trip_assigned", "driver_cancelled", "trip_assigned", "driver_arrived", "driver_cancelled", *RIDE],
        ["trip_assigned", "trip_cancelled"],
        ["trip_assigned", "trip_cancelled", "payment_captured", "payment_refunded"],
        ["trip_assigned", "driver_arrived", "trip_cancelled", "payment_failed", "debt_settled", "payment_refunded"],
        [*RIDE, "payment_captured", "tip_failed", "tip_charged"],
        [*RIDE, "tip_charged", "payment_failed", "payment_refunded", "debt_settled"],
        ["offer_made", *RIDE, "tip_received", "payment_refunded"],
        ["offer_made", "offer_withdrawn"],
        ["offer_made", *RIDE],
        ["offer_made", "trip_assigned", "trip_cancelled"],
        ["offer_made", "trip_assigned", "trip_returned"],
        ["offer_made", *RIDE[:2], "trip_returned"],
        RIDE[:3],
    ],
)
def test_what_a_ride_can_be_is_in_order(events: list[str]) -> None:
    assert out_of_order(events) is None


@pytest.mark.parametrize(
    "events",
    [
        ["trip_assigned", "trip_assigned"],
        ["driver_arrived"],
        ["trip_assigned", "trip_started"],
        [*RIDE, "trip_completed"],
        [*RIDE, "payment_captured", "payment_captured"],
        ["trip_assigned", "trip_cancelled", "payment_captured", "payment_captured"],
        [*RIDE[:2], "tip_charged"],
        ["trip_cancelled", "trip_assigned"],
        ["trip_expired", "trip_expired"],
        ["offer_made", "offer_made"],
        ["offer_made", "offer_withdrawn", "offer_withdrawn"],
        [*RIDE[:3], "driver_cancelled"],
        ["offer_made", *RIDE[:3], "trip_returned"],
        ["offer_made", "trip_assigned", "trip_returned", "driver_arrived"],
    ],
)
def test_twice_too_early_or_too_late_is_found(events: list[str]) -> None:
    assert out_of_order(events) is not None


def test_a_ride_whose_beginning_is_no_longer_kept_is_passed_over() -> None:
    assert out_of_order(RIDE[2:], cut=True) is None
    assert out_of_order(RIDE[2:], cut=False) is not None
    assert out_of_order([*RIDE, *RIDE], cut=True) is not None
