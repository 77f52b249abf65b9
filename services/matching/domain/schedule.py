"""When a batch closes.

Batches close on a fixed grid of `window_s` seconds, so lateness never adds up. A window closes early in one case: a
trip that comes after a quiet window (nothing waiting, nobody asked for `window_s` seconds) is alone anyway, and waits
`min_wait_s` only, in case others follow at once. Under steady demand every window is as long as it is set.
"""

from __future__ import annotations

from math import floor


class Schedule:
    """The grid of one city's batches. Times are seconds on any one clock."""

    def __init__(self, window_s: float, min_wait_s: float) -> None:
        self.window_s, self.min_wait_s = window_s, min(min_wait_s, window_s)
        self._next_s: float | None = None
        self._newest_s: float | None = None
        self._early_s: float | None = None
        self._left = 0

    def note_arrival(self, newest_s: float | None) -> None:
        """Hear when the newest trip came into the pool. None: there has never been one."""
        if newest_s is None or (self._newest_s is not None and newest_s <= self._newest_s):
            return
        quiet = self._newest_s is None or newest_s - self._newest_s > self.window_s
        if quiet and not self._left:
            self._early_s = newest_s + self.min_wait_s
        self._newest_s = newest_s

    def due(self, now_s: float) -> bool:
        """Whether a batch closes now."""
        if self._next_s is None or self._next_s - now_s > self.window_s:
            # the first look, or the clock was set back
            self._next_s = self._after(now_s)
        return now_s >= self._next_s or (self._early_s is not None and now_s >= self._early_s)

    def closed(self, now_s: float, left: int) -> None:
        """A batch began at `now_s`; `left` trips of it wait on. Batches that were missed are not made up for."""
        if self._next_s is None or now_s >= self._next_s:
            self._next_s = self._after(now_s)
        self._early_s, self._left = None, left

    def _after(self, now_s: float) -> float:
        return (floor(now_s / self.window_s) + 1) * self.window_s
