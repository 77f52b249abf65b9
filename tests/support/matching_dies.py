"""Run as a process: several leaders of the dispatch, each of which dies by SIGKILL at one moment of its first batch.

`python -m tests.support.matching_dies SETTINGS STEP...`: a process for each step; their ids are printed, and
then, as it dies, each step. `SETTINGS` is a pickle; a STEP is one of `matching_world.STEPS`.
"""

from __future__ import annotations

import eventlet

eventlet.monkey_patch()

import os  # noqa: E402
import pickle  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402
from dataclasses import replace  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from eventlet import hubs  # noqa: E402
from nameko.containers import ServiceContainer  # noqa: E402

from hansom.contracts.topology import SUBSCRIPTIONS  # noqa: E402
from services.matching import schemas  # noqa: E402
from services.matching.usecases.ports import Ports  # noqa: E402
from tests.support.matching_world import MatchingAmongStandIns  # noqa: E402


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Fatal:
    """What it stands for, but for one method, which is the last that this process does."""

    def __init__(self, real: Any, method: str, dies: Callable[[Any], bool] = lambda result: True) -> None:
        self._real, self._method, self._dies = real, method, dies

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        return found if name != self._method else lambda *args, **kwargs: self._last(found(*args, **kwargs))

    def _last(self, result: Any) -> Any:
        if self._dies(result):
            die()
        return result


class SendsAndDies:
    """Sends its offers and does not live to hear what became of them."""

    def __init__(self, real: Any, trips: Any) -> None:
        self._real, self._trips = real, trips

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def make_offers(self, *args: Any) -> None:
        self._trips.call_async("make_offers", schemas.offers_request(*args))
        die()


class DyingMatching(MatchingAmongStandIns):
    name = MatchingAmongStandIns.name
    step: str

    def _ports(self, spent_s: Callable[[], float]) -> Ports:
        ports = super()._ports(spent_s)
        partners = ports.partners
        deadly: dict[str, dict[str, Any]] = {
            "pool read": {"pool": Fatal(ports.pool, "read", lambda view: bool(view.without_offer(0)))},
            "candidates found": {"partners": Fatal(partners, "find_candidates")},
            "road times known": {"partners": Fatal(partners, "road_tables")},
            "decided": {"compute": Fatal(ports, "compute").compute},
            "offers sent": {"partners": SendsAndDies(partners, self.trips)},
            "offers made": {"partners": Fatal(partners, "make_offers")},
            "pool told": {"pool": Fatal(ports.pool, "apply")},
            "recorded": {"records": Fatal(ports.records, "put_decisions")},
        }
        return replace(ports, **deadly[self.step])


def live(settings: dict[str, Any], step: str) -> None:
    """Never ends by itself."""
    hubs.use_hub()
    SUBSCRIPTIONS[DyingMatching.name] = {}
    DyingMatching.step = step
    container = ServiceContainer(DyingMatching, settings)
    container.start()
    container.wait()


def main(settings_file: str, *steps: str) -> None:
    """Fork, so that what all of them import is imported once, and stay until the last has died."""
    settings = pickle.loads(Path(settings_file).read_bytes())
    left = []
    for step in steps:
        pid = os.fork()
        if pid == 0:
            live(settings, step)
            os._exit(1)
        left.append(pid)
    print(*left, flush=True)
    for pid, step in zip(left, steps, strict=True):
        status = os.waitpid(pid, 0)[1]
        died = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        print(step if died else f"did not die: {step}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
