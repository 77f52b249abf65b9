"""Leaders that die by SIGKILL in the middle of a batch, and two that lead at once: one offer a rider, and none lost."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import eventlet
import pytest
from eventlet.event import Event
from nameko.containers import ServiceContainer
from redis import Redis

from services.matching.storage.redis import lease_key
from tests.support.dispatch import FAR, NEAR, Teller, World, request
from tests.support.matching_world import STEPS
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[3]
QUICK = {"BATCH_WINDOW_S": 0.2, "MATCHING_LEASE_S": 0.4, "MATCHING_MIN_WAIT_S": 0.1}


@contextmanager
def dying_leaders(settings: dict[str, Any], folder: Path) -> Iterator[tuple[list[int], IO[str]]]:
    """A process for each step of a batch, waiting for the lead and to die there: their ids, and what is told."""
    task = folder / "settings"
    task.write_bytes(pickle.dumps({**settings, **QUICK}))
    command = [sys.executable, "-m", "tests.support.matching_dies", str(task), *STEPS]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pids = [int(pid) for pid in starter.stdout.readline().split()]
        try:
            yield pids, starter.stdout
        finally:
            for pid in filter(is_alive, pids):
                os.kill(pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    """Whether the process has not died; one that has and was not buried yet is dead."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def assert_one_offer_each(partners: World, trip_ids: list[str]) -> None:
    """As no offer was answered, there has been one to each trip, and to nobody two."""
    for who in ("trip_id", "driver_id"):
        assert set(Counter(offer[who] for offer in partners.offers.values()).values()) == {1}
    assert {offer["trip_id"] for offer in partners.offers.values()} == set(trip_ids)


@pytest.mark.usefixtures("redis", "database")
def test_leaders_killed_at_every_step_of_a_batch_leave_one_offer_for_each_rider(
    settings: dict[str, Any],
    partners: World,
    teller: Teller,
    start: Callable[..., ServiceContainer],
    tmp_path: Path,
) -> None:
    partners.drivers |= {f"driver-{number}": NEAR for number in range(2 * len(STEPS))}
    trip_ids: list[str] = []
    with dying_leaders(settings, tmp_path) as (pids, told):
        for left in reversed(range(len(STEPS))):
            trip_ids.append(request(partners, teller))
            eventually(lambda left=left: sum(map(is_alive, pids)) <= left, within_s=30, why="nobody died")
        assert told.read().split("\n") == [*STEPS, ""]
    start(**QUICK)
    eventually(lambda: len(partners.open_offers()) == len(trip_ids))
    assert_one_offer_each(partners, trip_ids)


@pytest.mark.usefixtures("database")
def test_a_leader_who_lost_his_lease_in_mid_batch_makes_no_second_offer(
    partners: World, teller: Teller, redis: Redis, start: Callable[..., ServiceContainer]
) -> None:
    partners.drivers |= {"far": FAR, "near": NEAR}
    start(MATCHING_DEADLINE_S=15)
    former = eventually(lambda: redis.get(lease_key("helsinki")))
    asked, go_on = Event(), Event()

    def stop_the_first() -> None:
        if not asked.ready():
            asked.send(None)
            go_on.wait()

    partners.meanwhile["table"] = stop_the_first
    first = request(partners, teller)
    with eventlet.Timeout(5):
        asked.wait()
    start()

    def stolen() -> bool:
        holder = redis.get(lease_key("helsinki"))
        if holder == former:
            redis.delete(lease_key("helsinki"))
        return holder not in (None, former)

    eventually(stolen, every_s=0.1)
    eventually(lambda: partners.offer_of(first))
    proposed = partners.calls.count("make_offers")
    go_on.send(None)
    eventually(lambda: partners.calls.count("make_offers") > proposed, why="the former leader did not go on")
    second = request(partners, teller)
    eventually(lambda: partners.offer_of(second))
    assert_one_offer_each(partners, [first, second])
