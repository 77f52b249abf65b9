"""Waiting for a condition instead of sleeping for a guess."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(condition: Callable[[], T], *, within_s: float = 5.0, every_s: float = 0.02, why: str = "") -> T:
    """Call `condition` until what it gives is true, and give that.

    An AssertionError in it counts as not yet; the last one is raised when `within_s` seconds have passed, so that a
    test says what it was waiting for. Any other exception is raised at once.
    """
    deadline = time.monotonic() + within_s
    while True:
        failure: AssertionError | None = None
        try:
            found = condition()
            if found:
                return found
        except AssertionError as exc:
            failure = exc
        if time.monotonic() > deadline:
            if failure is not None:
                raise failure
            raise AssertionError(why or f"not within {within_s:g} s: {condition}")
        time.sleep(every_s)
