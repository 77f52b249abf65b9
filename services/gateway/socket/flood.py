"""A bound on how much one client may send: a bucket of tokens for each, refilled with time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """What a client may send at once. `filled_at`: when it was last looked at, monotonic seconds."""

    tokens: float
    filled_at: float


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_s` frames or positions a second for long, and `burst` at once: a backlog after a tunnel."""

    per_s: float
    burst: float
    clock: Callable[[], float] = time.monotonic

    def bucket(self) -> Bucket:
        """A full one."""
        return Bucket(self.burst, self.clock())

    def spend(self, bucket: Bucket, amount: int) -> float:
        """Take `amount`, more than there is if need be; gives for how many seconds nothing more may come.

        Only an empty bucket is refilled, so who has been idle spends without a look at the clock, and two bursts may
        follow each other when the first ended long ago.
        """
        bucket.tokens -= amount
        if bucket.tokens >= 0:
            return 0.0
        now = self.clock()
        bucket.tokens = min(self.burst, bucket.tokens + (now - bucket.filled_at) * self.per_s)
        bucket.filled_at = now
        return max(0.0, -bucket.tokens / self.per_s)
