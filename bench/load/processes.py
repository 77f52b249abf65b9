"""CPU time by process of a stack: each supervised process with its children, and the clients that measure."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

from hansom.stack.home import Home
from hansom.stack.supervision import Supervisor

CLIENTS = "clients (this process)"


class Processes:
    """The processes of the stack in one state folder, by the names that its supervisor gave them."""

    def __init__(self, root: str) -> None:
        self._supervisor = Supervisor(Home(Path(root)))

    def cpu_s(self) -> dict[str, float]:
        """CPU seconds, user and system, used so far, by name; the measuring process as `clients`.

        Without a local stack only the clients are known.
        """
        known = self._supervisor.processes() if self._supervisor.is_running() else []
        names = {process["pid"]: process["name"] for process in known if process["pid"]}
        names[os.getpid()] = CLIENTS
        parents = {process.pid: process.info["ppid"] for process in psutil.process_iter(["ppid"])}
        used: dict[str, float] = {}
        for pid in parents:
            name = _owner(pid, names, parents)
            if name is not None and (name != CLIENTS or pid == os.getpid()):
                used[name] = used.get(name, 0.0) + _cpu_s(pid)
        return used


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


def spent(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """CPU seconds between two looks, the busiest first; processes that ended between them are not seen."""
    used = {name: total - before.get(name, 0.0) for name, total in after.items() if total > before.get(name, 0.0)}
    return dict(sorted(used.items(), key=lambda item: -item[1]))
