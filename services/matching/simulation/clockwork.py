"""Simulated time: what happens when, in order."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any

Happening = Callable[..., None]

TOLD_EVERY_S = 900.0


class Clockwork:
    """`now_s`: seconds since midnight. What is planned for the same moment happens in the order of planning."""

    def __init__(self, progress: Callable[[float], Any] | None = None) -> None:
        self.now_s = 0.0
        self._events: list[tuple[float, int, Happening, tuple[Any, ...]]] = []
        self._order = count()
        self._progress, self._told_s = progress, 0.0

    def at(self, at_s: float, what: Happening, *about: Any) -> None:
        heappush(self._events, (at_s, next(self._order), what, about))

    def after(self, after_s: float, what: Happening, *about: Any) -> None:
        self.at(self.now_s + after_s, what, *about)

    def run(self) -> None:
        """Until nothing is planned any more; progress is told the time now and then."""
        while self._events:
            self.now_s, _, what, about = heappop(self._events)
            if self._progress is not None and self.now_s - self._told_s >= TOLD_EVERY_S:
                self._told_s = self.now_s
                self._progress(self.now_s)
            what(*about)
