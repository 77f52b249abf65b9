"""An answer that is costly to find, and that many may ask for at the same moment."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

import eventlet

T = TypeVar("T")

FRESH_S = 1.0


class SharedAnswer(Generic[T]):
    """What `find` gives, found `fresh_s` seconds ago at most: who asks while it is being found waits for that.

    It is found by a greenlet of its own, which goes on when who asked first has gone away. What `find` raises, all who
    wait for it raise, and the next who asks has it found again.
    """

    def __init__(self, find: Callable[[], T], fresh_s: float = FRESH_S) -> None:
        self._find, self._fresh_s = find, fresh_s
        self._finding: Any = None
        self._fresh_until = 0.0

    def get(self) -> T:
        if self._finding is None or (self._finding.dead and time.monotonic() >= self._fresh_until):
            self._finding = eventlet.spawn(self._found)
        return cast(T, self._finding.wait())

    def _found(self) -> T:
        answer = self._find()
        self._fresh_until = time.monotonic() + self._fresh_s
        return answer
