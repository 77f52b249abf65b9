"""CPU time and memory by process of a stack: each supervised process with its children, and the measuring clients."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import gevent
import psutil

from hansom.stack.home import Home
from hansom.stack.supervision import Supervisor

CLIENTS = "clients (this process)"


class Processes:
    """The processes of the stack in one state folder, by the names that its supervisor gave them.

    `clients`: process ids of load generators, counted with the measuring process itself.
    """

    def __init__(self, root: str, clients: Iterable[int] = ()) -> None:
        self._supervisor = Supervisor(Home(Path(root)))
        self._clients = {os.getpid(), *clients}

    def cpu_s(self) -> dict[str, float]:
        """CPU seconds, user and system, used so far, by name; the measuring process as `clients`.

        Without a local stack only the clients are known.
        """
        return self._sums(_cpu_s)

    def rss_mib(self) -> dict[str, float]:
        """Resident memory by name, MiB. What several children of one process share counts for each."""
        return self._sums(_rss_mib)

    def pids(self, name: str) -> list[int]:
        """Process ids of a line of the Procfile: of all its replicas."""
        return [each["pid"] for each in self._replicas(name) if each["pid"]]

    def start_anew(self, name: str) -> None:
        """Restart all replicas of a line of the Procfile, one after another, and wait for their processes."""
        for replica in self._replicas(name):
            self._supervisor.stop_process(replica["name"])
            self._supervisor.start_process(replica["name"])

    def _replicas(self, name: str) -> list[dict[str, Any]]:
        known = self._supervisor.processes() if self._supervisor.is_running() else []
        return [each for each in known if each["name"].rstrip("0123456789").rstrip("-") == name]

    def _sums(self, look: Callable[[int], float]) -> dict[str, float]:
        known = self._supervisor.processes() if self._supervisor.is_running() else []
        names = {process["pid"]: process["name"] for process in known if process["pid"]}
        names |= dict.fromkeys(self._clients, CLIENTS)
        parents = {process.pid: process.info["ppid"] for process in psutil.process_iter(["ppid"])}
        sums: dict[str, float] = {}
        for pid in parents:
            name = _owner(pid, names, parents)
            if name is not None and (name != CLIENTS or pid in self._clients):
                sums[name] = sums.get(name, 0.0) + look(pid)
        return sums


class Growth:
    """Memory of every process, looked at now and then while something goes on."""

    def __init__(self, processes: Processes, every_s: float = 10.0) -> None:
        self._processes, self._every_s = processes, every_s
        self._looks: list[tuple[float, dict[str, float]]] = []
        self._greenlet = gevent.spawn(self._look)

    def stop(self) -> dict[str, dict[str, float]]:
        """By name: MiB in the first and last fifth of the time, and the growth a minute over the last two thirds."""
        self._greenlet.kill()
        looks = self._looks
        names = looks[-1][1] if looks else {}
        return {name: _trend([(at, seen[name]) for at, seen in looks if name in seen]) for name in names}

    def _look(self) -> None:
        while True:
            self._looks.append((time.monotonic(), self._processes.rss_mib()))
            gevent.sleep(self._every_s)


def _trend(points: Sequence[tuple[float, float]]) -> dict[str, float]:
    fifth, third = max(1, len(points) // 5), len(points) // 3
    late = points[third:]
    return {
        "first_mib": round(sum(mib for _, mib in points[:fifth]) / fifth, 1),
        "last_mib": round(sum(mib for _, mib in points[-fifth:]) / fifth, 1),
        "mib_a_minute": round(60 * _slope(late), 3),
    }


def _slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the straight line with the least squares through the points; 0 where there are fewer than two."""
    if len(points) < 2:
        return 0.0
    mid_x, mid_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    below = sum((x - mid_x) ** 2 for x, _ in points)
    return sum((x - mid_x) * (y - mid_y) for x, y in points) / below if below else 0.0


def _owner(pid: int, names: dict[int, str], parents: dict[int, int]) -> str | None:
    """The name of the nearest known ancestor; Postgres' and RabbitMQ's work is done by children."""
    while pid and pid not in names:
        pid = parents.get(pid, 0)
    return names.get(pid)


def _cpu_s(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return 0.0
    return times.user + times.system


def _rss_mib(pid: int) -> float:
    try:
        return psutil.Process(pid).memory_info().rss / 2**20
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return 0.0


def spent(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """CPU seconds between two looks, the busiest first; processes that ended between them are not seen."""
    used = {name: total - before.get(name, 0.0) for name, total in after.items() if total > before.get(name, 0.0)}
    return dict(sorted(used.items(), key=lambda item: -item[1]))
