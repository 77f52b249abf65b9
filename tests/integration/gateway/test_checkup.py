"""How everything is can be asked while half of it is down, and is answered soon."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import eventlet
import pytest

from hansom.redis import live_redis
from services.gateway import health_replies
from services.gateway.checkup import Checkup
from services.gateway.readiness import SERVICES
from services.gateway.roster import KEY, gateways_up
from tests.support.waiting import eventually

Make = Callable[..., Checkup]


@pytest.fixture
def make(config: dict[str, Any]) -> Iterator[Make]:
    """`make(MONGO_URI=...)`: a checkup with such settings, on the real servers otherwise."""
    made: list[Checkup] = []

    def make(**settings: Any) -> Checkup:
        checkup = Checkup()
        checkup.container = SimpleNamespace(config={**config, **settings})
        checkup.setup()
        made.append(checkup)
        return checkup

    yield make
    for checkup in made:
        checkup.stop()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def by_name(found: list[dict[str, Any]], key: str = "name") -> dict[str, dict[str, Any]]:
    return {each[key]: each for each in found}


def seen(checkup: Checkup, down: set[str]) -> dict[str, Any]:
    """What the checkup says once only these stores are down: a busy machine may be too slow for the first look."""

    def look() -> dict[str, Any] | None:
        found = checkup.look()
        outboxes = all(each["waiting"] is not None for each in found["outboxes"])
        return found if outboxes and {each["name"] for each in found["stores"] if not each["ok"]} == down else None

    return eventually(look, within_s=40)


def test_every_store_and_outbox_answers_for_itself(make: Make) -> None:
    found = seen(make(), down=set())
    assert health_replies.EverybodysHealth().validate(found) == {}
    assert {each["name"] for each in found["services"]} == {"gateway", *SERVICES}
    stores = by_name(found["stores"])
    assert stores.keys() >= {"rabbitmq", "postgres", "redis", "mongodb", "osrm-helsinki"}
    assert all(store["ok"] and store["answer_ms"] > 0 for store in stores.values())
    assert stores["postgres"]["facts"]["max_connections"] > stores["postgres"]["facts"]["connections"] > 0
    outboxes = by_name(found["outboxes"], "service")
    assert outboxes.keys() == {"drivers", "payments", "ratings", "trips", "users"}
    assert all(each["waiting"] >= 0 for each in outboxes.values())


def test_what_is_down_is_named_and_the_rest_is_told(make: Make) -> None:
    nowhere = {"MONGO_URI": "mongodb://127.0.0.1:1", "OSRM_URL": "http://127.0.0.1:1"}
    stores = by_name(seen(make(**nowhere), down={"mongodb", "osrm-helsinki"})["stores"])
    assert stores["mongodb"]["why"] and "127.0.0.1" not in stores["mongodb"]["why"]


def test_a_broker_that_says_nothing_makes_services_unknown_and_nothing_late(make: Make, silent_port: int) -> None:
    checkup = make(AMQP_URI=f"amqp://guest:guest@127.0.0.1:{silent_port}/")
    began = time.monotonic()
    checkup.look()
    assert time.monotonic() - began < 10, "asked for 1.5 s, on a machine that may be busy"
    found = seen(checkup, down={"rabbitmq"})
    assert health_replies.EverybodysHealth().validate(found) == {}
    assert by_name(found["stores"])["rabbitmq"]["why"] == "no answer in time"
    assert {each["ok"] for each in found["services"] if each["name"] != "gateway"} == {None}


def test_a_database_that_is_away_has_no_backlog_to_tell(make: Make, config: dict[str, Any]) -> None:
    uris = {**config["DB_URIS"], "trips:Base": "postgresql://nobody@127.0.0.1:1/nothing"}
    checkup = make(DB_URIS=uris)

    def only_trips() -> bool:
        outboxes = by_name(checkup.look()["outboxes"], "service")
        return {name for name, each in outboxes.items() if each["waiting"] is None} == {"trips"}

    eventually(only_trips, within_s=40)
    assert by_name(checkup.look()["outboxes"], "service")["trips"]["oldest_s"] is None


def test_many_who_ask_at_once_are_given_one_answer(make: Make) -> None:
    checkup = make()
    many = [eventlet.spawn(checkup.look) for _ in range(20)]
    first, *others = [each.wait() for each in many]
    assert all(each is first for each in others)


def test_a_gateway_that_fell_silent_is_not_up_and_is_forgotten(config: dict[str, Any]) -> None:
    redis, now = live_redis(config), time.time()
    redis.hset(KEY, mapping={"tests-up": f"{now:.3f}:7", "tests-silent": f"{now - 60:.3f}:9"})
    try:
        up = gateways_up(redis, now)
        assert up["tests-up"] == 7
        assert "tests-silent" not in up
        assert redis.hget(KEY, "tests-silent") is None
    finally:
        redis.hdel(KEY, "tests-up")
