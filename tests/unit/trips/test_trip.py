"""A trip's life as pure functions."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hansom.contracts.trips import (
    CategoryNotQuoted,
    IllegalTransition,
    NotYourQuote,
    NotYourTrip,
    QuoteExpired,
    RequestTrip,
    Role,
    TripState,
)
from services.trips.domain import trip as life
from services.trips.domain.quote import trip_from
from tests.support.trips_builders import DROPOFF, NOON, PICKUP, a_quote, a_trip, a_wish, driver, kept_card, ops, rider


def asked(**changes: str) -> RequestTrip:
    return RequestTrip(**{"rider_id": "rider-1", "quote_id": "quote-1", "category": "standard", **changes})


def test_a_trip_takes_fare_and_way_from_its_quote() -> None:
    trip = trip_from(a_wish(a_quote(), asked(category="van")), None, "0042", NOON)
    assert (trip.fare.amount_minor, trip.pickup, trip.dropoff, trip.pin) == (1700, PICKUP, DROPOFF, "0042")
    assert (trip.state, trip.version, [step.verb for step in trip.history]) == (TripState.REQUESTED, 1, ["request"])


def test_a_quote_of_somebody_else_is_refused() -> None:
    with pytest.raises(NotYourQuote):
        trip_from(a_wish(a_quote(rider_id="rider-2"), asked()), None, "0042", NOON)


def test_a_quote_holds_until_the_moment_it_expires() -> None:
    quote = a_quote()
    assert trip_from(a_wish(quote, asked()), None, "0042", quote.expires_at - timedelta(milliseconds=1))
    with pytest.raises(QuoteExpired):
        trip_from(a_wish(quote, asked()), None, "0042", quote.expires_at)


def test_a_category_that_was_not_quoted_names_the_field() -> None:
    with pytest.raises(CategoryNotQuoted) as refused:
        trip_from(a_wish(a_quote(), asked(category="helicopter")), None, "0042", NOON)
    assert refused.value.details == {"category": ["Not in the quote, which has: standard, van."]}


def test_each_step_is_one_version_and_one_line_of_history() -> None:
    trip = a_trip(TripState.COMPLETED)
    assert [step.version for step in trip.history] == [1, 2, 3, 4, 5] and trip.version == 5
    assert [step.verb for step in trip.history] == ["request", "assign", "arrive", "start", "complete"]


def test_a_released_trip_has_nothing_of_its_former_driver_and_waits_anew() -> None:
    at = NOON + timedelta(seconds=90)
    trip = life.released(a_trip(TripState.ARRIVED), at)
    assert (trip.state, trip.driver_id, trip.driver_card, trip.arrived_at) == (TripState.REQUESTED, None, None, None)
    assert (trip.waiting_since, trip.requested_at, trip.returns) == (at, NOON, 1)


def test_a_driver_cannot_give_back_a_ride_under_way() -> None:
    with pytest.raises(IllegalTransition) as refused:
        life.released(a_trip(TripState.IN_PROGRESS), NOON)
    assert refused.value.details == {"state": "in_progress", "verb": "release"}


def test_who_gave_a_trip_back_sees_nothing_of_the_next_driver() -> None:
    trip = a_trip(TripState.ARRIVED, driver_id="driver-2")
    seen = life.as_left_by(trip)
    assert (seen.state, seen.driver_id, seen.driver_card, seen.arrived_at) == (TripState.REQUESTED, None, None, None)


@pytest.mark.parametrize("actor", [rider(), driver(), ops()])
def test_parties_and_ops_see_a_trip(actor: life.Role) -> None:
    life.must_be_seen_by(a_trip(TripState.ASSIGNED), actor.user_id, actor.role)


@pytest.mark.parametrize("actor", [rider("rider-2"), driver("driver-2"), replace(rider(), role=Role.DRIVER)])
def test_others_do_not_see_a_trip(actor: life.Role) -> None:
    with pytest.raises(NotYourTrip):
        life.must_be_seen_by(a_trip(TripState.ASSIGNED), actor.user_id, actor.role)


def test_the_eta_counts_down_and_ends_at_the_pickup() -> None:
    trip = a_trip(TripState.ASSIGNED)
    assert trip.assigned_at is not None
    assert life.pickup_eta_s(trip, trip.assigned_at + timedelta(seconds=20)) == 100.0
    assert life.pickup_eta_s(trip, trip.assigned_at + timedelta(hours=1)) == 0.0
    assert life.pickup_eta_s(a_trip(TripState.ARRIVED), NOON) is None


def test_a_trip_is_done_when_it_is_settled_or_ended_without_a_ride() -> None:
    assert not a_trip(TripState.COMPLETED).is_done()
    assert a_trip(TripState.COMPLETED, settled_at=NOON, settle_after=None).is_done()
    assert not a_trip(TripState.CANCELLED, settle_after=NOON).is_done()
    assert a_trip(TripState.CANCELLED).is_done() and a_trip(TripState.EXPIRED).is_done()
    assert not a_trip(TripState.IN_PROGRESS).is_done()


def test_the_driver_goes_to_the_pickup_and_then_to_the_dropoff() -> None:
    assert life.target(a_trip(TripState.ASSIGNED)) == PICKUP
    assert life.target(a_trip(TripState.IN_PROGRESS)) == DROPOFF


def test_a_trip_keeps_milliseconds_only() -> None:
    assert life.to_the_millisecond(NOON.replace(microsecond=123_987)).microsecond == 123_000


def test_a_card_on_the_trip_is_the_offers() -> None:
    assert a_trip(TripState.ASSIGNED).driver_card == kept_card()
