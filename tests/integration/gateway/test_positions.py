"""Positions when something is wrong: a broker away, a queue full, a flood, a clock ahead, a client that hangs up."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import eventlet
import pytest
from eventlet import tpool
from prometheus_client import REGISTRY

from hansom.amqp import BROKEN, connect
from hansom.contracts.topology import position_partition
from hansom.ids import new_id
from hansom.stack.home import Home
from hansom.stack.testing import RunningStack
from services.gateway.socket import riding
from services.gateway.socket.flood import Rate
from services.gateway.socket.reports import Reports
from services.gateway.socket.riding import Drivers
from tests.support.gateway_world import GatewayWorld
from tests.support.raw_socket import Client, a_position, masked
from tests.support.waiting import eventually

MakeWorld = Callable[..., GatewayWorld]


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def drivers(world: GatewayWorld) -> Drivers:
    return next(each for each in world.container.extensions if isinstance(each, Drivers))


def a_driver(world: GatewayWorld, driver_id: str = "") -> tuple[str, Client]:
    driver_id = driver_id or new_id()
    return driver_id, Client(world.address, world.token("driver", user_id=driver_id))


def known_free(world: GatewayWorld, driver_id: str) -> bool:
    return drivers(world).joined(driver_id).free_since_ms < riding.NEVER_MS


def seqs(rows: list[list[Any]], driver_id: str) -> list[int]:
    return [row[4] for row in rows if row[0] == driver_id]


def in_partition(partition: int, partitions: int) -> str:
    """A driver's id whose positions go to this queue."""
    return next(each for each in iter(new_id, "") if position_partition(each, partitions) == partition)


@pytest.fixture
def rabbitmq(servers: Home) -> Iterator[RunningStack]:
    """To stop and start it; it runs again afterwards."""
    stack = RunningStack(servers, "")
    yield stack
    start_again(stack)


def start_again(stack: RunningStack) -> None:
    tpool.execute(stack.start, "rabbitmq")
    eventually(lambda: answers(os.environ["AMQP_URI"]), within_s=60)


def answers(amqp_uri: str) -> bool:
    try:
        connect(amqp_uri).close()
    except BROKEN:
        return False
    return True


