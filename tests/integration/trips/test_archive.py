"""Finished trips move to MongoDB and none is lost, doubled or missed by a reader on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import eventlet
import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from hansom.contracts.trips import ListAllTrips, ListTrips, OfferState, Role, SeeTrip, TripState, UnknownTrip
from services.trips.domain.trip import Trip
from services.trips.storage import queries
from services.trips.storage.trips import TripRows
from services.trips.usecases import archiving
from services.trips.usecases.archiving import archive_done
from services.trips.usecases.reading import find_trip, list_all, list_trips, see_trip
from tests.integration.trips.conftest import Desk
from tests.support.trips_builders import NOON, a_trip, an_offer, driver, ops, rider
from tests.support.trips_world import SERVICE

DAY = timedelta(days=1)


def settled(**changes: Any) -> Trip:
    trip = a_trip(TripState.COMPLETED, **changes)
    return a_trip(
        TripState.COMPLETED,
        **{"settled_at": trip.completed_at, "settle_after": None, "fare_final": True, "id": trip.id, **changes},
    )


def archive(desk: Desk, older_than: timedelta = DAY) -> int:
    return archive_done(desk.units, desk.history, older_than, eventlet.sleep)


def live(desk: Desk) -> Callable[..., list[Trip]]:
    def newest(*page: Any) -> list[Trip]:
        with desk.store.begin() as session:
            return queries.newest(session, *page)

    return newest


def find_live(desk: Desk, trip_id: str) -> Trip | None:
    with desk.store.begin() as session:
        return TripRows(session).find(trip_id)


def all_pages(desk: Desk, limit: int, between: Callable[[], Any] = lambda: None, **who: Any) -> list[str]:
    """Ids of a user's trips, page by page, with something happening between the pages."""
    ids, cursor = [], None
    while True:
        page, cursor = list_trips(live(desk), desk.history, ListTrips(limit=limit, cursor=cursor, **who))
        ids += [trip.id for trip in page]
        if cursor is None:
            return ids
        between()


def test_only_what_nothing_changes_any_more_is_archived(desk: Desk) -> None:
    done = [
        desk.put(settled(rider_id="rider-1", driver_id="driver-1")),
        desk.put(a_trip(TripState.CANCELLED, rider_id="rider-2")),
        desk.put(a_trip(TripState.EXPIRED, rider_id="rider-3")),
    ]
    kept = [
        desk.put(a_trip(TripState.COMPLETED, rider_id="rider-4")),
        desk.put(a_trip(TripState.IN_PROGRESS, rider_id="rider-5", driver_id="driver-2")),
        desk.put(a_trip(rider_id="rider-6")),
        desk.put(a_trip(TripState.CANCELLED, rider_id="rider-7", requested_at=NOON + DAY)),
    ]
    desk.clock.time = NOON + DAY + timedelta(minutes=1)
    assert archive(desk) == len(done)
    assert [find_live(desk, trip.id) for trip in done] == [None] * 3
    assert [desk.history.find(trip.id) for trip in kept] == [None] * 4


def test_an_archived_trip_reads_the_same_to_the_millisecond(desk: Desk) -> None:
    trip = settled(requested_at=NOON + timedelta(milliseconds=123), cancel_reason="ünïcode", payment_method="card_ok")
    desk.put(trip, an_offer(trip, "driver-2", state=OfferState.DECLINED), an_offer(trip, state=OfferState.ACCEPTED))
    before = desk.trip(trip.id)
    desk.clock.time = NOON + 2 * DAY
    archive(desk)
    assert find_trip(partial(find_live, desk), desk.history, trip.id) == before == trip


def test_parties_see_an_archived_trip_and_others_do_not(desk: Desk) -> None:
    trip = desk.put(settled())
    desk.clock.time = NOON + 2 * DAY
    archive(desk)
    for actor in (rider(), driver(), ops()):
        assert see_trip(partial(find_live, desk), desk.history, SeeTrip(trip.id, actor)).id == trip.id
    with pytest.raises(UnknownTrip):
        find_trip(partial(find_live, desk), desk.history, "no-such-trip")


