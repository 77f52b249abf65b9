"""What cancelling costs, and not coming: who is late, who waits, and for how long it is free."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansom.contracts.trip_terms import CancelCode, NoShowNotOffered, NotAtPickup, TooEarly
from hansom.contracts.trips import IllegalTransition, Role, TripState
from hansom.values import Point
from services.trips.domain import trip as life
from services.trips.domain.audit import fee_breaches
from services.trips.domain.cancelling import Whereabouts, cost_of_cancelling, fee_of, no_show_cost
from services.trips.domain.trip import Trip
from tests.support.trips_builders import NOON, PICKUP, a_fee, a_trip, some_money, some_terms

PROMISED_S = 121
"""When the driver of `a_trip` is to be there: assigned a second after noon, two minutes away."""


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def a_ride(state: TripState, *, terms: dict[str, Any] | None = None, **changes: Any) -> Trip:
    return a_trip(state, terms=terms or some_terms(), **changes)


def there(seconds: float, *fixes: tuple[float, Point]) -> Whereabouts:
    """A driver at the pickup at that time, and where he was before."""
    return Whereabouts(PICKUP, at(seconds), [(at(each), point) for each, point in fixes])


def code(trip: Trip, seconds: float) -> CancelCode:
    return cost_of_cancelling(trip, at(seconds)).code


def test_cancelling_is_free_while_a_driver_is_looked_for() -> None:
    cost = cost_of_cancelling(a_ride(TripState.REQUESTED), at(3600))
    assert (cost.code, cost.price, cost.free_until) == (CancelCode.SEARCHING, None, None)


def test_the_grace_time_begins_with_the_driver_and_ends_at_its_last_moment() -> None:
    trip = a_ride(TripState.ASSIGNED)
    cost = cost_of_cancelling(trip, at(1 + 120))
    assert (cost.code, cost.price, cost.free_until) == (CancelCode.WITHIN_GRACE, None, at(121))
    late = cost_of_cancelling(trip, at(1 + 120.001))
    assert late.code == CancelCode.LATE and late.free_until is None
    assert fee_of("cancellation", late) == a_fee()


def test_a_driver_who_is_later_than_promised_makes_cancelling_free_and_not_before() -> None:
    trip = a_ride(TripState.ASSIGNED)
    assert code(trip, PROMISED_S + 300) == CancelCode.LATE
    assert code(trip, PROMISED_S + 300.001) == CancelCode.DRIVER_LATE


def test_who_came_late_is_late_for_good_and_who_came_in_time_is_not() -> None:
    came_late = a_ride(TripState.ARRIVED, arrived_at=at(PROMISED_S + 301))
    in_time = a_ride(TripState.ARRIVED, arrived_at=at(PROMISED_S))
    assert code(came_late, PROMISED_S + 302) == CancelCode.DRIVER_LATE
    assert code(in_time, PROMISED_S + 3600) == CancelCode.LATE


def test_after_a_driver_gave_the_ride_back_the_next_one_brings_a_new_grace_time() -> None:
    trip = life.released(a_ride(TripState.ASSIGNED), at(400))
    assert code(trip, 401) == CancelCode.SEARCHING
    again = life.assigned(trip, {"id": "driver-2"}, 60.0, at(500))
    assert code(again, 620) == CancelCode.WITHIN_GRACE
    assert code(again, 621) == CancelCode.LATE


def test_a_tariff_without_terms_or_with_a_fee_of_nothing_makes_it_always_free() -> None:
    for terms in ({"cancellation": None}, some_terms(fee=some_money(0), tax=some_money(0))):
        assert code(a_ride(TripState.ARRIVED, terms=terms), 3000) == CancelCode.NO_FEE
    assert code(a_trip(TripState.ARRIVED), 3000) == CancelCode.NO_FEE, "a trip of a version before the terms"


def test_a_ride_under_way_is_not_cancelled_for_a_fee() -> None:
    cost = cost_of_cancelling(a_ride(TripState.IN_PROGRESS), at(600))
    assert cost.code == CancelCode.UNDER_WAY and fee_of("cancellation", cost) is None


@pytest.mark.parametrize("state", [TripState.COMPLETED, TripState.CANCELLED, TripState.EXPIRED])
def test_a_trip_that_has_ended_cannot_be_cancelled(state: TripState) -> None:
    with pytest.raises(IllegalTransition):
        cost_of_cancelling(a_ride(state), at(600))


# -- not coming ------------------------------------------------------------------------------------------------------
def test_a_no_show_is_claimed_at_the_pickup_once_its_time_is_over() -> None:
    trip = a_ride(TripState.ARRIVED)
    with pytest.raises(TooEarly) as early:
        no_show_cost(trip, there(302), at(2 + 299.999))
    assert early.value.details == {"claim_at": "2026-03-02T12:05:02.000Z"}
    fee = fee_of("no_show", no_show_cost(trip, there(302), at(2 + 300)))
    assert fee is not None and (fee["amount"], fee["driver_share"]) == (some_money(600), some_money(450))
    assert (fee["kind"], fee["reason"]) == ("no_show", "no_show")


@pytest.mark.parametrize(("where", "told"), [(None, None), (Point(60.1719, 24.9384), 222)])
def test_a_driver_who_is_elsewhere_or_not_seen_claims_no_no_show(where: Point | None, told: int | None) -> None:
    with pytest.raises(NotAtPickup) as refused:
        no_show_cost(a_ride(TripState.ARRIVED), Whereabouts(where, at(3000)), at(3000))
    assert refused.value.details == {"distance_m": told}


def test_a_position_of_long_ago_says_nothing() -> None:
    with pytest.raises(NotAtPickup) as refused:
        no_show_cost(a_ride(TripState.ARRIVED), there(3000), at(3121))
    assert refused.value.details == {"distance_m": None}


def test_who_says_that_he_is_there_and_is_not_waits_from_when_he_is() -> None:
    far, near = Point(60.1750, 24.9384), Point(60.1710, 24.9384)
    trip = a_ride(TripState.ARRIVED)
    came_at_60 = there(361, (30, far), (60, far), (90, near), (120, PICKUP))
    with pytest.raises(TooEarly) as early:
        no_show_cost(trip, came_at_60, at(60 + 299))
    assert early.value.details == {"claim_at": "2026-03-02T12:06:00.000Z"}
    assert no_show_cost(trip, came_at_60, at(360)).code == CancelCode.NO_SHOW
    came_late = there(PROMISED_S + 700, (PROMISED_S + 301, far))
    assert no_show_cost(trip, came_late, at(PROMISED_S + 700)).code == CancelCode.DRIVER_LATE


def test_a_driver_who_came_late_himself_may_end_it_for_nothing() -> None:
    late = a_ride(TripState.ARRIVED, arrived_at=at(PROMISED_S + 301))
    cost = no_show_cost(late, there(PROMISED_S + 601), at(PROMISED_S + 601))
    assert cost.code == CancelCode.DRIVER_LATE and fee_of("no_show", cost) is None


def test_a_tariff_without_a_no_show_lets_nobody_claim_one() -> None:
    for terms in ({"cancellation": None}, some_terms(no_show_after_s=None)):
        with pytest.raises(NoShowNotOffered):
            no_show_cost(a_ride(TripState.ARRIVED, terms=terms), there(3000), at(3000))


@pytest.mark.parametrize("state", [state for state in TripState if state != TripState.ARRIVED])
def test_only_a_driver_who_has_arrived_claims_a_no_show(state: TripState) -> None:
    with pytest.raises(IllegalTransition):
        no_show_cost(a_ride(state), there(3000), at(3000))


# -- always ----------------------------------------------------------------------------------------------------------
@given(
    state=st.sampled_from([TripState.REQUESTED, TripState.ASSIGNED, TripState.ARRIVED, TripState.IN_PROGRESS]),
    seconds=st.integers(10, 5000),
    free_s=st.integers(0, 600),
    late_s=st.integers(0, 600),
    arrived_s=st.integers(3, 900),
)
def test_nobody_pays_who_cancels_in_grace_or_was_kept_waiting_and_the_audit_agrees(
    state: TripState, seconds: int, free_s: int, late_s: int, arrived_s: int
) -> None:
    terms = some_terms(free_s=free_s, late_s=late_s)
    arrived_at = at(min(arrived_s, seconds)) if state in (TripState.ARRIVED, TripState.IN_PROGRESS) else None
    trip = a_ride(state, terms=terms, arrived_at=arrived_at)
    fee = fee_of("cancellation", cost_of_cancelling(trip, at(seconds)))
    kept_waiting = (arrived_at or at(seconds)) > at(PROMISED_S + late_s)
    pays = state in (TripState.ASSIGNED, TripState.ARRIVED) and seconds > 1 + free_s and not kept_waiting
    assert (fee is not None) == pays
    assert fee_breaches(life.cancelled(trip, Role.RIDER, None, at(seconds), fee=fee and dict(fee))) == []


def test_a_fee_on_a_trip_that_bears_none_is_a_breach() -> None:
    fee = a_fee()
    assert fee_breaches(a_ride(TripState.COMPLETED, cancellation_fee=fee))
    assert fee_breaches(a_ride(TripState.CANCELLED, cancellation_fee=fee)), "nobody was on the way"
    assigned = a_ride(TripState.ASSIGNED)
    too_much = a_fee(driver_share=some_money(400))
    assert fee_breaches(life.cancelled(assigned, Role.RIDER, None, at(500), fee=too_much))
    assert not fee_breaches(life.cancelled(assigned, Role.RIDER, None, at(500), fee=fee))
