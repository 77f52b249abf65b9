"""What matching asks location and trips is what they read, and it reads what they answer."""

from __future__ import annotations

from hansom.values import Point
from services.location import schemas as location
from services.location.domain.finishing import Finishing
from services.location.domain.positions import Position
from services.location.domain.search import Car
from services.matching import schemas as matching
from services.matching.domain.model import Considered, FreeDriver, WaitingTrip
from services.matching.domain.pool import OpenOffer
from services.matching.usecases.ports import Wanted
from services.trips import schemas as trips
from services.trips.domain.offer import WaitingTrip as Unassigned
from tests.support.trips_builders import a_trip, an_offer

HERE, THERE = Point(60.17, 24.94), Point(60.18, 24.95)


def a_car(driver_id: str) -> Car:
    return Car(Position(driver_id, HERE.lat, HERE.lng, 0, 0, None, None, None), ("standard",))


def test_location_reads_whom_matching_looks_for() -> None:
    waiting = [
        WaitingTrip("bare", "standard", HERE, excluded=frozenset({"declined"})),
        WaitingTrip("offered", "standard", HERE),
    ]
    request = matching.candidates_request(waiting, Wanted(30, frozenset({"asked"}), {"offered": "asked"}, 120.0))
    bare, offered = location.candidate_requests(request["requests"])
    assert bare == {"trip_id": "bare", "point": HERE, "category": "standard", "exclude": ["asked", "declined"]}
    assert offered["exclude"] == []
    assert (location.limit_of(request, 5), location.finishing_within_s(request)) == (30, 120.0)


def test_matching_reads_who_is_free_and_who_will_be() -> None:
    reply = {
        "items": location.candidate_items({"t": [a_car("free"), a_car("asked")]}),
        "finishing": location.finishing_items({"t": [Finishing("soon", THERE, 40.0, ("standard",))]}),
    }
    found = matching.read_candidates(reply, Wanted(30, frozenset({"asked"})))
    assert found == {"t": [FreeDriver("free", HERE), FreeDriver("soon", THERE, free_in_s=40.0)]}
    standing = matching.read_candidates(reply, Wanted(30, frozenset({"asked"}), {"t": "asked"}))
    assert [driver.driver_id for driver in standing["t"]] == ["free", "asked", "soon"]


def test_trips_reads_offers_that_replace_others_and_matching_what_came_of_them() -> None:
    pairs = [Considered(trip_id, "d", 10.0, 20.0, 20.0, None) for trip_id in ("bare", "offered")]
    replaced = {"offered": OpenOffer("offered", "old", "former", 1)}
    first, second = trips.decode(trips.MAKE_OFFERS, matching.offers_request(pairs, replaced, 15.0))["offers"]
    assert (first.trip_id, first.replaces, second.replaces) == ("bare", None, "old")
    offer = an_offer(a_trip(id="offered"), "d")
    reply = {
        "made": [dict(trips.offer_reply(offer))],
        "refused": [{"trip_id": "bare", "driver_id": "d", "reason": "x"}],
    }
    outcome = matching.read_outcome(reply, replaced)
    assert [(made.offer_id, made.pickup_eta_s) for made in outcome.made] == [(offer.id, offer.pickup_eta_s)]
    assert outcome.replaced == replaced
    assert matching.read_outcome({"made": [], "refused": []}, replaced).replaced == {}


def test_matching_reads_the_trips_that_wait_with_where_they_go_and_for_how_long() -> None:
    trip = a_trip()
    listed = matching.read_waiting(dict(trips.waiting_reply(Unassigned(trip, ["asked"], has_open_offer=True))))
    assert (listed.trip.dropoff, listed.trip.ride_s) == (trip.dropoff, trip.duration_s)
    seen = listed.trip.as_waiting(listed.trip.waiting_since_ms + 30_000, frozenset(listed.excluded), 120.0)
    assert (seen.patience_left_s, seen.ride_s, seen.excluded) == (90.0, trip.duration_s, frozenset({"asked"}))
