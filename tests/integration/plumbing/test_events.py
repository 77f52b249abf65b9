"""Events: none is lost, none has two effects, those of one key keep their order."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, ClassVar

import amqp
import eventlet
import pytest
from nameko.testing.services import entrypoint_hook
from sqlalchemy import func, insert, select

from hansom.amqp import connect
from hansom.consumer import consume
from hansom.contracts.errors import Unavailable
from hansom.contracts.topology import event_queue, parked_queue
from hansom.events import Event, Outbox
from hansom.inbox import fresh
from hansom.rpc import rpc
from hansom.store import Store
from hansom.wire import parse_time
from tests.support.waiting import eventually

from .conftest import Base, inbox, notes, outbox

pytestmark = pytest.mark.usefixtures("heard")


class Speaker:
    name = "speaker"
    store = Store(Base)
    outbox = Outbox(Base)

    @rpc
    def say(self, payload: dict[str, Any]) -> dict[str, Any]:
        with self.store.begin() as session:
            for text in payload["texts"]:
                self.outbox.add(session, "said", key=payload["key"], data={"text": text})
            if payload.get("fail"):
                raise Unavailable()
        return {}


class Listener:
    name = "listener"
    store = Store(Base)
    failing: ClassVar[Counter[str]] = Counter()

    @consume
    def on_events(self, events: list[Event]) -> None:
        with self.store.begin() as session:
            for event in fresh(session, inbox, events):
                text = event.data["text"]
                session.execute(insert(notes).values(event_id=event.event_id, text=text))
                if self.failing[text] > 0:
                    self.failing[text] -= 1
                    raise Unavailable()
                if text == "poison":
                    raise RuntimeError("this one never works")


def say(container: Any, *texts: str, key: str = "k", fail: bool = False) -> None:
    with entrypoint_hook(container, "say") as call:
        call({"texts": list(texts), "key": key, "fail": fail})


def noted(store: Any) -> list[str]:
    with store.begin() as session:
        return list(session.execute(select(notes.c.text)).scalars())


def left_in_outbox(store: Any) -> int:
    with store.begin() as session:
        return session.execute(select(func.count()).select_from(outbox)).scalar_one()


def test_an_event_arrives_once_and_leaves_the_outbox(run: Any, store: Any) -> None:
    run(Listener)
    say(run(Speaker), "hello")
    eventually(lambda: noted(store) == ["hello"])
    eventually(lambda: left_in_outbox(store) == 0)


def test_events_of_a_rolled_back_transaction_are_never_published(run: Any, store: Any) -> None:
    run(Listener)
    speaker = run(Speaker)
    with pytest.raises(Unavailable):
        say(speaker, "never", fail=True)
    say(speaker, "after")
    eventually(lambda: noted(store) == ["after"])


def test_what_is_said_before_anybody_listens_is_kept(run: Any, store: Any) -> None:
    say(run(Speaker), "early")
    eventually(lambda: left_in_outbox(store) == 0)
    run(Listener)
    eventually(lambda: noted(store) == ["early"])


def test_events_of_one_key_keep_their_order_with_two_replicas_of_each(run: Any, store: Any) -> None:
    run(Listener), run(Listener)
    speakers = [run(Speaker), run(Speaker)]
    for number in range(40):
        for key in ("a", "b", "c"):
            say(speakers[number % 2], f"{key} {number}", key=key)
    eventually(lambda: len(noted(store)) == 120, within_s=20)
    by_key = defaultdict(list)
    for note in noted(store):
        key, number = note.split()
        by_key[key].append(int(number))
    assert all(numbers == list(range(40)) for numbers in by_key.values())


def test_a_message_delivered_twice_has_one_effect(run: Any, store: Any, plumbing: dict[str, Any]) -> None:
    run(Listener)
    speaker = run(Speaker)
    event = Event.from_message(
        b'{"event_id": "twice", "type": "said", "version": 1, "occurred_at": "2026-01-01T00:00:00Z",'
        b' "data": {"text": "echo"}}',
        {"publisher": "speaker", "key": "k"},
    )
    outgoing = event.to_message(int(plumbing["EVENT_PARTITIONS"]))
    broker = next(ext for ext in speaker.extensions if type(ext).__name__ == "Broker")
    broker.publish_many([outgoing, outgoing])
    say(speaker, "last")
    eventually(lambda: "last" in noted(store))
    assert noted(store).count("echo") == 1


def test_a_passing_failure_is_tried_again_until_it_works(run: Any, store: Any) -> None:
    Listener.failing["shaky"] = 4
    run(Listener)
    say(run(Speaker), "before", "shaky", "after")
    eventually(lambda: noted(store) == ["before", "shaky", "after"], within_s=15)


def test_a_hopeless_message_is_parked_and_the_others_go_on(run: Any, store: Any, plumbing: dict[str, Any]) -> None:
    run(Listener)
    say(run(Speaker), "before", "poison", "after")
    eventually(lambda: noted(store) == ["before", "after"], within_s=15)
    connection = connect(plumbing["AMQP_URI"])
    try:
        channel = connection.channel()
        parked = eventually(lambda: channel.basic_get(parked_queue("listener"), no_ack=True))
        assert isinstance(parked, amqp.Message)
        headers = parked.properties["application_headers"]
        assert "this one never works" in headers["error"]
        assert headers["tries"] == int(plumbing["EVENT_MAX_TRIES"])
        assert parse_time(headers["parked_at"]) is not None
        assert channel.queue_declare(event_queue("listener", 0), passive=True).message_count == 0
    finally:
        connection.close()


def test_the_relay_of_a_second_replica_takes_over(run: Any, store: Any) -> None:
    run(Listener)
    first, second = run(Speaker), run(Speaker)
    say(first, "one")
    eventually(lambda: noted(store) == ["one"])
    first.kill()
    eventlet.sleep(0)
    say(second, "two")
    eventually(lambda: noted(store) == ["one", "two"], within_s=10)
