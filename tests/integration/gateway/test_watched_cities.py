"""Operators watch a whole city: each second, at once, together, and nothing is asked when nobody looks."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from hansom.wire import parse_time
from services.gateway.socket.city import CityWatchers
from tests.support.gateway_world import GatewayWorld
from tests.support.raw_socket import Client
from tests.support.waiting import eventually

Json = dict[str, Any]

INTERVAL_S = 0.2

FREE = ["driver-1", 60.17, 24.94, 90.0, "free"]
RIDING = ["driver-2", 60.18, 24.95, None, "riding"]
WAITING = ["trip-1", 60.171, 24.941, "2026-03-02T12:00:00.000Z"]


@pytest.fixture(scope="module")
def one_world(config: Json) -> Iterator[GatewayWorld]:
    """A gateway that looks at a watched city five times a second."""
    world = GatewayWorld(config, CITY_PUSH_INTERVAL_S=INTERVAL_S)
    yield world
    world.close()


@pytest.fixture
def world(one_world: GatewayWorld) -> Iterator[GatewayWorld]:
    """Nobody watches yet, and nothing was asked."""
    played = one_world.played
    played.city, played.riders = {"drivers": [FREE, RIDING], "more": 0}, {"waiting": [], "held": []}
    played.location_away = played.trips_away = False
    watchers = next(each for each in one_world.container.extensions if isinstance(each, CityWatchers))
    eventually(lambda: not watchers.cities, within_s=20)
    played.asked.clear()
    yield one_world
    for client in OPERATORS:
        client.close()
    OPERATORS.clear()


OPERATORS: list[Client] = []


def an_operator(world: GatewayWorld) -> Client:
    OPERATORS.append(Client(world.address, world.token("ops")))
    return OPERATORS[-1]


def seen(client: Client, wanted: Callable[[Json], bool] = lambda _: True) -> Json:
    """The next city_state that is as wanted."""
    frames = [*client.passed]
    client.passed = []
    while True:
        frame = frames.pop(0) if frames else client.next()
        if frame.get("event") == "city_state" and wanted(frame["data"]):
            assert "seq" not in frame
            return frame["data"]


def looks(world: GatewayWorld) -> int:
    return len(world.played.payloads("location.see_city"))


def test_a_city_comes_at_once_and_again_each_interval(world: GatewayWorld) -> None:
    world.played.riders = {"waiting": [WAITING], "held": []}
    client = an_operator(world)
    assert client.call("watch_city", {"city": "helsinki"})["data"] == {}
    first = seen(client)
    assert {name: first[name] for name in ("city", "drivers", "waiting", "more", "missing")} == {
        "city": "helsinki", "drivers": [FREE, RIDING], "waiting": [WAITING], "more": 0, "missing": [],
    }  # fmt: skip
    assert parse_time(seen(client)["at"]) > parse_time(first["at"])  # type: ignore[operator]
    assert world.played.payloads("location.see_city")[0] == {"city": "helsinki"}


def test_a_free_driver_with_an_open_offer_is_held_and_nobody_else_is(world: GatewayWorld) -> None:
    world.played.riders = {"waiting": [], "held": ["driver-1", "driver-2", "elsewhere"]}
    client = an_operator(world)
    client.call("watch_city", {"city": "helsinki"})
    assert seen(client)["drivers"] == [[*FREE[:4], "held"], RIDING]


def test_only_operators_watch_and_only_cities_that_are_served(world: GatewayWorld) -> None:
    for role in ("rider", "driver"):
        client = Client(world.address, world.token(role))
        assert client.call("watch_city", {"city": "helsinki"})["error"]["code"] == "wrong_role"
        assert client.call("unwatch_city", {})["error"]["code"] == "wrong_role"
    client = an_operator(world)
    assert client.call("watch_city", {"city": "atlantis"})["error"]["code"] == "unknown_city"
    assert client.call("watch_city", {})["error"]["details"] == {"city": ["Missing data for required field."]}
    assert client.call("watch_city", {"city": 5})["error"]["code"] == "invalid"
    assert client.call("unwatch_city", {"city": "helsinki"})["error"]["code"] == "invalid"
    assert looks(world) == 0


def test_however_many_watch_the_services_are_asked_once_and_all_see_the_same(world: GatewayWorld) -> None:
    clients, began = [an_operator(world) for _ in range(4)], time.monotonic()
    for client in clients:
        client.call("watch_city", {"city": "helsinki"})
        client.call("watch_city", {"city": "helsinki"})  # the newest at once again, and then not twice as many
    last = [seen(clients[-1])["at"] for _ in range(8)]
    for client in clients[:-1]:
        moments = [seen(client)["at"]]
        while moments[-1] < last[-1]:
            moments.append(seen(client)["at"])
        assert moments == sorted(moments)
        assert len(set(moments)) >= len(moments) - 1
        assert set(moments) & set(last), "the same state, made once"
    assert looks(world) <= (time.monotonic() - began) / INTERVAL_S + 2
    assert abs(looks(world) - len(world.played.payloads("trips.see_city"))) <= 1


@pytest.mark.parametrize("leave", ["unwatch", "close"])
def test_when_nobody_watches_any_more_nothing_is_asked(world: GatewayWorld, leave: str) -> None:
    client = an_operator(world)
    client.call("watch_city", {"city": "helsinki"})
    seen(client)
    if leave == "close":
        client.close()
    else:
        assert client.call("unwatch_city", {})["data"] == {}
        assert client.call("unwatch_city", {})["data"] == {}
    asked, since = looks(world), time.monotonic()

    def rests() -> bool:
        """Nothing has been asked for two intervals."""
        nonlocal asked, since
        if looks(world) != asked:
            asked, since = looks(world), time.monotonic()
        return time.monotonic() - since > 2 * INTERVAL_S

    eventually(rests, within_s=20)
    if leave == "unwatch":
        client.call("watch_city", {"city": "helsinki"})
        assert seen(client, lambda data: parse_time(data["at"]) is not None)
        eventually(lambda: looks(world) > asked, within_s=20)


def test_a_part_that_does_not_answer_is_named_and_shown_as_it_was(world: GatewayWorld) -> None:
    world.played.riders = {"waiting": [WAITING], "held": ["driver-1"]}
    client = an_operator(world)
    client.call("watch_city", {"city": "helsinki"})
    seen(client)
    world.played.trips_away = True
    without = seen(client, lambda data: data["missing"] == ["trips"])
    assert (without["waiting"], without["drivers"][0][4]) == ([WAITING], "held")
    world.played.city = {"drivers": [RIDING], "more": 0}
    seen(client, lambda data: data["drivers"] == [RIDING])
    world.played.location_away, world.played.trips_away = True, False
    assert seen(client, lambda data: data["missing"] == ["location"])["drivers"] == [RIDING]
    world.played.location_away = False
    seen(client, lambda data: data["missing"] == [])


def test_what_cannot_be_understood_is_shown_as_it_was_and_not_as_the_present(world: GatewayWorld) -> None:
    world.played.riders = {"waiting": [WAITING], "held": []}
    client = an_operator(world)
    client.call("watch_city", {"city": "helsinki"})
    seen(client)
    world.played.city = {"drivers": [["driver-3"]], "more": 0}
    puzzled = seen(client, lambda data: data["missing"] == ["location", "trips"])
    assert (puzzled["drivers"], puzzled["waiting"]) == ([FREE, RIDING], [WAITING])
    assert parse_time(seen(client)["at"]) > parse_time(puzzled["at"])  # type: ignore[operator]
    world.played.city = {"drivers": [RIDING], "more": 0}
    assert seen(client, lambda data: data["missing"] == [])["drivers"] == [RIDING]


def test_who_reads_slowly_gets_the_newest_and_no_backlog(world: GatewayWorld) -> None:
    many = [[f"0195541b3bd07000800000000{number:07d}", 60.17, 24.94, 90.0, "free"] for number in range(1000)]
    world.played.city = {"drivers": many, "more": 12}
    slow, quick = an_operator(world), an_operator(world)
    slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    for client in (slow, quick):
        client.call("watch_city", {"city": "helsinki"})
    before = [seen(quick)["at"] for _ in range(10)]
    assert before == sorted(set(before))
    woke_at = datetime.now(UTC)
    frames = 0
    while True:
        frames += 1
        state = seen(slow)
        if parse_time(state["at"]) > woke_at:  # type: ignore[operator]
            break
    assert frames <= 3, "one was on its way and one may have been waiting, all others were left out"
    assert (len(state["drivers"]), state["more"]) == (1000, 12)


def test_a_client_that_is_cut_off_harms_no_other(world: GatewayWorld) -> None:
    gone, other = an_operator(world), an_operator(world)
    for client in (gone, other):
        client.call("watch_city", {"city": "helsinki"})
    gone.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    gone.close()  # reset, not closed
    assert len({seen(other)["at"] for _ in range(5)}) == 5
