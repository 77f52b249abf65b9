"""Replicas share the queues of their service: each reads its part, the order of a key holds, a lost one is replaced."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import amqp
import eventlet
import orjson
import pytest
from nameko.containers import ServiceContainer
from nameko.dependency_providers import Config

from hansom import sharing
from hansom.amqp import Broker, Outgoing
from hansom.consumer import declare_partitions, read_queue
from hansom.contracts.topology import position_partition
from hansom.queues import connected, queue_state
from tests.support.waiting import eventually

KEYS = [f"driver-{number}" for number in range(24)]
PREFIX = f"toy-{uuid4().hex[:6]}"


PROCESS = f"""
import eventlet
eventlet.monkey_patch()
import runpy
runpy.run_module({__name__!r}, run_name="__main__")
"""


def queue_of(partition: int) -> str:
    return f"{PREFIX}.{partition}"


declare = partial(declare_partitions, queue_of)


class Toy:
    """Notes what it is told, and who it was."""

    name = "toy"
    config = Config()
    heard: ClassVar[list[tuple[str, str, int]]] = []

    @read_queue(declare, batch_size=10, linger_ms=0, shared=True)
    def on_numbers(self, messages: list[dict[str, Any]]) -> None:
        for message in messages:
            eventlet.sleep(0.0005)
            self.heard.append((self.config["WHO"], message["key"], message["number"]))


class LoudToy(Toy):
    """Says to other processes that it was told something."""

    @read_queue(declare, batch_size=10, linger_ms=0, shared=True)
    def on_numbers(self, messages: list[dict[str, Any]]) -> None:
        print(len(messages), flush=True)


@pytest.fixture
def other_process(plumbing: dict[str, Any], tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A replica in a process of its own, and the file that it writes to when it is told something."""
    said = tmp_path / "heard"
    with said.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", PROCESS],
            stdin=subprocess.PIPE,
            stdout=out,
        )
    assert process.stdin is not None
    process.stdin.write(orjson.dumps({**plumbing, "PREFIX": PREFIX}))
    process.stdin.close()
    yield process, said
    process.kill()
    process.wait()


@pytest.fixture
def tell(plumbing: dict[str, Any]) -> Iterator[Callable[[int], None]]:
    """`tell(number)` publishes the next number to every key's queue."""
    Toy.heard.clear()
    partitions = int(plumbing["LOCATION_PARTITIONS"])
    broker = Broker()
    broker.declare(lambda channel: [channel.queue_purge(name) for name in declare(channel, plumbing)])
    broker.open(plumbing["AMQP_URI"], "toy speaker")

    def publish(number: int) -> None:
        broker.publish_many(
            Outgoing("", queue_of(position_partition(key, partitions)), orjson.dumps({"key": key, "number": number}))
            for key in KEYS
        )

    yield publish
    broker.stop()
    with connected(plumbing["AMQP_URI"]) as connection:
        for partition in range(partitions):
            connection.channel().queue_delete(queue_of(partition))


class Numbers:
    """Numbers told to every key, one after the other."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        self.tell, self.next = tell, 0

    def go_on(self, count: int = 1) -> None:
        for _ in range(count):
            self.tell(self.next)
            self.next += 1

    def all_heard(self) -> bool:
        return len({(key, number) for _, key, number in Toy.heard}) == self.next * len(KEYS)

    def heard_in_order(self) -> bool:
        """Each key's numbers, without those heard before, are all there and in their order."""
        by_key: dict[str, dict[int, None]] = defaultdict(dict)
        for _, key, number in Toy.heard:
            by_key[key].setdefault(number)
        return all(list(by_key[key]) == list(range(self.next)) for key in KEYS)


@pytest.fixture
def numbers(tell: Callable[[int], None]) -> Numbers:
    return Numbers(tell)


def owners(numbers: Numbers) -> dict[str, str]:
    """Key -> the replica that is told of it now."""
    said = numbers.next
    numbers.go_on()
    eventually(numbers.all_heard)
    return {key: who for who, key, number in Toy.heard if number >= said}


