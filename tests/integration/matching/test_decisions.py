"""Every driver considered, and why: kept in MongoDB, off the way of riders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from nameko.containers import ServiceContainer
from nameko.testing.services import entrypoint_hook
from pymongo.database import Database

from hansom.values import Point
from services.matching.storage.mongo import ANSWERS, DECISIONS, DecisionRecords, ensure_indexes
from tests.support.dispatch import FAR, NEAR, Teller, World, a_trip, an_event, answer, made, request
from tests.support.waiting import eventually

Start = Callable[..., ServiceContainer]

ISLAND = Point(60.30, 25.30)


def decisions(matching: ServiceContainer, trip_id: str) -> list[dict[str, Any]]:
    with entrypoint_hook(matching, "get_decisions") as get_decisions:
        return get_decisions({"trip_id": trip_id})["items"]


def batch_over(matching: ServiceContainer) -> bool:
    """Whether a batch that made an offer has ended: its records are on their way then."""
    with entrypoint_hook(matching, "status") as status:
        return bool(status({})["cities"]["helsinki"].get("made"))


def test_a_trip_explains_who_was_considered_and_what_they_said(
    matching: ServiceContainer, partners: World, teller: Teller
) -> None:
    partners.drivers |= {"far": FAR, "near": NEAR, "island": ISLAND}
    trip_id = request(partners, teller)
    made(partners, teller, trip_id)
    answer(partners, teller, trip_id, "offer_declined")
    made(partners, teller, trip_id)["open"] = False
    trip = {**partners.trips[trip_id], "state": "assigned", "driver_id": "far"}
    partners.trips[trip_id] = trip
    teller.tell(an_event("trip_assigned", trip_id, {"trip": trip}))

    def told() -> list[dict[str, Any]]:
        lines = decisions(matching, trip_id)
        assert {line["answer"] for line in lines} >= {"declined", "accepted"}
        return lines

    lines = eventually(told)
    second, first = lines[0], next(line for line in lines if line["driver_id"] == "near")
    assert (first["answer"], second["driver_id"], second["answer"]) == ("declined", "far", "accepted")
    assert first["offer_id"] and first["pickup_eta_s"] > 0 and first["answered_at"]
    batch = {line["driver_id"]: line["dropped"] for line in lines if line["batch_id"] == first["batch_id"]}
    assert batch == {"near": None, "far": "another_driver", "island": "too_far"}


def test_an_unknown_trip_has_no_decisions(matching: ServiceContainer) -> None:
    assert decisions(matching, "nobody") == []


def test_records_that_come_twice_or_late_are_kept_once(settings: dict[str, Any], database: Database[Any]) -> None:
    records = DecisionRecords(database, 30)
    at = "2026-01-01T00:00:00.000Z"
    row = {"driver_id": "d", "distance_m": 1.0, "pickup_eta_s": 2.0, "score": 2.0, "dropped": None, "offer_id": "o"}
    decision = {
        "decisions": [{"batch_id": "b", "trip_id": "t", "batch_at": at, "policy": "batch", "considered": [row]}]
    }
    key = {"trip_id": "t", "driver_id": "d"}
    answers = [
        {**key, "offer_id": "o", "answer": "declined", "at": at},
        {**key, "offer_id": "o", "answer": None, "at": at},
    ]
    for message in ({"answers": answers}, decision, decision, {"answers": answers}):
        records.write([message])
    assert database[DECISIONS].count_documents({}) == 1
    assert database[ANSWERS].count_documents({}) == 1
    assert records.of_trip("t")[1]["d"]["answer"] == "declined"


def test_records_end_after_the_days_they_are_kept(database: Database[Any]) -> None:
    ensure_indexes(database)
    ensure_indexes(database)
    for name in (DECISIONS, ANSWERS):
        expires = next(index for index in database[name].list_indexes() if index["name"] == "expires")
        assert expires["expireAfterSeconds"] == 0


@pytest.mark.usefixtures("redis", "database")
def test_mongodb_being_down_delays_no_rider_and_loses_no_record(start: Start, partners: World, teller: Teller) -> None:
    partners.drivers["near"] = NEAR
    without_mongo = start(MONGO_URI="mongodb://127.0.0.1:1/?directConnection=true&serverSelectionTimeoutMS=100")
    trip_id = request(partners, teller)
    made(partners, teller, trip_id)
    eventually(lambda: batch_over(without_mongo))
    without_mongo.kill()
    matching = start()

    def told() -> bool:
        lines = decisions(matching, trip_id)
        assert [(line["driver_id"], line["batch_id"] is not None) for line in lines] == [("near", True)]
        return True

    eventually(told, within_s=10)


@pytest.mark.usefixtures("matching")
def test_an_offer_whose_batch_was_not_recorded_is_told_of(matching: ServiceContainer, teller: Teller) -> None:
    trip = a_trip()
    data = {"trip_id": trip["id"], "offer_id": "o1", "driver_id": "d1", "expires_at": trip["requested_at"]}
    teller.tell(an_event("offer_made", trip["id"], data))
    [line] = eventually(lambda: decisions(matching, trip["id"]))
    assert (line["driver_id"], line["offer_id"], line["batch_id"]) == ("d1", "o1", None)
