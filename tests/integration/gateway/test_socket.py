"""The socket, from a client's side: who may, in which order, and that one client never harms another."""

from __future__ import annotations

import struct
import time
from typing import Any

import eventlet
import pytest

from hansom.ids import new_id
from hansom.redis import live_redis
from services.gateway.socket import presence
from tests.support.gateway_world import GatewayWorld
from tests.support.raw_socket import Client, Ended, a_position, masked
from tests.support.waiting import eventually


def test_nothing_goes_before_authenticate(world: GatewayWorld) -> None:
    client = Client(world.address)
    refused = client.call("watch_nearby", {"lat": 60, "lng": 24})
    assert not refused["success"]
    assert refused["error"]["code"] == "not_authenticated"
    assert client.call("authenticate", {"token": "x"})["error"]["code"] == "unauthenticated"
    assert client.call("authenticate", {})["error"]["details"] == {"token": ["Missing data for required field."]}
    assert client.call("authenticate", {"token": world.token(user_id="rider-1")})["data"]["user_id"] == "rider-1"


def test_who_never_authenticates_is_closed(make_world: Any) -> None:
    world = make_world(SOCKET_AUTH_TIMEOUT_S=1)
    began = time.monotonic()
    assert Client(world.address).close_code() == 1008
    assert 0.9 < time.monotonic() - began < 4


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (masked(2, b"binary"), 1003),
        (masked(1, b"x" * 70_000), 1009),
        (b"\x81\xff" + struct.pack("!Q", 10 << 20) + b"mask" + b"x" * (10 << 20), 1009),
        (masked(1, b'{"method": "\xff"}'), 1007),
        (b"\x81\x02{}", 1002),
        (masked(3, b""), 1002),
    ],
)
def test_frames_that_break_the_rules_close_their_socket_and_no_other(
    world: GatewayWorld, data: bytes, code: int
) -> None:
    other = Client(world.address, world.token())
    client = Client(world.address, world.token())
    client.raw(data)
    assert client.close_code() == code
    assert other.call("resume", {"after": 0})["success"]


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        (b"{", "unreadable_frame"),
        (b"[]", "unreadable_frame"),
        (b'{"method": 5}', "unreadable_frame"),
        (b'{"method": "nothing"}', "unknown_method"),
        (b'{"method": "resume", "data": []}', "invalid"),
        (b'{"method": "resume", "data": {"after": true}}', "invalid"),
        (b'{"method": "resume", "data": {"after": 99}}', "unknown_sequence"),
        (b'{"method": "watch_nearby", "data": {"lat": NaN, "lng": 1}}', "unreadable_frame"),
        (b'{"method": "accept_offer", "data": {"offer_id": "x"}}', "wrong_role"),
    ],
)
def test_a_frame_that_makes_no_sense_is_told_so(world: GatewayWorld, frame: bytes, error: str) -> None:
    client = Client(world.address, world.token())
    client.text(frame)
    answer = client.next()
    assert (answer["type"], answer["success"], answer["error"]["code"]) == ("result", False, error)
    assert {"code", "message", "details"} <= answer["error"].keys()
    assert client.call("resume", {"after": 0})["success"]


def test_an_offer_is_answered_in_a_worker_and_its_refusal_told(world: GatewayWorld) -> None:
    client = Client(world.address, world.token("driver", user_id="driver-1"))
    assert client.call("accept_offer", {"offer_id": "o-1"})["data"]["trip"] == {"id": "trip-1"}
    assert client.call("accept_offer", {"offer_id": "late"})["error"]["code"] == "offer_gone"
    assert world.played.payloads("accept_offer")[0] == {"offer_id": "o-1", "driver_id": "driver-1"}


# -- events ----------------------------------------------------------------------------------------------------------
def test_events_come_in_order_and_a_gap_is_filled_from_the_stream(world: GatewayWorld) -> None:
    user_id = new_id()
    client = Client(world.address, world.token(user_id=user_id))
    world.append(user_id, 6)
    world.send_events(user_id, 1, 2, 5, 4, 6, 2)
    assert client.told(6) == [1, 2, 3, 4, 5, 6]


def test_what_is_lost_on_the_way_is_noticed_and_fetched(world: GatewayWorld) -> None:
    user_id = new_id()
    client = Client(world.address, world.token(user_id=user_id))
    world.append(user_id, 450)  # and not a word of it comes by the broker
    assert client.told(450) == list(range(1, 451))


