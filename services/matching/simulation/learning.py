"""What simulated days teach about the days after them: where a driver who becomes free soon has his next ride."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from services.matching.simulation.day import Dispatching, Scenario, Spell
from services.matching.simulation.engine import simulate
from services.matching.simulation.grid import RoadGrid
from services.matching.simulation.worths import SLOT_S, SLOTS, Worths

EARLIER = 1_000_000
"""Seeds of earlier days begin here, far from those of days that are measured."""

REACH_S = 90.0
"""A spell also tells of places around it; how much thins out with road time as exp(-t / this)."""

BELIEVED = 10.0
"""So many spells must be known of a place and half hour before they count half."""


def earlier_seeds(seed: int, days: int = 2) -> list[int]:
    """Seeds of days before the one of this seed."""
    return [EARLIER + seed * 100 + number for number in range(days)]


def learn(earlier: Iterable[Scenario], how: Dispatching) -> Worths:
    """Worths from earlier days of one city, lived one after the other as `how` says."""
    grid: RoadGrid | None = None
    spells: list[Spell] = []
    for scenario in earlier:
        grid = scenario.grid
        spells.extend(simulate(scenario, how).empties)
    if grid is None:
        raise ValueError("nothing can be learnt from no days")
    return worths_of(spells, grid)


def worths_of(spells: Iterable[Spell], grid: RoadGrid) -> Worths:
    """The mean time without a rider in the city, less the mean around each place, by half hours.

    The way to the next rider belongs to it: where cars are scarce he has his next ride at once wherever he is, and
    a remote place costs him the way.

    Means around a place weigh spells by road time and are drawn to the city's mean until much is known
    (Nadaraya-Watson with a prior). A spell that ended by going home counts as long as it was: at least that.
    """
    near = np.exp(-grid.seconds.astype(float) / REACH_S)
    seconds = np.zeros((SLOTS, len(grid)))
    by_slot: list[list[Spell]] = [[] for _ in range(SLOTS)]
    for spell in spells:
        if spell.ended or spell.idle_s > 0:
            by_slot[int(spell.since_s // SLOT_S) % SLOTS].append(spell)
    for slot in range(SLOTS):
        seconds[slot] = _of_slot([*by_slot[slot - 1], *by_slot[slot], *by_slot[(slot + 1) % SLOTS]], near)
    return Worths(seconds)


def _of_slot(spells: Sequence[Spell], near: np.ndarray) -> np.ndarray:
    """(N,): worths from the spells of a half hour and its neighbours."""
    places = near.shape[0]
    if not spells:
        return np.zeros(places)
    at = np.array([spell.place for spell in spells])
    idle_s = np.array([spell.idle_s for spell in spells])
    known = near @ np.bincount(at, minlength=places)
    summed = near @ np.bincount(at, weights=idle_s - idle_s.mean(), minlength=places)
    worths: np.ndarray = -summed / (known + BELIEVED)
    return worths