def share_evenly(numbers: Numbers, partitions: int, *names: str) -> bool:
    """Each replica reads as many queues as another."""
    found = owners(numbers)
    read = Counter({position_partition(key, partitions): who for key, who in found.items()}.values())
    return set(read) == set(names) and max(read.values()) - min(read.values()) <= 1


@pytest.fixture
def partitions(plumbing: dict[str, Any]) -> int:
    count = int(plumbing["LOCATION_PARTITIONS"])
    assert {position_partition(key, count) for key in KEYS} == set(range(count))
    return count


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replicas lose each other sooner than in life."""
    for name, seconds in (("BEAT_S", 0.2), ("SILENT_AFTER_S", 0.4), ("LOST_AFTER_S", 1.0), ("STAND_BY_AFTER_S", 0.5)):
        monkeypatch.setattr(sharing, name, seconds)


def test_one_replica_reads_all_at_once(run: Any, numbers: Numbers) -> None:
    numbers.go_on()
    run(Toy, WHO="only")
    eventually(numbers.all_heard, within_s=1.5)


def test_replicas_share_and_share_anew_when_one_comes_or_stops(run: Any, numbers: Numbers, partitions: int) -> None:
    run(Toy, WHO="a")
    second = run(Toy, WHO="b")
    eventually(lambda: share_evenly(numbers, partitions, "a", "b"))
    run(Toy, WHO="c")
    eventually(lambda: share_evenly(numbers, partitions, "a", "b", "c"))
    second.stop()
    eventually(lambda: share_evenly(numbers, partitions, "a", "c"))
    assert numbers.heard_in_order()


def readers(connection: amqp.Connection, queue: str) -> int:
    """How many read a queue; nobody one that is not there yet."""
    state = queue_state(connection, queue)
    return 0 if state is None else state.consumers


def test_replicas_stand_by_for_each_other_once_they_have_settled(
    run: Any, quick: None, numbers: Numbers, partitions: int, plumbing: dict[str, Any]
) -> None:
    run(Toy, WHO="a"), run(Toy, WHO="b")
    queues = [queue_of(partition) for partition in range(partitions)]
    with connected(plumbing["AMQP_URI"]) as connection:
        eventually(lambda: all(readers(connection, name) == 2 for name in queues))
    assert share_evenly(numbers, partitions, "a", "b")


def test_the_order_of_a_key_holds_while_replicas_come_stop_and_die(run: Any, quick: None, numbers: Numbers) -> None:
    chance, replicas = random.Random(7), [run(Toy, WHO="first")]
    for turn in range(9):
        numbers.go_on(15)
        if len(replicas) < 2 or (len(replicas) < 4 and chance.random() < 0.5):
            replicas.append(run(Toy, WHO=f"replica-{turn}"))
        else:
            goes = replicas.pop(chance.randrange(len(replicas)))
            goes.stop() if chance.random() < 0.5 else goes.kill()
        eventlet.sleep(chance.random() / 4)
    eventually(numbers.all_heard, within_s=15)
    assert numbers.heard_in_order()


def test_the_queues_of_a_killed_process_are_read_by_another(
    run: Any, numbers: Numbers, other_process: tuple[subprocess.Popen[bytes], Path]
) -> None:
    process, heard_there = other_process
    run(Toy, WHO="stays")
    eventually(lambda: numbers.go_on() or heard_there.read_text(), within_s=20, every_s=0.2)
    process.kill()
    process.wait()
    killed_at = numbers.next
    numbers.go_on()
    eventually(lambda: sum(number == killed_at for _, _, number in Toy.heard) >= len(KEYS), within_s=15)


if __name__ == "__main__":  # the other process
    service_config = orjson.loads(sys.stdin.buffer.read())
    PREFIX = service_config["PREFIX"]
    container = ServiceContainer(LoudToy, config=service_config)
    container.start()
    container.wait()