def test_resume_replays_what_was_missed_and_goes_live(world: GatewayWorld) -> None:
    user_id = new_id()
    world.append(user_id, 700)
    client = Client(world.address, world.token(user_id=user_id))
    answer = client.call("resume", {"after": 100})
    assert answer["data"] == {"replayed": 600, "last_seq": 700}
    assert client.told(600) == list(range(101, 701))
    world.append(user_id, 1)
    world.send_events(user_id, 701)
    assert client.told(1) == [701]


def test_what_comes_before_a_client_resumes_does_not_overtake_what_it_missed(
    world: GatewayWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "RESUMES_WITHIN_S", 30)
    user_id = new_id()
    world.append(user_id, 2)
    client = Client(world.address, world.token(user_id=user_id))
    world.append(user_id, 1)
    world.send_events(user_id, 3, 0)
    assert client.next()["data"] == {"n": 0}, "what has no number goes out at once"
    assert client.call("resume", {"after": 1})["data"] == {"replayed": 2, "last_seq": 3}
    assert client.told(2) == [2, 3]


def test_what_comes_while_the_end_of_a_stream_is_read_is_told_at_once(make_world: Any) -> None:
    world, user_id = make_world(PRESENCE_REFRESH_S=600), new_id()
    client = Client(world.address, world.token(user_id=user_id))

    def another_comes() -> None:
        world.append(user_id, 1)
        world.send_events(user_id, 1, 0)
        eventually(lambda: client.passed, why="the gateway heard of both")

    world.played.once_read = another_comes
    assert client.call("resume", {"after": 0})["data"] == {"replayed": 1, "last_seq": 1}
    assert client.told(2) == [0, 1]


def test_who_could_not_resume_is_told_what_he_missed_all_the_same(world: GatewayWorld) -> None:
    user_id = new_id()
    world.append(user_id, 3)
    client = Client(world.address, world.token(user_id=user_id))
    world.played.streams_away = True
    assert client.call("resume", {"after": 1})["error"]["code"] == "unavailable"
    world.played.streams_away = False
    assert client.told(2) == [2, 3]


def test_every_number_stands_in_the_event(world: GatewayWorld) -> None:
    user_id = new_id()
    client = Client(world.address, world.token(user_id=user_id))
    world.append(user_id, 1)
    world.send_events(user_id, 0, 1)
    assert client.next() == {"type": "event", "event": "told", "data": {"n": 0}}
    assert client.next() == {"type": "event", "event": "told", "data": {"n": 1, "seq": 1}, "seq": 1}


def test_all_sockets_of_a_user_hear_and_others_do_not(world: GatewayWorld) -> None:
    user_id = new_id()
    phones = [Client(world.address, world.token(user_id=user_id)) for _ in range(2)]
    stranger = Client(world.address, world.token())
    world.append(user_id, 2)
    world.send_events(user_id, 1, 2)
    assert [phone.told(2) for phone in phones] == [[1, 2], [1, 2]]
    assert stranger.call("resume", {"after": 0})["data"] == {"replayed": 0, "last_seq": 0}
    assert stranger.passed == []


def test_the_last_socket_to_leave_is_told(world: GatewayWorld) -> None:
    user_id = new_id()
    phones = [Client(world.address, world.token(user_id=user_id)) for _ in range(2)]
    for phone in phones:
        phone.close()
    gone = {"user_ids": [user_id], "gateway_id": world.presence.gateway_id}
    eventually(lambda: gone in world.played.payloads("disconnect_users"))
    assert world.played.payloads("disconnect_users").count(gone) == 1


def test_a_client_that_does_not_read_is_closed_and_holds_nobody_up(make_world: Any) -> None:
    world = make_world(SOCKET_SEND_BUFFER=50)
    slow_id, quick_id = new_id(), new_id()
    slow = Client(world.address, world.token(user_id=slow_id))
    quick = Client(world.address, world.token(user_id=quick_id))
    text = {"words": "x" * 20_000}
    for number in range(600):
        world.send_frames([[slow_id, "told", text, None], [quick_id, "told", {"n": number}, None]])
        if number % 20 == 0:
            eventlet.sleep(0)
    assert quick.told(600) == list(range(600))
    assert len(world.presence._users.get(slow_id, ())) <= 1
    eventually(lambda: slow_id not in world.presence._users, within_s=30)
    slow.close()


# -- positions -------------------------------------------------------------------------------------------------------
def test_a_position_is_answered_when_the_broker_has_it(world: GatewayWorld) -> None:
    driver_id = new_id()
    client = Client(world.address, world.token("driver", user_id=driver_id))
    assert client.call("report_position", a_position(7, bearing_deg=90))["data"] == {"taken": 1}
    (row,) = world.positions()
    assert row[:3] == [driver_id, 60.17, 24.94]
    assert row[4:] == [7, 90, None, None]


