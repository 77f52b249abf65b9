"""Hints to drivers without a ride in a simulated city: where more riders are expected than cars are near.

The idea of what `analytics` tells real drivers, in a few lines: what earlier days had, set against the cars there are,
and each missing car sent the nearest driver who is not needed where he is, no driver twice within TOLD_AGAIN_S.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import h3
import numpy as np
from scipy.optimize import linear_sum_assignment

from services.matching.simulation.day import Driver
from services.matching.simulation.demand import Request
from services.matching.simulation.grid import RoadGrid
from services.matching.simulation.surging import RESOLUTION
from services.matching.simulation.worths import SLOT_S, SLOTS

HINT_EVERY_S = 300.0
IDLE_S = 180.0
"""Who has been without a ride for this long is told."""

TOLD_AGAIN_S = 600.0
BUSY_S = 420.0
"""How long a request keeps a car: on the way, boarding, on the ride."""

FURTHEST_S = 480.0


def forecast(days: Iterable[Sequence[Request]], places: int) -> np.ndarray:
    """(SLOTS, places): requests of each half hour from each place, in the mean of these days."""
    asked = [np.zeros((SLOTS, places))]
    for requests in days:
        asked.append(np.zeros((SLOTS, places)))
        for request in requests:
            asked[-1][int(request.at_s // SLOT_S) % SLOTS, request.pickup] += 1
    total: np.ndarray = np.sum(asked, axis=0) / max(1, len(asked) - 1)
    return total


class Hints:
    """Says who should go where. `expected`: what `forecast` gives."""

    def __init__(self, grid: RoadGrid, expected: np.ndarray) -> None:
        self._grid, self._expected = grid, expected
        cells = [h3.latlng_to_cell(float(lat), float(lng), RESOLUTION) for lat, lng in grid.points]
        self._cells = sorted(set(cells))
        self._cell_of = np.array([self._cells.index(cell) for cell in cells])
        self._told_s: dict[int, float] = {}

    def now(self, now_s: float, idle: Mapping[int, Driver]) -> dict[int, int]:
        """Driver → the place he is sent to."""
        expected = self._expected[int(now_s // SLOT_S) % SLOTS]
        wanted = np.bincount(self._cell_of, weights=expected, minlength=len(self._cells)) * BUSY_S / SLOT_S
        there = Counter(int(self._cell_of[driver.place]) for driver in idle.values())
        spare = wanted - np.array([there[cell] for cell in range(len(self._cells))])
        places = [
            self._busiest(cell, expected)
            for cell in np.flatnonzero(spare >= 1).tolist()
            for _ in range(int(spare[cell]))
        ]
        free = [number for number, driver in idle.items() if self._may_be_told(now_s, number, driver, spare)]
        if not places or not free:
            return {}
        way_s = self._grid.seconds[np.ix_([idle[number].place for number in free], places)].astype(float)
        rows, columns = linear_sum_assignment(np.where(np.isfinite(way_s), way_s, 1e6))
        sent = {
            free[row]: places[column]
            for row, column in zip(rows, columns, strict=True)
            if way_s[row, column] <= FURTHEST_S
        }
        self._told_s.update(dict.fromkeys(sent, now_s))
        return sent

    def _may_be_told(self, now_s: float, number: int, driver: Driver, spare: np.ndarray) -> bool:
        long_idle = now_s - driver.idle_since_s >= IDLE_S
        return (
            long_idle
            and now_s - self._told_s.get(number, -TOLD_AGAIN_S) >= TOLD_AGAIN_S
            and bool(spare[self._cell_of[driver.place]] < 0)
        )

    def _busiest(self, cell: int, expected: np.ndarray) -> int:
        places = np.flatnonzero(self._cell_of == cell)
        return int(places[expected[places].argmax()])
