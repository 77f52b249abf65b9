"""Fares that rise where cars are short, in a simulated city: the rule of `pricing`, handed in, and who minds.

No service imports another, so the rule comes in as what it is: something with a `step` and the types it takes, of which
`services.pricing.domain.surge` is one. Segments are H3 cells of one size, those that hold a place of the grid.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, cast

import h3
import numpy as np

RESOLUTION = 9
"""Cells of about 400 m across."""

RINGS = 3
"""So many rings of cells around a pickup are looked at, as pricing does."""

_Seen = tuple[float, int]
"""When, and the number of the place."""


class SegmentState(Protocol):
    """What the rule keeps of a segment; `tenths` is what riders are shown."""

    @property
    def tenths(self) -> int: ...


class SurgeRule(Protocol):
    """What `services.pricing.domain.surge` offers."""

    Demand: Callable[..., Any]
    SurgeRules: Callable[..., Any]
    Around: Callable[..., Any]
    step: Callable[..., Mapping[str, SegmentState]]


def surge_rule(name: str) -> SurgeRule:
    """The rule that lives in the module of this name. Raises ValueError when there is none."""
    try:
        found = import_module(name)
    except ImportError as exc:
        raise ValueError(f"no rule of surge: {exc}") from exc
    missing = [part for part in ("Demand", "SurgeRules", "Around", "step") if not hasattr(found, part)]
    if missing:
        raise ValueError(f"{name} is no rule of surge: it has no {', '.join(missing)}")
    return cast(SurgeRule, found)


@dataclass(frozen=True)
class Surging:
    """How fares surge: the rule, the largest multiplier in tenths, and how often it is reckoned anew."""

    rule: SurgeRule
    cap_tenths: int = 20
    tick_s: float = 30.0
    window_s: int = 300


class Surge:
    """One day's surge. `multipliers` (N,): what a fare from each place is multiplied by just now; without a rule, 1."""

    def __init__(self, how: Surging | None, points: np.ndarray) -> None:
        self.multipliers = np.ones(len(points))
        self._how = how
        self._asked: deque[_Seen] = deque()
        self._unmet: deque[_Seen] = deque()
        self._state: Mapping[str, SegmentState] = {}
        self._reckoned_s = 0.0
        self._cells = [h3.latlng_to_cell(float(lat), float(lng), RESOLUTION) for lat, lng in points]
        if how is not None:
            held = set(self._cells)
            self._around = how.rule.Around(lambda cell: [near for near in h3.grid_disk(cell, 1) if near in held], RINGS)
            self._rules = how.rule.SurgeRules(cap_tenths=how.cap_tenths, window_s=how.window_s)

    def note_asked(self, now_s: float, place: int) -> None:
        self._asked.append((now_s, place))

    def note_unmet(self, now_s: float, place: int) -> None:
        self._unmet.append((now_s, place))

    def tick(self, now_s: float, waiting: Iterable[int], free: Iterable[int]) -> None:
        """Reckon anew from what was noted, where riders wait now and where cars are free (numbers of places)."""
        assert self._how is not None
        waits, asked, unmet = self._count(waiting), self._recent(self._asked, now_s), self._recent(self._unmet, now_s)
        demand = {
            cell: self._how.rule.Demand(waiting=waits[cell], requests=asked[cell], unmet=unmet[cell])
            for cell in {*waits, *asked, *unmet}
        }
        dt_s, self._reckoned_s = now_s - self._reckoned_s, now_s
        if not demand and not self._state:
            return
        free_cars = self._count(free)
        self._state = self._how.rule.step(demand, free_cars, self._around, self._state, rules=self._rules, dt_s=dt_s)
        self.multipliers = np.array([self._tenths(cell) for cell in self._cells]) / 10

    def _tenths(self, cell: str) -> int:
        state = self._state.get(cell)
        return 10 if state is None else state.tenths

    def _count(self, places: Iterable[int]) -> Counter[str]:
        return Counter(self._cells[place] for place in places)

    def _recent(self, seen: deque[_Seen], now_s: float) -> Counter[str]:
        """By segment what was seen within the window; what is older is forgotten."""
        assert self._how is not None
        while seen and seen[0][0] < now_s - self._how.window_s:
            seen.popleft()
        return self._count(place for _, place in seen)
