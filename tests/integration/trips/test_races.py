"""Two things at the same moment have one effect, and both sides are told the same truth.

Each side is a greenlet with a connection of its own; `at_once` starts them together, many rounds over.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import eventlet
import pytest
from eventlet.event import Event
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from hansom.contracts.errors import HansomError
from hansom.contracts.trips import (
    ActiveTripExists,
    AnswerOffer,
    CancelTrip,
    DriveTrip,
    IllegalTransition,
    OfferGone,
    RequestTrip,
    TripState,
)
from services.trips.domain.offer import Offer
from services.trips.domain.quote import Wish
from services.trips.domain.trip import Trip
from services.trips.storage.rows import offer_values, values_of
from services.trips.storage.tables import offers, trips
from services.trips.usecases.cancelling import cancel_trip
from services.trips.usecases.driving import complete
from services.trips.usecases.expiring import expire_offers, expire_trips
from services.trips.usecases.offering import decline_offer
from services.trips.usecases.requesting import request_trip
from services.trips.usecases.withdrawing import withdraw_offers_to
from tests.integration.trips.conftest import Desk
from tests.support.trips_builders import GRACE, NOON, a_quote, a_trip, an_offer, driver, rider

ROUNDS = 25
PATIENCE = timedelta(seconds=300)


def at_once(*sides: Callable[[], Any], swap: bool = False) -> list[Any]:
    """Run all sides together, the last one first with `swap`.

    Gives for each what it returned or the HansomError that it raised.
    """
    gate = Event()

    def side(act: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return act()
        except HansomError as exc:
            return exc

    order = reversed(sides) if swap else sides
    running = {act: eventlet.spawn(side, act) for act in order}
    eventlet.sleep(0)
    gate.send(None)
    return [running[act].wait() for act in sides]


def test_two_open_offers_of_one_trip_or_to_one_driver_are_impossible(desk: Desk) -> None:
    trip, offer = desk.offered()
    other = desk.put(a_trip(rider_id="rider-2"))
    for second in (an_offer(trip, "driver-2"), an_offer(other, offer.driver_id)):
        with pytest.raises(IntegrityError, match="uq_offers_one_open"), desk.engine.begin() as connection:
            connection.execute(insert(offers).values(offer_values(second)))


def test_two_active_trips_of_one_rider_or_driver_are_impossible(desk: Desk) -> None:
    desk.put(a_trip(TripState.ASSIGNED, rider_id="rider-1", driver_id="driver-1"))
    same_rider = a_trip(rider_id="rider-1")
    same_driver = a_trip(TripState.ARRIVED, rider_id="rider-2", driver_id="driver-1")
    for second in (same_rider, same_driver):
        with pytest.raises(IntegrityError, match="uq_trips_one_active"), desk.engine.begin() as connection:
            connection.execute(insert(trips).values(values_of(second)))


def test_two_accepted_offers_of_one_trip_are_impossible(desk: Desk) -> None:
    trip, offer = desk.offered()
    desk.accept(offer)
    second = an_offer(trip, "driver-2", state=offer.state.ACCEPTED)
    with pytest.raises(IntegrityError, match="uq_offers_one_accepted"), desk.engine.begin() as connection:
        connection.execute(insert(offers).values(offer_values(second)))


def test_one_driver_taps_accept_twice_and_gets_one_trip(desk: Desk) -> None:
    for _ in range(ROUNDS):
        trip, offer = desk.offered()
        answers = at_once(*[partial(desk.accept, offer) for _ in range(3)])
        assert {answer[1].driver_id for answer in answers} == {offer.driver_id}
        assert {answer[1].version for answer in answers} == {2}
        assert desk.told(trip.id) == ["trip_assigned"]


def test_an_offer_to_one_driver_cannot_be_accepted_by_another(desk: Desk) -> None:
    trip, offer = desk.offered()
    thief = Offer(**{name: getattr(offer, name) for name in offer.__slots__} | {"driver_id": "driver-2"})
    winner, loser = at_once(partial(desk.accept, offer), partial(desk.accept, thief))
    assert winner[1].driver_id == offer.driver_id and loser.code == "not_your_offer"
    assert desk.trip(trip.id).driver_id == offer.driver_id


def test_one_driver_accepts_two_trips_and_one_is_his(desk: Desk) -> None:
    """The constraints let no driver hold two offers; here the first was put aside by hand to get there all the same."""
    for _ in range(ROUNDS):
        driver_id = uuid4().hex
        first, offer_1 = desk.offered(driver_id)
        with desk.engine.begin() as connection:
            connection.execute(offers.update().where(offers.c.id == offer_1.id).values(state="withdrawn"))
        second, offer_2 = desk.offered(driver_id)
        with desk.engine.begin() as connection:
            connection.exec_driver_sql("DROP INDEX uq_offers_one_open_per_driver")
            connection.execute(offers.update().where(offers.c.id == offer_1.id).values(state="open"))
        answers = at_once(partial(desk.accept, offer_1), partial(desk.accept, offer_2))
        with desk.engine.begin() as connection:
            connection.execute(offers.delete().where(offers.c.state == "open"))
            connection.exec_driver_sql(
                "CREATE UNIQUE INDEX uq_offers_one_open_per_driver ON offers (driver_id) WHERE state = 'open'"
            )
        assert sorted(type(answer) is OfferGone for answer in answers) == [False, True]
        taken = [trip.id for trip in (first, second) if desk.trip(trip.id).driver_id == driver_id]
        assert len(taken) == 1 and desk.told(taken[0]) == ["trip_assigned"]


def test_cancel_and_accept_at_the_same_moment_agree_on_who_was_first(desk: Desk) -> None:
    seen = set()
    for round_ in range(ROUNDS * 2):
        trip, offer = desk.offered()
        accepted, cancelled = at_once(partial(desk.accept, offer), partial(_cancel, desk, trip), swap=round_ % 2 == 0)
        assert isinstance(cancelled, Trip) and cancelled.state == TripState.CANCELLED
        assert desk.trip(trip.id).state == TripState.CANCELLED
        if isinstance(accepted, OfferGone):
            seen.add("cancel first")
            assert desk.told(trip.id) == ["offer_withdrawn", "trip_cancelled"]
            assert desk.trip(trip.id).driver_id is None
        else:
            seen.add("accept first")
            assert desk.told(trip.id) == ["trip_assigned", "trip_cancelled"]
            assert desk.events(trip.id)[1][1]["driver_id"] == offer.driver_id
            assert isinstance(at_once(partial(desk.accept, offer))[0], OfferGone)
    assert seen == {"cancel first", "accept first"}


def test_complete_and_cancel_at_the_same_moment_agree_on_who_was_first(desk: Desk) -> None:
    seen = set()
    for round_ in range(ROUNDS * 2):
        trip = desk.put(a_trip(TripState.IN_PROGRESS, rider_id=uuid4().hex, driver_id=uuid4().hex))
        desk.clock.forward(10)
        sides = (partial(_complete, desk, trip), partial(_cancel, desk, trip))
        completed, cancelled = at_once(*sides, swap=round_ % 2 == 0)
        loser = cancelled if isinstance(completed, Trip) else completed
        winner = completed if isinstance(completed, Trip) else cancelled
        assert isinstance(loser, IllegalTransition) and loser.details["state"] == winner.state.value
        assert desk.trip(trip.id).state == winner.state and len(desk.told(trip.id)) == 1
        seen.add(winner.state)
    assert seen == {TripState.COMPLETED, TripState.CANCELLED}


def test_complete_said_ten_times_at_once_completes_once(desk: Desk) -> None:
    trip = desk.put(a_trip(TripState.IN_PROGRESS))
    desk.clock.forward(10)
    answers = at_once(*[partial(_complete, desk, trip) for _ in range(10)])
    assert {(answer.state, answer.version, answer.completed_at) for answer in answers} == {
        (TripState.COMPLETED, 5, desk.clock.now())
    }
    assert desk.told(trip.id) == ["trip_completed"]


def test_a_double_tapped_request_makes_one_trip(desk: Desk) -> None:
    for round_ in range(ROUNDS):
        rider_id = f"rider-{round_}"
        answers = at_once(*[partial(_request, desk, rider_id) for _ in range(4)])
        made = [answer for answer in answers if isinstance(answer, Trip)]
        assert len(made) == 1 and sum(isinstance(answer, ActiveTripExists) for answer in answers) == 3
        assert desk.told(made[0].id) == ["trip_requested"]


def test_an_offer_that_expires_while_it_is_accepted_ends_one_way(desk: Desk) -> None:
    seen = set()
    for round_ in range(ROUNDS * 2):
        trip, offer = desk.offered()
        # the driver's tap was just in time by his replica's clock, the timer's clock is a little ahead
        desk.clock.time = offer.expires_at
        early = desk.at(offer.expires_at - timedelta(milliseconds=1))
        accepted, _ = at_once(partial(early.accept, offer), partial(expire_offers, desk.units), swap=round_ % 2 == 0)
        expire_offers(desk.units)
        if isinstance(accepted, OfferGone):
            seen.add("expired")
            assert desk.told(trip.id) == ["offer_withdrawn"] and desk.trip(trip.id).driver_id is None
            assert desk.states(trip.id) == {offer.driver_id: "expired"}
        else:
            seen.add("accepted")
            assert desk.told(trip.id) == ["trip_assigned"]
            assert desk.states(trip.id) == {offer.driver_id: "accepted"}
    assert seen == {"expired", "accepted"}


def test_offers_made_by_two_leaders_at_once_are_one_offer_a_trip_and_a_driver(desk: Desk) -> None:
    """Two matching leaders may overlap for a moment; the constraints are what counts."""
    for round_ in range(ROUNDS):
        waiting = [desk.put(a_trip(rider_id=f"rider-{round_}-{n}")) for n in range(4)]
        drivers = [f"driver-{round_}-{n}" for n in range(4)]
        straight = [(trip.id, driver_id) for trip, driver_id in zip(waiting, drivers, strict=True)]
        crossed = [(trip.id, driver_id) for trip, driver_id in zip(waiting, reversed(drivers), strict=True)]
        outcomes = at_once(partial(desk.offer, *straight), partial(desk.offer, *crossed))
        made = [offer for outcome in outcomes for offer in outcome.made]
        assert len({offer.trip_id for offer in made}) == len({offer.driver_id for offer in made}) == len(made)
        assert len(made) + sum(len(outcome.refused) for outcome in outcomes) == 8
        for trip in waiting:
            assert desk.told(trip.id).count("offer_made") == len(desk.states(trip.id))


def test_two_leaders_with_the_same_drivers_in_another_order_never_wait_for_each_other(desk: Desk) -> None:
    for round_ in range(ROUNDS):
        drivers = [f"driver-{round_}-{n}" for n in range(6)]
        mine = [(desk.put(a_trip(rider_id=uuid4().hex)).id, driver_id) for driver_id in drivers]
        others = [(desk.put(a_trip(rider_id=uuid4().hex)).id, driver_id) for driver_id in reversed(drivers)]
        outcomes = at_once(partial(desk.offer, *mine), partial(desk.offer, *others))
        made = [offer.driver_id for outcome in outcomes for offer in outcome.made]
        assert sorted(made) == sorted(drivers)


def test_a_driver_is_not_offered_a_trip_while_he_accepts_another(desk: Desk) -> None:
    for round_ in range(ROUNDS * 2):
        _, offer = desk.offered()
        other = desk.put(a_trip(rider_id=uuid4().hex, requested_at=desk.clock.now()))
        pair = (other.id, offer.driver_id)
        _, outcome = at_once(partial(desk.accept, offer), partial(desk.offer, pair), swap=round_ % 2 == 0)
        assert outcome.made == [] and [why for _, why in outcome.refused] == ["driver_not_free"]
        assert desk.states(other.id) == {} and desk.told(other.id) == []


def test_a_driver_who_accepts_while_he_goes_offline_has_the_ride_or_has_not(desk: Desk) -> None:
    seen = set()
    for round_ in range(ROUNDS):
        trip, offer = desk.offered()
        accepted, _ = at_once(partial(desk.accept, offer), partial(_leave, desk, offer), swap=round_ % 2 == 0)
        lost = isinstance(accepted, OfferGone)
        seen.add(lost)
        assert desk.told(trip.id) == ["offer_withdrawn" if lost else "trip_assigned"]
        assert desk.states(trip.id) == {offer.driver_id: "withdrawn" if lost else "accepted"}
    assert seen == {True, False}


def test_decline_and_accept_of_one_offer_end_one_way(desk: Desk) -> None:
    for _ in range(ROUNDS):
        trip, offer = desk.offered()
        accepted, declined = at_once(partial(desk.accept, offer), partial(_decline, desk, offer))
        assert isinstance(accepted, OfferGone) != isinstance(declined, OfferGone)
        assert desk.told(trip.id) == ["offer_declined" if isinstance(accepted, OfferGone) else "trip_assigned"]


def test_a_trip_that_expires_while_it_is_offered_leaves_no_open_offer(desk: Desk) -> None:
    seen = set()
    for round_ in range(ROUNDS):
        trip = desk.put(a_trip(rider_id=uuid4().hex, requested_at=NOON))
        desk.clock.time = NOON + PATIENCE
        early, pair = desk.at(desk.clock.time - timedelta(milliseconds=1)), (trip.id, uuid4().hex)
        expire = partial(expire_trips, desk.units, PATIENCE)
        at_once(expire, partial(early.offer, pair), swap=round_ % 2 == 0)
        expire()
        offered = "open" in desk.states(trip.id).values()
        seen.add(offered)
        assert desk.trip(trip.id).state == (TripState.REQUESTED if offered else TripState.EXPIRED)
        assert desk.told(trip.id)[-1] == ("offer_made" if offered else "trip_expired")
    assert seen == {True, False}


def test_a_rider_and_a_driver_who_cancel_at_once_leave_one_truth(desk: Desk) -> None:
    for round_ in range(ROUNDS):
        trip, offer = desk.offered()
        desk.accept(offer)
        release = partial(_cancel, desk, trip, driver(offer.driver_id))
        by_rider, by_driver = at_once(partial(_cancel, desk, trip), release, swap=round_ % 2 == 0)
        assert by_rider.state == TripState.CANCELLED == desk.trip(trip.id).state
        assert isinstance(by_driver, IllegalTransition) or by_driver.state == TripState.REQUESTED
        returned = ["trip_returned"] if isinstance(by_driver, Trip) else []
        assert desk.told(trip.id) == ["trip_assigned", *returned, "trip_cancelled"]


def _cancel(desk: Desk, trip: Trip, actor: Any = None) -> Trip:
    with desk.units() as unit:
        return cancel_trip(unit, CancelTrip(trip.id, actor or rider(trip.rider_id)), GRACE)


def _complete(desk: Desk, trip: Trip) -> Trip:
    assert trip.driver_id is not None
    with desk.units() as unit:
        return complete(unit, DriveTrip(trip.id, trip.driver_id), timedelta(seconds=1))


def _decline(desk: Desk, offer: Offer) -> Offer:
    with desk.units() as unit:
        return decline_offer(unit, AnswerOffer(offer.id, offer.driver_id))


def _leave(desk: Desk, offer: Offer) -> int:
    with desk.units() as unit:
        return withdraw_offers_to(unit, {offer.driver_id: desk.clock.now()})


def _request(desk: Desk, rider_id: str) -> Trip:
    command = RequestTrip(rider_id, "quote-1", "standard")
    quote = a_quote(rider_id, expires_at=NOON.replace(year=2030))
    with desk.units() as unit:
        return request_trip(unit, Wish(uuid4().hex, command, quote), None, "1234")