def test_many_positions_of_many_drivers_go_in_few_messages_and_none_is_lost(world: GatewayWorld) -> None:
    clients = [Client(world.address, world.token("driver")) for _ in range(5)]
    for seq in range(60):
        for client in clients:
            client.send("report_position", a_position(seq))
    for client in clients:
        kept = [a_position(seq) for seq in range(100, 200)]
        assert client.call("report_positions", {"positions": kept})["data"] == {"taken": 100}
        assert client.passed == [], "a position without a correlation_id is not answered"
    assert len(world.positions()) == 5 * 160


def test_bad_positions_are_refused_by_field_and_only_when_an_answer_was_asked_for(world: GatewayWorld) -> None:
    client = Client(world.address, world.token("driver"))
    client.send("report_position", a_position(lat=91))
    refused = client.call("report_position", a_position(seq="1"))
    assert client.passed == []
    assert list(refused["error"]["details"]) == ["seq"]
    several = client.call("report_positions", {"positions": [a_position(1), a_position(2, lng=None)]})
    assert list(several["error"]["details"]) == ["positions.1.lng"]
    many = client.call("report_positions", {"positions": [a_position(n) for n in range(101)]})
    assert list(many["error"]["details"]) == ["positions"]
    assert world.positions() == []


def test_riders_report_no_positions(world: GatewayWorld) -> None:
    assert Client(world.address, world.token()).call("report_position", a_position())["error"]["code"] == "wrong_role"


# -- cars near -------------------------------------------------------------------------------------------------------
def test_watchers_are_asked_for_together_and_hear_only_of_changes(make_world: Any) -> None:
    world = make_world(NEARBY_PUSH_INTERVAL_S=0.2)
    car = {"point": {"lat": 60.17, "lng": 24.94}, "bearing_deg": 1.0, "category": "van", "pickup_eta_s": 60}
    world.played.cars = [car]
    watchers = [Client(world.address, world.token()) for _ in range(3)]
    for watcher in watchers:
        assert watcher.call("watch_nearby", {"lat": 60.17, "lng": 24.94})["success"]
    for watcher in watchers:
        seen = [*watcher.passed, *([] if watcher.passed else [watcher.next()])]
        assert [frame["data"] for frame in seen] == [{"items": [car]}]
        watcher.passed = []
    asked = len(world.played.payloads("nearby_many"))
    eventually(lambda: len(world.played.payloads("nearby_many")) >= asked + 3)
    assert len(world.played.payloads("nearby_many")[-1]["points"]) == 3
    world.played.cars = []
    assert watchers[0].next()["data"] == {"items": []}
    assert watchers[0].call("unwatch_nearby")["success"]
    assert watchers[0].passed == []


# -- ends ------------------------------------------------------------------------------------------------------------
def test_a_log_out_closes_the_sockets_of_its_session(world: GatewayWorld) -> None:
    token = world.token()
    client, other = Client(world.address, token), Client(world.address, world.token())
    assert world.call("DELETE", "/v1/sessions/current", token).status_code == 204
    assert client.close_code() == 1008
    assert other.call("resume", {"after": 0})["success"]


def test_a_log_out_at_another_gateway_closes_them_too(world: GatewayWorld) -> None:
    session_id = new_id()
    client = Client(world.address, world.token(session_id=session_id))
    live_redis(world.config).xadd("gateway:ended", {"session_id": session_id})
    assert client.close_code() == 1008


def test_a_socket_ends_with_its_token_unless_it_gets_a_fresh_one(make_world: Any) -> None:
    world = make_world(ACCESS_TOKEN_TTL_S=60)
    who = {"user_id": new_id(), "session_id": new_id()}
    stale, fresh = (Client(world.address, world.token(**who, age_s=56)) for _ in range(2))
    assert fresh.call("authenticate", {"token": world.token(**who)})["success"]
    assert fresh.call("authenticate", {"token": world.token()})["error"]["code"] == "already_authenticated"
    assert stale.close_code() == 1008
    assert fresh.call("resume", {"after": 0})["success"]


def test_a_gateway_that_stops_sees_positions_through_and_sends_its_clients_elsewhere(make_world: Any) -> None:
    world = make_world()
    client = Client(world.address, world.token("driver"))
    for seq in range(50):
        client.send("report_position", a_position(seq))
    eventually(lambda: client.call("resume", {"after": 0})["success"])  # all frames before it have been read
    stopping = eventlet.spawn(world.container.stop)
    assert client.close_code() == 1012
    stopping.wait()
    assert len(world.positions()) == 50
    with pytest.raises((OSError, Ended)):
        Client(world.address)
