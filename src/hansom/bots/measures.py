"""What the bots count and time while they live. Bounded memory however long they run."""

from __future__ import annotations

from collections import Counter, deque
from math import ceil, exp, log

FALLING_BEHIND_S = 1.0
"""Position reports whose 99th percentile is later than this mean that the bots, not the server, are too slow."""


class Spread:
    """Durations in seconds as a histogram with buckets 4 % wide: quantiles right to 2 %, in constant memory."""

    _LEAST_S = 1e-4
    _STEP = log(1.04)

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self.count = 0
        self.sum_s = self.most_s = 0.0

    def add(self, seconds: float) -> None:
        """Counts one duration; anything under 0.1 ms is one bucket."""
        self._counts[0 if seconds <= self._LEAST_S else ceil(log(seconds / self._LEAST_S) / self._STEP)] += 1
        self.count += 1
        self.sum_s += seconds
        self.most_s = max(self.most_s, seconds)

    def quantile(self, share: float) -> float | None:
        """The duration that `share` (0..1) of all stay under, or None while there is none."""
        wanted, seen = share * self.count, 0
        for bucket in sorted(self._counts):
            seen += self._counts[bucket]
            if seen >= wanted:
                return min(self._LEAST_S * exp((bucket - 0.5) * self._STEP), self.most_s) if bucket else 0.0
        return None

    def as_dict(self) -> dict[str, float | int | None]:
        """`{count, mean_s, p50_s, p90_s, p95_s, p99_s, max_s}` for a summary."""
        shares = {f"p{percent}_s": self.quantile(percent / 100) for percent in (50, 90, 95, 99)}
        rounded = {name: None if value is None else round(value, 4) for name, value in shares.items()}
        mean_s = round(self.sum_s / self.count, 4) if self.count else None
        return {"count": self.count, "mean_s": mean_s, **rounded, "max_s": round(self.most_s, 4)}


class Rate:
    """Events a second over the last few whole seconds."""

    def __init__(self, window_s: int = 5) -> None:
        self._window_s = window_s
        self._seconds: deque[list[int]] = deque(maxlen=window_s + 1)
        self.total = 0

    def add(self, now: float) -> None:
        second = int(now)
        if self._seconds and self._seconds[-1][0] == second:
            self._seconds[-1][1] += 1
        else:
            self._seconds.append([second, 1])
        self.total += 1

    def a_second(self, now: float) -> float:
        """Mean over the window before the running second."""
        this_second = int(now)
        counted = sum(n for second, n in self._seconds if this_second - self._window_s <= second < this_second)
        return counted / self._window_s


class Measures:
    """Everything the table and the summary show that is not a ride's own story."""

    def __init__(self) -> None:
        self.errors: Counter[str] = Counter()
        self.requests = Rate()
        self.request_times = Spread()
        self.by_request: dict[str, Spread] = {}
        self.positions = Rate()
        self.positions_kept = 0
        self.lateness = Spread()
        self.events = 0
        self.gaps = 0
        self.gaps_healed = 0
        self.repeats = 0
        self.sockets_lost = 0
        self.moves_seen = 0
        self.hints_heard = 0
        self.hints_followed = 0
        self.died = 0
        self.learned_by_asking = 0

    def request(self, name: str, seconds: float, now: float) -> None:
        """One HTTP answer, whatever its status; `name` is the method and path without ids."""
        self.requests.add(now)
        self.request_times.add(seconds)
        self.by_request.setdefault(name, Spread()).add(seconds)

    @property
    def falling_behind(self) -> bool:
        """True when the bots' own clock slips: what they measure then is their own slowness."""
        late_s = self.lateness.quantile(0.99)
        return late_s is not None and late_s > FALLING_BEHIND_S
