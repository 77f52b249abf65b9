"""Drivers who fall silent or do not come lose the trip, once, and never one that they have reached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import eventlet
import pytest
from eventlet.event import Event
from sqlalchemy import select

from hansom.contracts.errors import DeadlineExceeded
from hansom.contracts.trips import CancelTrip, DriveTrip, NotYourTrip, OfferState, TripState
from hansom.values import Point
from hansom.wire import iso
from services.trips.domain.approach import Listening, Sighting, WatchRule
from services.trips.domain.trip import Trip
from services.trips.storage.queries import waiting
from services.trips.storage.tables import approaches
from services.trips.usecases import returning
from services.trips.usecases.cancelling import cancel_trip
from services.trips.usecases.driving import arrive
from services.trips.usecases.expiring import expire_trips
from tests.integration.trips.conftest import Desk
from tests.integration.trips.test_races import at_once
from tests.support.trips_builders import GRACE, NOON, PICKUP, a_trip, an_offer
from tests.support.trips_builders import driver as a_driver
from tests.support.trips_builders import rider as a_rider
from tests.support.trips_calls import Call, assigned, driver
from tests.support.trips_world import World
from tests.support.waiting import eventually

RULE = WatchRule(silent=timedelta(seconds=120), late=timedelta(seconds=600))
ROUNDS = 25
AWAY = Point(PICKUP.lat + 0.01, PICKUP.lng)


class Ears:
    """What location says of drivers: by default it has listened all the while, and heard nothing of any."""

    def __init__(self, desk: Desk, **seen: Sighting) -> None:
        self.desk, self.seen = desk, seen
        self.since: datetime | None = NOON - timedelta(hours=1)
        self.asked: list[Sequence[str]] = []
        self.meanwhile: Callable[[], Any] = lambda: None

    def __call__(self, driver_ids: Sequence[str]) -> tuple[dict[str, Sighting], Listening | None]:
        self.asked.append(driver_ids)
        self.meanwhile()
        return self.seen, None if self.since is None else Listening(self.since, self.desk.clock.now())

    def away(self, driver_ids: Sequence[str]) -> tuple[dict[str, Sighting], Listening | None]:
        raise DeadlineExceeded()


def on_the_way(desk: Desk, driver_id: str = "driver-1", **changes: Any) -> Trip:
    """A trip that its driver accepted a second after NOON, to be there in two minutes."""
    trip = a_trip(TripState.ASSIGNED, rider_id=uuid4().hex, driver_id=driver_id, **changes)
    return desk.put(trip, an_offer(trip, driver_id, state=OfferState.ACCEPTED))


def watch(desk: Desk, ears: Callable[..., Any]) -> int:
    return returning.return_abandoned(desk.units, ears, RULE)


def test_a_driver_who_falls_silent_loses_the_trip_and_his_rider_is_first_in_line(desk: Desk) -> None:
    trip = on_the_way(desk)
    other = desk.put(a_trip())
    desk.clock.forward(120)
    assert watch(desk, Ears(desk)) == 0
    desk.clock.forward(1)
    assert watch(desk, Ears(desk)) == 1 and watch(desk, Ears(desk)) == 0
    after = desk.trip(trip.id)
    assert (after.state, after.driver_id, after.waiting_since) == (TripState.REQUESTED, None, desk.clock.now())
    assert (after.history[-1].verb, after.history[-1].by) == ("release", "driver_silent")
    ((type_, data),) = desk.events(trip.id)
    assert (type_, data["former_driver_id"], data["reason"]) == ("trip_returned", "driver-1", "driver_silent")
    with desk.store.begin() as session:
        found = {each.trip.id: each for each in waiting(session, "helsinki")}
    assert found[trip.id].trip.returns == 1 and list(found[trip.id].asked_driver_ids) == ["driver-1"]
    assert found[other.id].trip.returns == 0
    assert [why for _, why in desk.offer((trip.id, "driver-1")).refused] == ["driver_excluded"]
    assert expire_trips(desk.units, timedelta(seconds=120)) == 1, "only the other: this rider is patient anew"
    assert desk.trip(trip.id).state == TripState.REQUESTED


def test_a_silent_driver_who_comes_back_learns_that_the_trip_is_gone(desk: Desk) -> None:
    trip = on_the_way(desk)
    desk.clock.forward(300)
    assert watch(desk, Ears(desk)) == 1
    with desk.units() as unit, pytest.raises(NotYourTrip):
        arrive(unit, DriveTrip(trip.id, "driver-1"))
    with desk.units() as unit:
        left = cancel_trip(unit, CancelTrip(trip.id, a_driver("driver-1")), GRACE)
    assert (left.state, len(desk.told(trip.id))) == (TripState.REQUESTED, 1)


def test_nobody_is_judged_while_location_is_away_or_has_heard_nobody(desk: Desk) -> None:
    trip = on_the_way(desk)
    desk.clock.forward(3600)
    ears = Ears(desk)
    assert watch(desk, ears.away) == 0
    ears.since = None
    assert watch(desk, ears) == 0
    ears.since = desk.clock.now() - timedelta(seconds=119)  # Redis was emptied two minutes ago
    assert watch(desk, ears) == 0
    assert desk.told(trip.id) == []


def test_a_driver_who_has_arrived_or_drives_is_not_watched(desk: Desk) -> None:
    for state in (TripState.ARRIVED, TripState.IN_PROGRESS):
        trip = a_trip(state, rider_id=uuid4().hex, driver_id=uuid4().hex)
        desk.put(trip)
    desk.clock.forward(3600)
    ears = Ears(desk)
    assert watch(desk, ears) == 0 and ears.asked == []


def test_a_driver_who_does_not_come_loses_the_trip_unless_he_comes_nearer(desk: Desk) -> None:
    trip = on_the_way(desk)  # promised for NOON + 121 s
    ears = Ears(desk)

    def is_at(seconds: float, point: Point) -> int:
        desk.clock.time = NOON + timedelta(seconds=seconds)
        ears.seen = {"driver-1": Sighting(desk.clock.now(), point)}
        return watch(desk, ears)

    assert is_at(200, AWAY) == 0
    assert is_at(700, Point(PICKUP.lat + 0.008, PICKUP.lng)) == 0, "some 220 m nearer"
    assert is_at(799, AWAY) == 0
    assert is_at(1299, AWAY) == 0
    assert is_at(1300, AWAY) == 1
    assert desk.events(trip.id)[0][1]["reason"] == "driver_no_show"
    second = desk.offer((trip.id, "driver-2")).made[0]
    desk.accept(second)
    desk.clock.forward(200)
    ears.seen = {"driver-2": Sighting(desk.clock.now(), AWAY)}
    assert watch(desk, ears) == 0, "what is remembered of the first driver is not held against the second"
    with desk.store.begin() as session:
        (row,) = session.execute(select(approaches)).all()
    assert (row.trip_id, row.version) == (trip.id, desk.trip(trip.id).version)


def test_what_happens_to_a_trip_while_its_driver_is_judged_comes_first(desk: Desk) -> None:
    arrived, cancelled = on_the_way(desk, "driver-1"), on_the_way(desk, "driver-2")
    desk.clock.forward(300)
    ears = Ears(desk)

    def meanwhile() -> None:
        _arrive(desk, arrived)
        with desk.units() as unit:
            cancel_trip(unit, CancelTrip(cancelled.id, a_rider(cancelled.rider_id)), GRACE)

    ears.meanwhile = meanwhile
    assert watch(desk, ears) == 0
    assert (desk.told(arrived.id), desk.told(cancelled.id)) == (["driver_arrived"], ["trip_cancelled"])


def test_a_driver_who_arrives_in_the_very_moment_was_first_or_is_refused(desk: Desk) -> None:
    seen = set()
    for round_ in range(ROUNDS * 2):
        trip, ears = on_the_way(desk, uuid4().hex), Ears(desk)
        desk.clock.time = NOON + timedelta(seconds=300)
        judged = Event()
        ears.meanwhile = partial(judged.send, None)

        def arrival(trip: Trip = trip, judged: Event = judged, late: bool = round_ % 2 == 0) -> bool:
            if late:
                judged.wait()
            try:
                return _arrive(desk, trip).state == TripState.ARRIVED
            except NotYourTrip:
                return False

        arriving = eventlet.spawn(arrival)
        taken = watch(desk, ears)
        seen.add(taken)
        assert arriving.wait() == (taken == 0)
        assert desk.told(trip.id) == ["trip_returned" if taken else "driver_arrived"]
        assert desk.states(trip.id) == {trip.driver_id: "released" if taken else "accepted"}
    assert seen == {0, 1}


def test_two_replicas_at_once_take_a_trip_once(desk: Desk) -> None:
    for _ in range(ROUNDS):
        trip = on_the_way(desk, uuid4().hex)
        desk.clock.time = NOON + timedelta(seconds=300)
        assert sum(at_once(*[partial(watch, desk, Ears(desk)) for _ in range(3)])) == 1
        assert desk.told(trip.id) == ["trip_returned"]


def test_of_thousands_location_is_asked_in_portions(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(returning, "AT_ONCE", 5)
    for n in range(12):
        on_the_way(desk, f"driver-{n}")
    desk.clock.forward(300)
    ears = Ears(desk)
    assert watch(desk, ears) == 0, "all twelve silent: not believed"
    assert [len(asked) for asked in ears.asked] == [5, 5, 2]
    assert len({driver_id for asked in ears.asked for driver_id in asked}) == 12


def test_the_service_asks_location_and_tells_that_a_silent_driver_lost_the_trip(call: Call, world: World) -> None:
    trip = assigned(call, world)
    world.listening = {"listening_since": iso(NOON), "listening_until": "2030-01-01T00:00:00.000Z"}
    eventually(lambda: world.told(trip["id"])[-1:] == ["trip_returned"])
    assert world.events[-1].data["reason"] == "driver_silent"
    (found,) = call("list_waiting", city="helsinki")["items"]
    assert found["returned"] and found["excluded_driver_ids"] == [trip["driver_id"]]
    assert call("cancel_trip", trip_id=trip["id"], actor=driver(trip["driver_id"]))["state"] == "requested"


def _arrive(desk: Desk, trip: Trip) -> Trip:
    assert trip.driver_id is not None
    with desk.units() as unit:
        return arrive(unit, DriveTrip(trip.id, trip.driver_id))
