"""From a requested trip to an offer, whatever fails on the way."""

from __future__ import annotations

import time
from typing import Any

import pytest
from nameko.containers import ServiceContainer
from nameko.testing.services import entrypoint_hook
from redis import Redis

from hansom.events import Event
from hansom.wire import iso
from services.matching.domain.news import effects_of
from services.matching.schemas import read_news
from services.matching.storage.redis import OFFERS, WaitingPool, lease_key, pool_key
from tests.support.dispatch import FAR, NEAR, Teller, World, a_trip, an_event, answer, made, request
from tests.support.waiting import eventually


@pytest.mark.usefixtures("matching")
def test_a_requested_trip_is_offered_to_the_nearest_driver_in_time(partners: World, teller: Teller) -> None:
    partners.drivers |= {"far": FAR, "near": NEAR}
    eventually(lambda: "list_waiting" in partners.calls)
    began = time.monotonic()
    trip_id = request(partners, teller)
    offer = eventually(lambda: partners.offer_of(trip_id))
    assert time.monotonic() - began < 1.6
    assert offer["driver_id"] == "near"
    assert 0 < offer["pickup_eta_s"] < 60


@pytest.mark.usefixtures("matching")
def test_a_decline_brings_the_next_driver_and_never_the_same_again(partners: World, teller: Teller) -> None:
    partners.drivers |= {"far": FAR, "near": NEAR}
    trip_id = request(partners, teller)
    assert made(partners, teller, trip_id)["driver_id"] == "near"
    answer(partners, teller, trip_id, "offer_declined")
    assert made(partners, teller, trip_id)["driver_id"] == "far"
    answer(partners, teller, trip_id, "offer_withdrawn", reason="expired")
    asked = partners.calls.count("find_candidates")
    eventually(lambda: partners.calls.count("find_candidates") > asked + 2)
    assert len(partners.offers) == 2


@pytest.mark.usefixtures("matching")
def test_two_riders_and_two_drivers_are_paired_in_one_batch(partners: World, teller: Teller) -> None:
    partners.drivers |= {"far": FAR, "near": NEAR}
    trips = [request(partners, teller) for _ in range(2)]
    eventually(lambda: len(partners.open_offers()) == 2)
    assert {offer["trip_id"] for offer in partners.open_offers()} == set(trips)


@pytest.mark.usefixtures("matching")
def test_an_assigned_trip_is_left_alone_and_a_returned_one_goes_to_another(partners: World, teller: Teller) -> None:
    partners.drivers |= {"far": FAR, "near": NEAR}
    trip_id = request(partners, teller)
    offer = made(partners, teller, trip_id)
    offer["open"] = False
    trip = partners.trips[trip_id]
    trip.update(state="assigned", driver_id="near", version=2)
    teller.tell(an_event("trip_assigned", trip_id, {"trip": trip}))
    trip = {**trip, "state": "requested", "driver_id": None, "version": 3}
    partners.trips[trip_id] = trip
    teller.tell(an_event("trip_returned", trip_id, {"trip": trip, "former_driver_id": "near", "reason": "flat tyre"}))
    assert made(partners, teller, trip_id)["driver_id"] == "far"


@pytest.mark.usefixtures("matching")
def test_a_cancelled_trip_is_not_offered(partners: World, teller: Teller, redis: Redis) -> None:
    trip_id = request(partners, teller)
    eventually(lambda: redis.hexists(pool_key("helsinki"), trip_id))
    trip = {**partners.trips[trip_id], "state": "cancelled"}
    partners.trips[trip_id] = trip
    teller.tell(an_event("trip_cancelled", trip_id, {"trip": trip, "driver_id": None}))
    eventually(lambda: not redis.hexists(pool_key("helsinki"), trip_id))
    partners.drivers["near"] = NEAR
    other = request(partners, teller)
    eventually(lambda: partners.offer_of(other))
    assert partners.offer_of(trip_id) is None


@pytest.mark.usefixtures("matching")
@pytest.mark.parametrize("service", ["trips", "location", "maps"])
def test_a_partner_that_is_down_delays_and_loses_nothing(service: str, partners: World, teller: Teller) -> None:
    partners.drivers |= {"near": NEAR}
    partners.down.add(service)
    trip_id = request(partners, teller)
    asked = {"trips": "list_waiting", "location": "find_candidates", "maps": "table"}[service]
    eventually(lambda: partners.calls.count(asked) >= 2, why="it did not try again")
    partners.down.clear()
    eventually(lambda: partners.offer_of(trip_id))


@pytest.mark.usefixtures("matching")
def test_the_pool_is_rebuilt_after_redis_was_emptied(partners: World, teller: Teller, redis: Redis) -> None:
    trip_id = request(partners, teller)
    eventually(lambda: redis.hexists(pool_key("helsinki"), trip_id))
    partners.excluded[trip_id].add("near")
    redis.flushdb()
    partners.drivers |= {"far": FAR, "near": NEAR}
    assert eventually(lambda: partners.offer_of(trip_id))["driver_id"] == "far"


