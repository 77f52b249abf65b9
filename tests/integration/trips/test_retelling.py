"""What operators ask of trips - what happened, whose, how many - is the same before and after the archive."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import eventlet
import pytest

from hansom.contracts.timeline import Who
from hansom.contracts.trips import Actor, CancelTrip, ListAllTrips, OfferState, Role, TripState, UnknownTrip
from services.trips.domain.timeline import timeline
from services.trips.domain.trip import Trip
from services.trips.schemas import trip_reply
from services.trips.storage import queries
from services.trips.storage.trips import TripRows
from services.trips.usecases.archiving import archive_done
from services.trips.usecases.cancelling import cancel_trip
from services.trips.usecases.reading import count_of_driver, find_with_offers, list_all
from tests.integration.trips.conftest import Desk
from tests.support.trips_builders import NOON, a_trip, an_offer

AFTER = timedelta(days=2)


def settled(**changes: Any) -> Trip:
    trip = a_trip(TripState.COMPLETED, **changes)
    return replace(trip, settled_at=trip.completed_at, settle_after=None, fare_final=True)


def archive(desk: Desk) -> int:
    desk.clock.time = NOON + AFTER
    return archive_done(desk.units, desk.history, timedelta(days=1), eventlet.sleep)


def reading(desk: Desk, read: Callable[..., Any]) -> Callable[..., Any]:
    """A read of the live trips in a transaction of its own."""

    def do(*arguments: Any) -> Any:
        with desk.store.begin() as session:
            return read(session, *arguments)

    return do


def found(desk: Desk, **wanted: Any) -> set[str]:
    page, _ = list_all(reading(desk, queries.newest), desk.history, ListAllTrips(**wanted))
    return {trip.id for trip in page}


def test_a_timeline_reads_the_same_from_the_archive(desk: Desk) -> None:
    trip = settled()
    declined = an_offer(
        trip, "driver-2", state=OfferState.DECLINED, answered_at=NOON + timedelta(milliseconds=500), shown_at=NOON
    )
    desk.put(trip, declined, an_offer(trip, state=OfferState.ACCEPTED, answered_at=trip.assigned_at))
    live = reading(desk, lambda session, trip_id: TripRows(session).find_with_offers(trip_id))
    read = partial(find_with_offers, live, desk.history, trip.id)
    before = timeline(*read())
    assert archive(desk) == 1
    assert live(trip.id) is None
    assert timeline(*read()) == before
    with pytest.raises(UnknownTrip):
        find_with_offers(live, desk.history, "no-such-trip")


def test_the_operator_who_cancelled_is_kept_and_no_party_of_the_trip_is_told(desk: Desk) -> None:
    trip = desk.put(a_trip())
    ends = [CancelTrip(trip.id, Actor(who, Role.OPS), "asked by phone") for who in ("olga", "otto")]
    for each in ends:
        with desk.units() as unit:
            cancelled = cancel_trip(unit, each, timedelta(0))
    live = reading(desk, lambda session, trip_id: TripRows(session).find_with_offers(trip_id))

    def check() -> None:
        found, offers = find_with_offers(live, desk.history, trip.id)
        assert timeline(found, offers)[-1].who == Who("ops", "olga"), "the first: the second changed nothing"

    check()
    [(told, data)] = desk.events(trip.id)
    assert (told, data["operator_id"]) == ("trip_cancelled", "olga")
    assert "olga" not in json.dumps([data["trip"], trip_reply(cancelled, NOON, with_pin=True)])
    assert archive(desk) == 1
    check()


def test_trips_are_found_by_their_people_their_id_and_their_city_live_and_archived(desk: Desk) -> None:
    mine = desk.put(settled(rider_id="aino", driver_id="dora"))
    desk.put(settled(rider_id="other", driver_id="another"))

    def check() -> None:
        assert found(desk, people=["aino"]) == found(desk, people=["nobody", "dora"]) == {mine.id}
        assert found(desk, people=[]) == set()
        assert mine.id in found(desk, id_prefix=mine.id[:12])
        assert found(desk, id_prefix=mine.id, people=["nobody"]) == {mine.id}, "either will do"
        assert found(desk, people=["aino"], city="helsinki") == {mine.id}
        assert found(desk, people=["aino"], city="turku") == set()
        assert found(desk, people=["aino"], state=TripState.CANCELLED) == set()
        assert found(desk, ids=[mine.id, "no-such-trip"], city="helsinki") == {mine.id}
        assert found(desk, ids=[mine.id], people=["other"]) == found(desk, ids=[]) == set(), "both must be so"

    check()
    assert archive(desk) == 2
    check()


def test_a_search_goes_on_where_its_page_ended(desk: Desk) -> None:
    asked = [desk.put(settled(rider_id="aino", requested_at=NOON + timedelta(seconds=each))).id for each in range(4)]
    archive(desk)
    newest = reading(desk, queries.newest)
    page, cursor = list_all(newest, desk.history, ListAllTrips(people=["aino"], limit=3))
    rest, last = list_all(newest, desk.history, ListAllTrips(people=["aino"], limit=3, cursor=cursor))
    assert ([trip.id for trip in (*page, *rest)], last) == (asked[::-1], None)


def test_a_drivers_trips_are_counted_once_wherever_they_are(desk: Desk) -> None:
    first = desk.put(settled(driver_id="dora"))
    states = reading(desk, queries.states_of_driver)
    count = partial(count_of_driver, states, desk.history, "dora")
    assert count() == {"trips": 1, "completed": 1, "cancelled": 0}
    desk.history.keep([(first, [])], NOON)
    assert count() == {"trips": 1, "completed": 1, "cancelled": 0}, "on its way: in both"
    archive(desk)
    desk.put(a_trip(TripState.IN_PROGRESS, rider_id="rider-2", driver_id="dora"))
    assert count() == {"trips": 2, "completed": 1, "cancelled": 0}