def test_pages_stay_put_while_trips_move_to_the_archive_between_them(desk: Desk) -> None:
    asked = [
        desk.put(settled(rider_id="rider-1", driver_id="driver-1", requested_at=NOON + timedelta(seconds=each // 2)))
        for each in range(23)
    ]
    newest_first = [trip.id for trip in sorted(asked, key=lambda trip: (trip.requested_at, trip.id), reverse=True)]
    desk.clock.time = NOON + DAY

    def some_move() -> None:
        desk.clock.forward(3)
        archive(desk)

    assert all_pages(desk, 5, some_move, user_id="rider-1", role=Role.RIDER) == newest_first
    assert 0 < len(desk.history.walk("", 100)) < 23
    desk.clock.forward(60)
    archive(desk)
    assert all_pages(desk, 5, user_id="driver-1", role=Role.DRIVER) == newest_first
    assert len(desk.history.walk("", 100)) == 23


def test_a_reader_misses_no_trip_while_the_archive_runs(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archiving, "BATCH", 7)
    asked = {desk.put(settled(rider_id="rider-1", driver_id=uuid4().hex)).id for _ in range(60)}
    desk.clock.time = NOON + 2 * DAY
    moving = eventlet.spawn(archive, desk)
    looks = 0
    while not moving.dead or looks < 3:
        assert set(all_pages(desk, 100, user_id="rider-1", role=Role.RIDER)) == asked
        looks += 1
        eventlet.sleep(0)
    assert moving.wait() == 60 and looks > 3


def test_ops_filter_live_and_archived_trips_alike(desk: Desk) -> None:
    for each in range(6):
        state = TripState.CANCELLED if each % 2 else TripState.EXPIRED
        desk.put(a_trip(state, rider_id=f"rider-{each}", requested_at=NOON + timedelta(hours=each)))
    desk.clock.time = NOON + DAY + timedelta(hours=3)
    assert archive(desk) == 3
    wanted = ListAllTrips(state=TripState.CANCELLED, requested_from=NOON, requested_to=NOON + timedelta(hours=5))
    page, cursor = list_all(live(desk), desk.history, wanted)
    assert [trip.rider_id for trip in page] == ["rider-3", "rider-1"] and cursor is None
    page, _ = list_all(live(desk), desk.history, ListAllTrips(rider_id="rider-2", category="standard"))
    assert [trip.rider_id for trip in page] == ["rider-2"]


def test_while_mongodb_is_down_nothing_leaves_postgres(desk: Desk, desk_settings: dict[str, Any]) -> None:
    trip = desk.put(settled())
    desk.clock.time = NOON + 2 * DAY
    desk.history._collection = _nowhere()
    with pytest.raises(PyMongoError):
        archive(desk)
    assert desk.trip(trip.id) == trip


def _nowhere() -> Any:
    return MongoClient("mongodb://127.0.0.1:1", serverSelectionTimeoutMS=100)["nowhere"]["trips_history"]


CRASHING = """
import eventlet; eventlet.monkey_patch()
import json, os, sys, signal
from datetime import datetime, timedelta
from hansom.mongo import mongo_database
from hansom.store import engine_for, transactions
from services.trips.outgoing import UnitsOfWork
from services.trips.storage.mongo import History
from services.trips.usecases.archiving import archive_done
from tests.integration.trips.conftest import WRITER
from tests.support.trips_builders import HandClock

class KilledAfterWriting(History):
    def keep(self, done, at):
        super().keep(done, at)
        os.kill(os.getpid(), signal.SIGKILL)

config = json.loads(sys.argv[1])
store = transactions(engine_for(config, sys.argv[2]))
units = UnitsOfWork(store, WRITER, HandClock(datetime.fromisoformat(sys.argv[3])))
archive_done(units, KilledAfterWriting(mongo_database(config, "crash")), timedelta(days=1), eventlet.sleep)
"""


def test_a_crash_between_the_write_and_the_delete_loses_and_doubles_nothing(
    desk: Desk, desk_settings: dict[str, Any]
) -> None:
    asked = [desk.put(settled(rider_id="rider-1", driver_id=uuid4().hex)) for _ in range(7)]
    desk.clock.time = NOON + 2 * DAY
    _crash(desk, desk_settings)
    in_both = {trip.id for trip in asked}
    assert {trip.id for trip in desk.history.walk("", 100)} == in_both
    assert {trip.id for trip in asked if find_live(desk, trip.id)} == in_both
    listed = all_pages(desk, 3, user_id="rider-1", role=Role.RIDER)
    assert len(listed) == 7 and set(listed) == in_both
    assert archive(desk) == 7
    assert {trip.id for trip in desk.history.walk("", 100)} == in_both
    assert [find_live(desk, trip.id) for trip in asked] == [None] * 7


def _crash(desk: Desk, settings: dict[str, Any]) -> None:
    """Archive in a process that is killed -9 once MongoDB has acknowledged."""
    command = [sys.executable, "-W", "ignore", "-c", CRASHING]
    arguments = [json.dumps(settings, default=str), SERVICE, desk.clock.now().isoformat()]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(["src", "."])}
    done = subprocess.run(
        [*command, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