@pytest.mark.usefixtures("matching")
def test_a_trip_whose_event_never_came_is_found(partners: World) -> None:
    partners.drivers["near"] = NEAR
    trip = a_trip()
    partners.trips[trip["id"]] = trip
    eventually(lambda: partners.offer_of(trip["id"]), why="reconciling did not find it")


@pytest.mark.usefixtures("matching")
def test_an_event_delivered_twice_changes_nothing(partners: World, teller: Teller) -> None:
    partners.drivers |= {"far": FAR, "near": NEAR}
    trip = a_trip()
    partners.trips[trip["id"]] = trip
    requested: Event = an_event("trip_requested", trip["id"], {"trip": trip})
    teller.tell(requested, requested)
    made(partners, teller, trip["id"])
    teller.tell(requested)
    declined = answer(partners, teller, trip["id"], "offer_declined")
    assert made(partners, teller, trip["id"])["driver_id"] != declined["driver_id"]


def test_two_replicas_have_one_leader_and_the_other_takes_over(
    matching: ServiceContainer, partners: World, teller: Teller, redis: Redis, start: Any
) -> None:
    leader = eventually(lambda: redis.get(lease_key("helsinki")))
    start()
    partners.drivers |= {"far": FAR, "near": NEAR}
    first = request(partners, teller)
    made(partners, teller, first)
    assert redis.get(lease_key("helsinki")) == leader
    matching.stop()
    assert eventually(lambda: redis.get(lease_key("helsinki"))) != leader
    second = request(partners, teller)
    eventually(lambda: partners.offer_of(second))
    assert len(partners.offers) == 2


def test_two_leaders_at_once_make_one_offer(partners: World, teller: Teller, matching: ServiceContainer) -> None:
    """As after Redis was emptied: both close the same window."""
    partners.drivers |= {"far": FAR, "near": NEAR}
    trip_ids = [request(partners, teller) for _ in range(2)]
    with entrypoint_hook(matching, "match_waiting") as match_waiting:
        for _ in range(3):
            match_waiting("helsinki", True)
    offers = partners.open_offers()
    assert sorted(offer["trip_id"] for offer in offers) == sorted(trip_ids)
    assert len({offer["driver_id"] for offer in offers}) == 2


def test_status_says_who_leads_and_how_many_wait(
    matching: ServiceContainer, partners: World, teller: Teller, redis: Redis
) -> None:
    request(partners, teller)

    def told() -> dict[str, Any]:
        with entrypoint_hook(matching, "status") as status:
            return status({})["cities"]["helsinki"]

    found = eventually(lambda: told() if told()["last_batch_at"] and told()["waiting"] == 1 else None)
    assert found["leader"]
    assert found["policy"] == "batch"
    assert found["open_offers"] == 0


def test_rebuilding_keeps_what_events_said_meanwhile(redis: Redis) -> None:
    """A trip that came while `trips` was asked is not thrown out by the older list."""
    pool = WaitingPool(redis)
    old, new, changed = a_trip(), a_trip(), a_trip()
    for trip in (old, changed):
        pool.apply(effects_of([read_news(an_event("trip_requested", trip["id"], {"trip": trip}))]).changes, 1)
    before = pool.read("helsinki", 1)
    later = {**changed, "waiting_since": iso(an_event("x", "y", {}).occurred_at)}
    for type_, trip in (("trip_requested", new), ("trip_returned", later)):
        pool.apply(effects_of([read_news(an_event(type_, trip["id"], {"trip": trip}))]).changes, 2)
    pool.rebuild("helsinki", before, [], [])
    after = pool.read("helsinki", 3)
    assert {trip.trip_id for trip in after.trips} == {new["id"], changed["id"]}
    assert after.built


@pytest.mark.usefixtures("matching")
def test_an_entry_that_cannot_be_read_stops_nobody(partners: World, teller: Teller, redis: Redis) -> None:
    """Such as one that another release wrote."""
    redis.hset(pool_key("helsinki"), mapping={"strange": "{}", "stranger": "not even JSON"})
    redis.hset(OFFERS, "strange", "what")
    partners.drivers["near"] = NEAR
    trip_id = request(partners, teller)
    eventually(lambda: partners.offer_of(trip_id))
    assert not redis.hexists(pool_key("helsinki"), "strange")


def test_a_leader_that_is_stopped_gives_its_lead_back(matching: ServiceContainer, redis: Redis) -> None:
    eventually(lambda: redis.get(lease_key("helsinki")))
    matching.stop()
    assert redis.get(lease_key("helsinki")) is None
