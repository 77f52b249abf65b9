"""Hashing stops nobody else, and nobody waits for it for ever."""

from __future__ import annotations

import time

import eventlet
import pytest

from hansom.contracts.users import Crowded
from services.users.passwords import PasswordHasher


def a_hasher(**changes: float) -> PasswordHasher:
    return PasswordHasher(**{"memory_kib": 8192, "passes": 1, "at_once": 2, "patience_s": 5, **changes})  # type: ignore[arg-type]


def test_a_hash_is_of_its_password_only_and_salted() -> None:
    hasher = a_hasher()
    stored = hasher.hash("correct horse")
    assert stored.startswith("$argon2id$")
    assert stored != hasher.hash("correct horse")
    assert hasher.matches(stored, "correct horse")
    assert not hasher.matches(stored, "Correct horse")
    assert not hasher.matches(None, "correct horse")
    assert not hasher.matches("no hash at all", "correct horse")


def test_a_hash_of_weaker_settings_is_outdated() -> None:
    stored = a_hasher().hash("correct horse")
    assert not a_hasher().outdated(stored)
    assert a_hasher(passes=2).outdated(stored)


def test_other_greenlets_run_while_a_hash_is_made() -> None:
    hasher = a_hasher(memory_kib=65536, passes=4)
    ticks: list[float] = []

    def tick() -> None:
        while True:
            ticks.append(time.monotonic())
            eventlet.sleep(0.001)

    ticker = eventlet.spawn(tick)
    eventlet.sleep(0)
    began = time.monotonic()
    hasher.hash("correct horse")
    ended = time.monotonic()
    ticker.kill()
    during = [moment for moment in ticks if began < moment < ended]
    assert ended - began > 0.02, "too quick a hash to see anything"
    assert len(during) >= 5


def test_only_so_many_hashes_are_made_at_once_and_the_rest_wait_in_line(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = a_hasher(at_once=2)
    under_way, most = 0, 0

    def slow(password: str) -> str:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        time.sleep(0.02)
        under_way -= 1
        return password

    results = [eventlet.spawn(hasher._in_turn, slow, str(n)) for n in range(8)]
    assert [result.wait() for result in results] == [str(n) for n in range(8)]
    assert most <= 2


def test_who_waits_longer_than_his_caller_is_sent_away() -> None:
    hasher = a_hasher(at_once=1, patience_s=0.02)
    held = eventlet.spawn(hasher._in_turn, time.sleep, 0.3)
    eventlet.sleep(0)
    with pytest.raises(Crowded):
        hasher.hash("correct horse")
    held.wait()
    assert hasher.hash("correct horse")
