"""What trips tells the audit of money: every trip once, live or archived, in the order of ids."""

from __future__ import annotations

from typing import Any

from hansom.contracts.trips import TripState
from services.trips.schemas import money_reply
from services.trips.usecases.accounting import trips_after
from tests.integration.trips.conftest import Desk
from tests.support.trips_builders import NOON, a_trip


def all_of(desk: Desk, page: int) -> list[dict[str, Any]]:
    """Every page, read to the end."""
    items: list[dict[str, Any]] = []
    while True:
        found = trips_after(desk.units, desk.history, items[-1]["trip_id"] if items else "", page)
        items += [money_reply(trip) for trip in found]
        if len(found) < page:
            return items


def test_live_and_archived_trips_are_one_list_and_one_on_its_way_is_in_it_once(desk: Desk) -> None:
    ended = {"settled_at": NOON, "settle_after": None, "fare_final": True}
    live = [a_trip(rider_id=f"rider-{number}") for number in range(5)]
    archived = [a_trip(TripState.COMPLETED, rider_id=f"rider-{number}", **ended) for number in range(5, 10)]
    for trip in live:
        desk.put(trip)
    moving = desk.put(archived[0])
    desk.history.keep([(trip, []) for trip in archived], NOON)
    for page in (1, 3, 100):
        ids = [item["trip_id"] for item in all_of(desk, page)]
        assert ids == sorted(trip.id for trip in (*live, *archived))
        assert ids.count(moving.id) == 1


def test_a_trip_says_what_it_costs(desk: Desk) -> None:
    trip = desk.put(a_trip(rider_id="rider-1", discount_minor=100, promo_code="WELCOME"))
    [told] = all_of(desk, 10)
    assert told["trip_id"] == trip.id and told["fare"] == trip.fare.as_dict()
    assert told["discount"] == {"amount_minor": 100, "currency": trip.fare.currency}
    assert (told["settled_at"], told["fee"]) == (None, None)