def test_while_the_broker_is_away_a_ride_loses_nothing_and_free_drivers_keep_their_newest(
    make_world: MakeWorld, rabbitmq: RunningStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(riding, "LATE_MS", 0)
    world = make_world(POSITION_BUFFER=40, LOCATION_PARTITIONS=4)
    riding_id, busy = a_driver(world)
    world.played.riding.add(riding_id)
    free_id, free = a_driver(world)
    eventually(lambda: known_free(world, free_id))
    replaced, slowed = metric("positions_replaced_total"), metric("sockets_slowed", why="buffer_full")
    tpool.execute(rabbitmq.stop, "rabbitmq")
    for seq in range(60):
        busy.send("report_position", a_position(seq))
        free.send("report_position", a_position(seq))
    eventually(lambda: metric("sockets_slowed", why="buffer_full") == slowed + 1)
    eventually(lambda: metric("positions_replaced_total") >= replaced + 45)
    assert world.call("GET", "/health").status_code == 200, "others go on"
    start_again(rabbitmq)
    rows: list[list[Any]] = []

    def arrived() -> bool:
        rows.extend(world.positions())
        return len(seqs(rows, riding_id)) >= 60 and 59 in seqs(rows, free_id)

    eventually(arrived, within_s=30)
    assert seqs(rows, riding_id) == list(range(60)), "each once, in order"
    assert seqs(rows, free_id) == sorted(seqs(rows, free_id))
    assert len(seqs(rows, free_id)) <= 15
    assert metric("sockets_slowed", why="buffer_full") == slowed


def test_a_queue_that_refuses_holds_up_only_its_own_drivers(make_world: MakeWorld) -> None:
    world = make_world(LOCATION_QUEUE_MAX_LENGTH=1, LOCATION_PARTITIONS=2)
    refused_id, refused = a_driver(world, in_partition(0, 2))
    _, other = a_driver(world, in_partition(1, 2))
    assert refused.call("report_position", a_position(0))["success"], "the first message fits"
    refused.send("report_position", a_position(1), "late")
    assert other.call("report_position", a_position(0))["success"]
    assert world.call("GET", "/health").status_code == 200
    rows: list[list[Any]] = []

    def taken() -> bool:
        rows.extend(world.positions())
        return seqs(rows, refused_id) == [0, 1]

    eventually(taken)
    assert refused.next()["correlation_id"] == "late"


def test_a_flood_from_one_driver_has_only_him_wait_and_loses_nothing(make_world: MakeWorld) -> None:
    world = make_world(POSITION_RATE_PER_S=5, POSITION_BURST=50)
    flooder_id, flooder = a_driver(world)
    neighbours = [a_driver(world) for _ in range(3)]
    flooded, slowed = 170, metric("sockets_slowed", why="flooding")
    for seq in range(flooded):
        flooder.send("report_position", a_position(seq))
    flooder.send("report_position", a_position(flooded), "last")
    eventually(lambda: metric("sockets_slowed", why="flooding") > slowed)
    for _, neighbour in neighbours:
        for seq in range(4):
            neighbour.send("report_position", a_position(seq))
        assert neighbour.call("report_position", a_position(4))["success"]
    rows = world.positions()
    assert len(seqs(rows, flooder_id)) < flooded, "the neighbours were through before him"
    for driver_id, _ in neighbours:
        assert seqs(rows, driver_id) == [0, 1, 2, 3, 4]
    reports = next(each for each in world.container.extensions if isinstance(each, Reports))
    reports.rate = Rate(10_000, 10_000)  # the rest need not take half a minute
    assert flooder.next()["correlation_id"] == "last"
    assert seqs(rows + world.positions(), flooder_id) == list(range(flooded + 1))
    eventually(lambda: metric("sockets_slowed", why="flooding") == slowed)


def test_all_sockets_of_a_driver_share_one_allowance(make_world: MakeWorld) -> None:
    world = make_world(POSITION_RATE_PER_S=10, POSITION_BURST=1000)
    driver_id, first = a_driver(world)
    _, second = a_driver(world, driver_id)
    for seq in range(6):
        first.send("report_position", a_position(seq))
        second.send("report_position", a_position(100 + seq))
    burst = world.config["POSITION_BURST"]
    eventually(lambda: drivers(world).joined(driver_id).bucket.tokens == burst - 12)


def test_a_clock_far_ahead_is_told_to_who_asks_and_counted_either_way(world: GatewayWorld) -> None:
    driver_id, client = a_driver(world)
    ahead = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    refused = client.call("report_position", a_position(1, at=ahead))
    assert (refused["error"]["code"], list(refused["error"]["details"])) == ("invalid", ["at"])
    client.send("report_position", a_position(2, at=ahead))
    several = client.call("report_positions", {"positions": [a_position(3), a_position(4, at=ahead)]})
    assert list(several["error"]["details"]) == ["positions.1.at"]
    rows: list[list[Any]] = []
    eventually(lambda: rows.extend(row for row in world.positions() if row[0] == driver_id) or len(rows) >= 3)
    assert [(row[0], row[4], row[8:]) for row in rows] == [(driver_id, seq, ["clock_skew"]) for seq in (1, 2, 4)]
    assert all(row[3] < datetime.now(UTC).timestamp() * 1000 for row in rows)


def test_a_client_that_hangs_up_while_it_waits_loses_nothing(make_world: MakeWorld) -> None:
    world = make_world(POSITION_RATE_PER_S=50, POSITION_BURST=10)
    driver_id, client = a_driver(world)
    for seq in range(40):
        client.send("report_position", a_position(seq))
    client.close()
    rows: list[list[Any]] = []
    eventually(lambda: rows.extend(world.positions()) or len(rows) == 40)
    assert seqs(rows, driver_id) == list(range(40))
    eventually(lambda: not world.presence._users)


def test_newcomers_are_asked_for_together_and_a_ride_is_known_from_what_a_driver_is_told(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(riding, "LATE_MS", 0)
    world = make_world(PRESENCE_REFRESH_S=1)
    here = [new_id() for _ in range(8)]
    world.played.riding.add(here[0])
    connected = [a_driver(world, driver_id) for driver_id in here]
    eventually(lambda: all(known_free(world, each) for each in here[1:]))
    assert not known_free(world, here[0])
    asked = world.played.payloads("get_active_by_driver")
    assert len(asked) <= 8
    assert max(len(payload["driver_ids"]) for payload in asked) > 1
    world.send_frames([[here[1], "trip_assigned", {"trip_id": "t"}, None]])
    eventually(lambda: not known_free(world, here[1]))
    world.send_frames([[here[1], "trip_completed", {"trip_id": "t"}, None]])
    eventually(lambda: known_free(world, here[1]))
    assert len(connected) == 8


def test_what_comes_with_the_handshake_in_one_packet_is_heard(world: GatewayWorld) -> None:
    call = {"method": "authenticate", "data": {"token": world.token(user_id="early")}, "correlation_id": 1}
    client = Client(world.address, behind_handshake=masked(1, json.dumps(call).encode()))
    assert client.next()["data"]["user_id"] == "early"


def test_hundreds_who_come_and_go_at_once_are_told_of_in_few_calls(make_world: MakeWorld) -> None:
    world = make_world(PRESENCE_REFRESH_S=600)
    tokens = [world.token("driver") for _ in range(150)]
    ended = new_id()
    world.played.ended.add(ended)
    clients = [Client(world.address) for _ in range(151)]
    for client, token in zip(clients, [*tokens, world.token(session_id=ended)], strict=True):
        client.send("authenticate", {"token": token}, 1)
    answers = [client.next() for client in clients]
    assert [each["success"] for each in answers] == [True] * 150 + [False]
    assert answers[-1]["error"]["code"] == "session_ended"
    assert len(world.played.payloads("connect_users")) <= 75
    assert len(world.played.payloads("verify_sessions")) <= 75
    for client in clients:
        client.close()
    gone: set[str] = set()
    eventually(lambda: gone.update(*(each["user_ids"] for each in leavings(world))) or len(gone) == 150)
    assert len(leavings(world)) <= 75


def leavings(world: GatewayWorld) -> list[dict[str, Any]]:
    return world.played.payloads("disconnect_users")


def test_half_a_frame_holds_up_nobody_and_goes_on_when_the_rest_comes(world: GatewayWorld) -> None:
    _, slow = a_driver(world)
    _, quick = a_driver(world)
    frame = masked(1, json.dumps({"method": "resume", "data": {"after": 0}, "correlation_id": "whole"}).encode())
    for start in range(0, len(frame), 7):
        slow.raw(frame[start : start + 7])
        eventlet.sleep(0)
    assert slow.next()["correlation_id"] == "whole"
    assert quick.call("resume", {"after": 0})["success"]


def test_a_ping_is_answered_and_a_close_answered_with_a_close(world: GatewayWorld) -> None:
    _, client = a_driver(world)
    client.raw(masked(9, b"are you there"))
    assert client._frame() == (10, b"are you there")
    client.raw(masked(8, struct.pack("!H", 1000)))
    assert client.close_code() == 1000
