"""Days lived in worker processes, one a core, and what each came to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from time import perf_counter, process_time
from typing import Any, TypeVar

from bench.dispatching.hindsight import BLOCK_S, hindsight
from bench.dispatching.towns import Town
from hansom.settings import load_config
from services.matching.simulation.day import Dispatching
from services.matching.simulation.engine import simulate
from services.matching.simulation.figures import figures
from services.matching.simulation.learning import earlier_seeds, learn
from services.matching.simulation.planning import LOOKING_AHEAD, a_day, dispatching

TOLD = "batch, told"
"""`batch` when it is told of the requests of the next five minutes: what foreknowledge is worth to it as it is."""

Asked = TypeVar("Asked")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Task:
    """One day to live. The seed also lays out the city: each is another city on the same roads."""

    town: str
    load: str
    rides: int
    drivers: int
    policy: str
    seed: int
    looks_back: bool = False
    """Whether the best in hindsight is found too."""


@dataclass(frozen=True, slots=True)
class Lived:
    """A day's figures by name, and the seconds that it took: on the clock, and of the processor."""

    task: Task
    figures: Mapping[str, float]
    took_s: float
    cpu_s: float
    hindsight: Mapping[str, float] = field(default_factory=dict)


_towns: dict[str, Town] = {}


def town_of(name: str) -> Town:
    """In a worker: a town that the workers were started with."""
    return _towns[name]


class Workers:
    """Processes that know the towns."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def run(self, work: Callable[[Asked], Found], tasks: Iterable[Asked]) -> Iterator[Found]:
        """What `work` makes of each, as it is done."""
        for done in as_completed([self._pool.submit(work, task) for task in tasks]):
            yield done.result()


@contextmanager
def workers(towns: Sequence[Town]) -> Iterator[Workers]:
    """One process for each core, for as long as the block runs."""
    with ProcessPoolExecutor(os.cpu_count(), initializer=_enter, initargs=(tuple(towns),)) as pool:
        try:
            yield Workers(pool)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _enter(towns: Sequence[Town]) -> None:
    # demos in real time, which run beside the days, come first
    os.nice(10)
    _towns.update({town.name: town for town in towns})


def live(task: Task) -> Lived:
    """Live the day of this task in a worker."""
    grid = town_of(task.town).grid
    scenario = a_day(grid, task.rides, task.drivers, task.seed, layout=task.seed)
    how = dispatched(task)
    began, began_cpu_s = perf_counter(), process_time()
    day = simulate(scenario, how)
    took_s, cpu_s = perf_counter() - began, process_time() - began_cpu_s
    looked_back = asdict(hindsight(day, grid, how.rules.max_pickup_s)) if task.looks_back else {}
    return Lived(task, figures(day).as_dict(), took_s, cpu_s, looked_back)


def dispatched(task: Task) -> Dispatching:
    """How this task's policy dispatches; what it may know of the city is learnt from earlier days of it first."""
    config: dict[str, Any] = load_config()
    if task.policy == TOLD:
        return replace(dispatching("batch", config), foreseen_s=BLOCK_S)
    if task.policy not in LOOKING_AHEAD:
        return dispatching(task.policy, config)
    grid = town_of(task.town).grid
    earlier = (a_day(grid, task.rides, task.drivers, seed, layout=task.seed) for seed in earlier_seeds(task.seed))
    return dispatching(task.policy, config, learn(earlier, dispatching("batch", config)))
