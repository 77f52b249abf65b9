"""A rider who waits learns how it stands, and what he was told is held against what came."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from nameko.containers import ServiceContainer
from nameko.testing.services import entrypoint_hook
from pymongo.database import Database
from redis import Redis

from hansom.amqp import connect
from hansom.contracts.errors import Unavailable
from hansom.contracts.topology import MOVES_EXCHANGE
from services.matching.domain.waiting import Ended, Promise, WaitingState
from services.matching.storage.mongo import SEEN, SHIFTS, DecisionRecords
from services.matching.storage.waits import MOST, EndedWait, Waits
from tests.support.dispatch import NEAR, Teller, World, an_event, made, request
from tests.support.waiting import eventually

NOW_MS = 1_800_000_000_000


@pytest.fixture
def ear(config: dict[str, Any], matching: ServiceContainer) -> Iterator[Callable[[str], list[dict[str, Any]]]]:
    """Hears what riders are told: gives the news of one trip so far."""
    connection = connect(config["AMQP_URI"])
    channel = connection.channel()
    queue = channel.queue_declare("", exclusive=True).queue
    channel.queue_bind(queue, MOVES_EXCHANGE)
    heard: list[dict[str, Any]] = []

    def hear(trip_id: str) -> list[dict[str, Any]]:
        while (message := channel.basic_get(queue, no_ack=True)) is not None:
            heard.extend(json.loads(message.body).get("waiting", ()))
        return [news for news in heard if news["trip_id"] == trip_id]

    yield hear
    connection.close()


def waiting(matching: ServiceContainer, trip_id: str) -> dict[str, Any] | None:
    with entrypoint_hook(matching, "get_waiting") as get_waiting:
        return get_waiting({"trip_id": trip_id})["waiting"]


def waits(matching: ServiceContainer, trip_id: str) -> list[dict[str, Any]]:
    with entrypoint_hook(matching, "get_decisions") as get_decisions:
        return get_decisions({"trip_id": trip_id})["waits"]


def test_a_rider_learns_that_all_are_busy_and_when_one_is_free_and_whether_that_was_true(
    matching: ServiceContainer, partners: World, teller: Teller, ear: Callable[[str], list[dict[str, Any]]]
) -> None:
    partners.busy |= {"a", "b", "c"}
    partners.finishing["a"] = (NEAR, 65.0)
    trip_id = request(partners, teller)
    told = eventually(lambda: waiting(matching, trip_id))
    assert told["text"] == "3 cars near, all busy; about 1 min"
    assert (told["cars_near"], told["busy_near"], told["finishing_near"], told["about_s"]) == (3, 3, 1, 65.0)
    [news] = eventually(lambda: ear(trip_id))
    assert news["rider_id"] == partners.trips[trip_id]["rider_id"]
    asked = partners.calls.count("look_around")
    eventually(lambda: partners.calls.count("look_around") > asked + 2)
    assert len(ear(trip_id)) == 1
    partners.drivers["near"] = NEAR
    offer = made(partners, teller, trip_id)
    eventually(lambda: (waiting(matching, trip_id) or {}).get("asked") == 1)
    offer["open"] = False
    trip = {**partners.trips[trip_id], "state": "assigned", "driver_id": "near"}
    partners.trips[trip_id] = trip
    teller.tell(an_event("trip_assigned", trip_id, {"trip": trip}))
    [wait] = eventually(lambda: waits(matching, trip_id))
    assert (wait["how"], wait["about_s"]) == ("assigned", 65.0)
    assert 0 < wait["actual_s"] <= wait["wait_s"] < 20
    eventually(lambda: waiting(matching, trip_id) is None)


def test_nothing_is_promised_when_nothing_is_known(matching: ServiceContainer, partners: World, teller: Teller) -> None:
    trip_id = request(partners, teller)
    told = eventually(lambda: waiting(matching, trip_id))
    assert (told["text"], told["about_s"], told["asked"]) == ("No car near", None, 0)
    trip = {**partners.trips[trip_id], "state": "expired"}
    partners.trips[trip_id] = trip
    teller.tell(an_event("trip_expired", trip_id, {"trip": trip}))
    [wait] = eventually(lambda: waits(matching, trip_id))
    assert (wait["how"], wait["about_s"], wait["actual_s"]) == ("expired", None, None)


@pytest.mark.usefixtures("matching")
def test_an_offer_is_made_though_riders_cannot_be_told(partners: World, teller: Teller) -> None:
    def away() -> None:
        raise Unavailable()

    partners.meanwhile["look_around"] = away
    partners.drivers["near"] = NEAR
    made(partners, teller, request(partners, teller))
    eventually(lambda: "look_around" in partners.calls)
    answered = partners.calls.count("find_candidates")
    request(partners, teller)
    eventually(lambda: partners.calls.count("find_candidates") > answered, why="the batches have stopped")


# -- what is kept ------------------------------------------------------------------------------------------------------
def a_wait(number: int, wait_s: float = 10.0, **more: Any) -> EndedWait:
    known: dict[str, Any] = {"city": "helsinki", "cell": "c", "since_ms": 0, "ended_ms": NOW_MS + number}
    return EndedWait(**{**known, "trip_id": f"t{number}", "wait_s": wait_s, "served": True, "late_s": None, **more})


def test_a_wait_is_learnt_from_once_and_not_for_ever(redis: Redis) -> None:
    store = Waits(redis)
    for _ in range(2):
        store.end([a_wait(1, 12.34, late_s=1.5), a_wait(2, 60.0, served=False)])
    known = store.read("helsinki", [], ["c"], NOW_MS)
    assert known.waits["c"] == [Ended(12.3, True), Ended(60.0, False)]
    assert known.kept == [Ended(1.5, True)]
    assert store.read("helsinki", [], ["c"], NOW_MS + 3_600_000).waits["c"] == []
    store.end([a_wait(number) for number in range(2 * MOST)])
    assert len(store.read("helsinki", [], ["c"], NOW_MS).waits["c"]) == MOST


def test_what_is_known_of_a_wait_comes_back_as_it_was_and_what_is_strange_is_left_out(redis: Redis) -> None:
    store = Waits(redis)
    state = WaitingState("t1", "r", 0, "No car near", 0, 0, 0, 0, False, 12.5, Promise(1, 12.5, 10.0), 5, "told")
    store.write([state])
    redis.set("matching:waiting:t2", '{"of": "another release"}')
    redis.set("matching:waiting:t3", "not even JSON")
    assert store.states(["t1", "t2", "t3", "t4"]) == {"t1": state}
    store.end([a_wait(1)])
    assert store.states(["t1"]) == {}


@pytest.mark.usefixtures("matching")
def test_each_batch_leaves_a_line_for_each_driver_and_drivers_hours_are_kept(
    partners: World, teller: Teller, database: Database[dict[str, Any]]
) -> None:
    partners.drivers["near"] = NEAR
    trip_id = request(partners, teller)
    made(partners, teller, trip_id)
    seen = eventually(lambda: database[SEEN].find_one({"driver_id": "near"}))
    assert [trip[:2] for trip in seen["trips"]] == [[trip_id, "offered"]]
    online = an_event("driver_availability_changed", "near", {"driver_id": "near", "online": True}, "drivers")
    teller.tell(online, online)
    eventually(lambda: database[SHIFTS].count_documents({"driver_id": "near"}))
    records = DecisionRecords(database, 30)
    since, until = online.occurred_at.replace(year=2000), online.occurred_at.replace(year=2100)

    def known() -> bool:
        looked, offers, shifts = records.of_driver("near", since, until)
        assert ([each["_id"] for each in looked], len(offers)) == ([seen["_id"]], 1)
        assert [each["online"] for each in shifts] == [True]
        return True

    eventually(known)
