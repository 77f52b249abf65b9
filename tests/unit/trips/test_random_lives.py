"""Whatever is done to a trip in whatever order, its history stays legal and its fields fit its state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hansom.contracts.trip_terms import CancelCode, TooEarly
from hansom.contracts.trips import FINISHED, WITH_DRIVER, IllegalTransition, OfferState, Role, TripState
from hansom.values import Money
from services.trips.domain import settlement
from services.trips.domain import trip as life
from services.trips.domain.audit import driver_breaches, fare_breaches, fee_breaches, history_breaches
from services.trips.domain.cancelling import Whereabouts, cost_of_cancelling, fee_of, no_show_cost
from services.trips.domain.machine import TRANSITIONS, Verb
from services.trips.domain.quote import changed_to
from services.trips.domain.settlement import FinalFare
from services.trips.domain.trip import Trip
from tests.support.trips_builders import NOON, a_quote, a_trip, an_offer, kept_card, some_terms

FARE = FinalFare(Money(1000, "EUR"), "longer_than_quoted", discount=Money(300, "EUR"))
NO_TIME = some_terms(free_s=1, late_s=10, no_show_after_s=1)


def _cancel(trip: Trip, at: datetime) -> Trip:
    cost = cost_of_cancelling(trip, at)
    fee = fee_of("cancellation", cost)
    settle_after = at if cost.code == CancelCode.UNDER_WAY else None
    return life.cancelled(trip, Role.RIDER, None, at, fee=fee and dict(fee), settle_after=settle_after)


def _no_show(trip: Trip, at: datetime) -> Trip:
    fee = fee_of("no_show", no_show_cost(trip, Whereabouts(trip.pickup, at), at))
    return life.not_shown(trip, at, fee and dict(fee))


def _change(trip: Trip, at: datetime) -> Trip:
    new = f"quote-{trip.version}"
    changed = {"id": new, "trip_id": trip.id, "parent_id": trip.quote_id, "expires_at": at + timedelta(seconds=1)}
    return changed_to(trip, a_quote(trip.rider_id, terms={"standard": NO_TIME}, **changed), at)


Deed = Callable[[Trip, datetime], Trip]
DEEDS: dict[str, Deed] = {
    "assign": lambda trip, at: life.assigned(trip, kept_card(f"driver-{trip.version}"), 60.0, at),
    "arrive": life.arrived,
    "start": life.started,
    "complete": lambda trip, at: life.completed(trip, at, at),
    "cancel": _cancel,
    "no_show": _no_show,
    "change": _change,
    "release": life.released,
    "expire": life.expired,
    "settle": lambda trip, at: settlement.settled(trip, FARE, 1.0, at),
}


@given(st.lists(st.sampled_from(sorted(DEEDS)), max_size=30))
def test_any_order_of_deeds_leaves_a_legal_trip(deeds: list[str]) -> None:
    trip, at = a_trip(terms=NO_TIME, promo_code="WELCOME", discount_minor=300), NOON
    for deed in deeds:
        at += timedelta(seconds=1)
        before = trip
        try:
            trip = DEEDS[deed](trip, at)
        except IllegalTransition:
            assert trip is before and _is_illegal(before, deed)
            continue
        except TooEarly:
            assert trip is before and deed == "no_show"
            continue
        assert trip.version == before.version + 1
        assert not _is_illegal(before, deed)
    taken = [an_offer(trip, trip.driver_id, state=OfferState.ACCEPTED)] if trip.driver_id else []
    assert history_breaches(trip) + driver_breaches(trip, taken) + fare_breaches(trip) + fee_breaches(trip) == []
    assert 0 <= trip.discount.amount_minor <= trip.fare.amount_minor and trip.to_pay.amount_minor >= 0
    assert (trip.driver_id is None) == (trip.driver_card is None)
    assert (trip.state in FINISHED) == (trip.finished_at is not None)
    assert trip.state not in WITH_DRIVER or trip.assigned_at is not None


def _is_illegal(trip: Trip, deed: str) -> bool:
    if deed == "settle":
        is_ride = trip.state == TripState.COMPLETED or trip.ended_early
        return not is_ride or trip.settled_at is not None
    return (trip.state, Verb(deed)) not in TRANSITIONS
