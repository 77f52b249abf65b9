"""The PIN, offers, settlement and pages as pure functions."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hansom.contracts.errors import Invalid
from hansom.contracts.trips import (
    FINISHED,
    IllegalTransition,
    OfferGone,
    OfferProposal,
    OfferState,
    PinLocked,
    TripState,
)
from hansom.values import Money
from services.trips.domain import offer as offers
from services.trips.domain import pin, settlement
from services.trips.domain.offer import WaitingTrip
from services.trips.domain.paging import TripFilter, merged, read_cursor, write_cursor
from services.trips.domain.pin import PinRule
from services.trips.domain.settlement import FinalFare
from tests.support.trips_builders import NOON, a_card, a_trip, an_offer

RULE = PinRule(max_tries=3, lock=timedelta(seconds=60))
PATIENCE = timedelta(seconds=300)


# -- the PIN ---------------------------------------------------------------------------------------------------------
def test_the_third_wrong_pin_locks_for_a_minute() -> None:
    trip = a_trip(TripState.ARRIVED)
    for _ in range(2):
        trip = pin.failed(trip, RULE, NOON)
        pin.must_not_be_locked(trip, NOON)
    trip = pin.failed(trip, RULE, NOON)
    with pytest.raises(PinLocked) as locked:
        pin.must_not_be_locked(trip, NOON + timedelta(seconds=29.5))
    assert locked.value.details == {"retry_after_s": 31}
    pin.must_not_be_locked(trip, NOON + timedelta(seconds=60))


def test_after_the_lock_there_are_three_tries_again() -> None:
    trip = a_trip(TripState.ARRIVED, pin_failures=2)
    trip = pin.failed(trip, RULE, NOON)
    later = NOON + timedelta(seconds=61)
    trip = pin.failed(pin.failed(trip, RULE, later), RULE, later)
    pin.must_not_be_locked(trip, later)


@pytest.mark.parametrize(
    ("given", "right"), [("1234", True), ("1235", False), ("", False), (None, False), ("١٢٣٤", False)]
)
def test_only_the_very_pin_is_right(given: str | None, right: bool) -> None:
    assert pin.is_right(a_trip(TripState.ARRIVED), given) is right


# -- offers ----------------------------------------------------------------------------------------------------------
def why(trip_changes: WaitingTrip | None, card: dict | None, driver_id: str = "driver-1") -> str | None:
    proposal = OfferProposal("trip-1", driver_id, 60.0, 15.0)
    return offers.why_refused(proposal, trip_changes, card, PATIENCE, NOON)


def test_an_offer_is_refused_with_the_reason_in_a_word() -> None:
    waiting = WaitingTrip(a_trip(), [], has_open_offer=False)
    assert why(waiting, a_card()) is None
    assert why(None, a_card()) == "unknown_trip"
    assert why(WaitingTrip(a_trip(TripState.CANCELLED), [], False), a_card()) == "trip_not_waiting"
    assert why(WaitingTrip(a_trip(waiting_since=NOON - PATIENCE), [], False), a_card()) == "trip_not_waiting"
    assert why(replace(waiting, has_open_offer=True), a_card()) == "trip_has_open_offer"
    assert why(replace(waiting, asked_driver_ids=["driver-1"]), a_card()) == "driver_excluded"
    assert why(waiting, None) == "unknown_driver"
    assert why(waiting, a_card(categories=["van"])) == "wrong_category"


def test_an_offer_is_gone_at_the_moment_it_expires() -> None:
    offer = an_offer(a_trip())
    assert offers.accepted(offer, offer.expires_at - timedelta(milliseconds=1)).state == OfferState.ACCEPTED
    with pytest.raises(OfferGone):
        offers.accepted(offer, offer.expires_at)


@pytest.mark.parametrize("state", [state for state in OfferState if state != OfferState.OPEN])
def test_only_an_open_offer_can_be_answered(state: OfferState) -> None:
    offer = an_offer(a_trip(), state=state)
    with pytest.raises(OfferGone) as gone:
        offers.accepted(offer, offer.made_at)
    assert gone.value.details == {"state": state.value}
    with pytest.raises(OfferGone):
        offers.declined(offer, offer.made_at)


def test_an_accept_counts_as_repeated_only_while_the_ride_is_his() -> None:
    for state in TripState:
        trip = a_trip(state)
        offer = an_offer(trip, state=OfferState.ACCEPTED)
        assert offers.was_accepted(offer, trip) is (state not in {"requested", "cancelled", "expired"})
    other = a_trip(TripState.ASSIGNED, driver_id="driver-2")
    assert not offers.was_accepted(an_offer(other, state=OfferState.RELEASED), other)


# -- settlement ------------------------------------------------------------------------------------------------------
def test_a_trip_is_settled_once() -> None:
    trip = settlement.settled(a_trip(TripState.COMPLETED), FinalFare(Money(1000, "EUR"), "as_driven"), 1500.0, NOON)
    assert (trip.fare, trip.fare_final, trip.distance_m, trip.duration_s) == (Money(1000, "EUR"), True, 1500.0, 1.0)
    assert (trip.version, trip.history[-1].verb) == (6, "settle")
    with pytest.raises(IllegalTransition):
        settlement.settled_on_the_quote(trip, NOON)


@pytest.mark.parametrize("state", [state for state in TripState if state != TripState.COMPLETED])
def test_only_a_completed_trip_is_settled(state: TripState) -> None:
    with pytest.raises(IllegalTransition):
        settlement.settled_on_the_quote(a_trip(state), NOON)


def test_a_fare_that_cannot_be_learnt_is_the_quoted_one() -> None:
    trip = settlement.settled_on_the_quote(a_trip(TripState.COMPLETED), NOON)
    assert (trip.fare, trip.distance_m, trip.fare_final) == (Money(950, "EUR"), 1234.5, True)


# -- pages -----------------------------------------------------------------------------------------------------------
def trips_asked_at(*seconds: int) -> list:
    return [a_trip(id=f"trip-{each:03}", requested_at=NOON + timedelta(seconds=each)) for each in seconds]


def test_live_and_archived_trips_make_one_page_newest_first() -> None:
    page, cursor = merged(trips_asked_at(9, 5, 1), trips_asked_at(8, 6, 2), limit=4)
    assert [trip.id for trip in page] == ["trip-009", "trip-008", "trip-006", "trip-005"]
    assert cursor == write_cursor(page[-1])


def test_a_trip_on_its_way_to_the_archive_is_shown_once() -> None:
    page, cursor = merged(trips_asked_at(9, 5), trips_asked_at(5, 2), limit=10)
    assert [trip.id for trip in page] == ["trip-009", "trip-005", "trip-002"] and cursor is None


def test_a_full_last_page_has_no_next_one() -> None:
    assert merged(trips_asked_at(2, 1), [], limit=2)[1] is None


def test_a_cursor_comes_back_as_it_was_written() -> None:
    trip = a_trip(requested_at=NOON + timedelta(milliseconds=123))
    place = read_cursor(write_cursor(trip))
    assert place is not None and (place.requested_at, place.trip_id) == (trip.requested_at, trip.id)


@pytest.mark.parametrize("cursor", ["", "x", "%%%", "MTIz", "é", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OjE", "A" * 255, "MDoA"])
def test_a_cursor_of_somebody_elses_making_names_the_field(cursor: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_cursor(cursor)
    assert list(refused.value.details) == ["cursor"]


def test_the_archive_is_asked_only_for_what_it_may_hold() -> None:
    for state in TripState:
        assert TripFilter(state=state).may_be_archived() is (state in FINISHED)
    assert TripFilter().may_be_archived()
