"""How many statements each verb sends: a lock, a change, the events, one commit; and no more for many than for one."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from hansom.contracts.trips import AnswerOffer, CancelTrip, DriveTrip, ListTrips, RequestTrip, Role, TripState
from services.trips.domain.pin import PinRule
from services.trips.domain.quote import Wish
from services.trips.domain.settlement import FinalFare, settled
from services.trips.storage import queries
from services.trips.usecases import cancelling, driving, offering, reading, requesting
from services.trips.usecases.ports import TripEvent
from tests.integration.trips.conftest import Desk
from tests.support.trips_builders import GRACE, NOON, a_quote, a_trip, driver, rider
from tests.support.trips_world import Statements

RULE = PinRule(3, timedelta(seconds=60))


@pytest.mark.parametrize(
    ("verb", "state", "most"),
    [
        ("request", None, 2),
        ("accept", TripState.REQUESTED, 4),
        ("decline", TripState.REQUESTED, 3),
        ("arrive", TripState.ASSIGNED, 3),
        ("start", TripState.ARRIVED, 3),
        ("wrong pin", TripState.ARRIVED, 2),
        ("complete", TripState.IN_PROGRESS, 3),
        ("cancel", TripState.REQUESTED, 4),
        ("cancel", TripState.ASSIGNED, 3),
        ("release", TripState.ASSIGNED, 4),
        ("settle", TripState.COMPLETED, 3),
    ],
)
def test_a_verb_costs_at_most_four_statements_and_one_commit(
    desk: Desk, verb: str, state: TripState | None, most: int
) -> None:
    if state == TripState.REQUESTED:
        trip, offer = desk.offered("driver-1", rider_id="rider-1")
    else:
        trip, offer = a_trip(state or TripState.REQUESTED), None
        if state is not None:
            desk.put(trip)
    desk.clock.time = NOON + timedelta(seconds=10)
    with Statements(desk.engine) as sent, desk.units() as unit:
        match verb:
            case "request":
                command = RequestTrip("rider-9", "quote-1", "standard")
                requesting.request_trip(unit, Wish(uuid4().hex, command, a_quote("rider-9")), None, "1234")
            case "accept" | "decline":
                assert offer is not None
                answer = offering.accept_offer if verb == "accept" else offering.decline_offer
                answer(unit, AnswerOffer(offer.id, "driver-1"))
            case "arrive":
                driving.arrive(unit, DriveTrip(trip.id, "driver-1"))
            case "start" | "wrong pin":
                driving.start(unit, DriveTrip(trip.id, "driver-1", "1234" if verb == "start" else "9"), RULE)
            case "complete":
                driving.complete(unit, DriveTrip(trip.id, "driver-1"), timedelta(seconds=1))
            case "settle":
                current = unit.rows.lock(trip.id)
                assert current is not None
                after = settled(current, FinalFare(current.fare, "as_driven"), 1.0, unit.now)
                unit.rows.save(current, after)
                unit.tell([TripEvent("trip_settled", after)])
            case _:
                actor = driver() if verb == "release" else rider()
                cancelling.cancel_trip(unit, CancelTrip(trip.id, actor), GRACE)
    assert len(sent.statements) <= most, sent.statements
    assert sent.commits == 1


def test_fifty_offers_cost_as_many_statements_as_one(desk: Desk) -> None:
    waiting = [desk.put(a_trip(rider_id=uuid4().hex)) for _ in range(51)]
    with Statements(desk.engine) as one:
        desk.offer((waiting[0].id, uuid4().hex))
    with Statements(desk.engine) as fifty:
        outcome = desk.offer(*[(trip.id, uuid4().hex) for trip in waiting[1:]])
    assert len(outcome.made) == 50 and len(fifty.statements) == len(one.statements) == 5 and fifty.commits == 1


def test_a_page_of_a_hundred_trips_is_one_statement(desk: Desk) -> None:
    for each in range(101):
        desk.put(a_trip(TripState.CANCELLED, rider_id="rider-1", requested_at=NOON + timedelta(seconds=each)))

    def live(*page: object) -> list:
        with desk.store.begin() as session:
            return queries.newest(session, *page)

    with Statements(desk.engine) as sent:
        page, cursor = reading.list_trips(live, desk.history, ListTrips("rider-1", Role.RIDER, 100))
    assert len(page) == 100 and cursor and len(sent.statements) == 1


def test_all_waiting_trips_of_a_city_are_one_statement(desk: Desk) -> None:
    for _ in range(20):
        desk.offered()
    with Statements(desk.engine) as sent, desk.store.begin() as session:
        waiting = queries.waiting(session, "helsinki")
    assert len(waiting) == 20 and all(each.has_open_offer for each in waiting) and len(sent.statements) == 1
