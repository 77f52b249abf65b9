"""A timer fires in one replica only, and in another when that one is gone."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar

from hansom.timers import leader_timer
from tests.support.waiting import eventually


class Ticker:
    name = "speaker"
    ticks: ClassVar[Counter[str]] = Counter()

    @leader_timer(0.05)
    def tick(self) -> None:
        self.ticks["all"] += 1


class First(Ticker):
    @leader_timer(0.05)
    def tick(self) -> None:
        self.ticks["first"] += 1


class Second(Ticker):
    @leader_timer(0.05)
    def tick(self) -> None:
        self.ticks["second"] += 1


def test_one_replica_ticks_and_the_other_takes_over(run: Any) -> None:
    Ticker.ticks.clear()
    first = run(First)
    eventually(lambda: Ticker.ticks["first"] >= 2)
    run(Second)
    eventually(lambda: Ticker.ticks["first"] >= 6)
    assert Ticker.ticks["second"] == 0
    first.kill()
    eventually(lambda: Ticker.ticks["second"] >= 2)
