"""What foresight is shown: who is about to finish, how drivers answer, how long they idle, what places are worth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from nameko.containers import ServiceContainer
from nameko.testing.services import entrypoint_hook
from redis import Redis

from hansom.cities import cities
from services.matching.domain.news import effects_of
from services.matching.domain.pool import Habits
from services.matching.schemas import read_news
from services.matching.settings import dispatch_of
from services.matching.storage.redis import WaitingPool
from tests.support.dispatch import FAR, NEAR, PICKUP_SEGMENT, Teller, World, an_event, request
from tests.support.waiting import eventually

AT_MS = 1767225600000
"""2026-01-01T00:00:00Z."""


@pytest.fixture
def foreseeing(
    start: Callable[..., ServiceContainer], partners: World, redis: Redis, database: Any, teller: Teller
) -> ServiceContainer:
    """Matching in a city that is dispatched with foresight."""
    return start(MATCHING_POLICY="foresight", MATCHING_WORTHS_S=0.5)


def rows(matching: ServiceContainer, trip_id: str) -> list[dict[str, Any]]:
    with entrypoint_hook(matching, "get_decisions") as get_decisions:
        return get_decisions({"trip_id": trip_id})["items"]


def test_a_trip_waits_for_the_driver_who_is_about_to_finish_around_the_corner(
    foreseeing: ServiceContainer, partners: World, teller: Teller
) -> None:
    partners.drivers["far"] = FAR
    partners.finishing["soon"] = (NEAR, 8.0)
    trip_id = request(partners, teller)

    def held() -> bool:
        assert ("soon", "held") in [(row["driver_id"], row["dropped"]) for row in rows(foreseeing, trip_id)]
        return True

    eventually(held)
    assert partners.offer_of(trip_id) is None
    partners.drivers["soon"] = partners.finishing.pop("soon")[0]
    assert eventually(lambda: partners.offer_of(trip_id))["driver_id"] == "soon"


def test_where_a_ride_ends_counts_once_it_is_learnt(
    foreseeing: ServiceContainer, partners: World, teller: Teller
) -> None:
    partners.worths[PICKUP_SEGMENT] = 200.0
    asked = partners.calls.count("worths")
    eventually(lambda: partners.calls.count("worths") >= asked + 2)
    partners.drivers["near"] = NEAR
    trip_id = request(partners, teller)
    row = eventually(lambda: rows(foreseeing, trip_id))[0]
    assert row["parts"]["worth"] != 0
    assert row["score"] == pytest.approx(sum(row["parts"].values()), abs=0.1)


def test_habits_are_learnt_from_answers_and_rides_and_each_counts_once(redis: Redis) -> None:
    pool = WaitingPool(redis)

    def tell(type_: str, at: str, publisher: str = "trips", **data: Any) -> None:
        event = an_event(type_, "key", data, publisher, occurred_at=f"2026-01-01T00:00:{at}Z")
        for _ in range(2):
            pool.apply(effects_of([read_news(event)]).changes, AT_MS)

    offer = {"trip_id": "t", "offer_id": "o", "driver_id": "d"}
    tell("driver_availability_changed", "00", "drivers", driver_id="d", online=True)
    tell("offer_declined", "01", **offer)
    tell("offer_withdrawn", "02", **offer, reason="expired")
    tell("offer_withdrawn", "03", **offer, reason="replaced")
    assert pool.habits(["d", "stranger"]) == {"d": Habits(AT_MS, 0.0, 1.95), "stranger": Habits()}
    tell("driver_availability_changed", "04", "drivers", driver_id="d", online=False)
    assert pool.habits(["d"])["d"].idle_since_ms is None


def test_a_city_may_have_a_policy_and_numbers_of_its_own(config: dict[str, Any]) -> None:
    city = next(iter(cities(config)))
    own = {**config["CITIES"][city], "matching_policy": "foresight", "matching_rules": {"finishing_max_s": 60}}
    dispatch = dispatch_of({**config, "CITIES": {city: own}}, city)
    assert (dispatch.policy_name, dispatch.foresees, dispatch.rules.finishing_max_s) == ("foresight", True, 60.0)
    with pytest.raises(ValueError, match="wait_wait"):
        dispatch_of({**config, "MATCHING_RULES": {"wait_wait": 1}}, city)
