"""CPU time by process of a stack: each supervised process with its children, the clients, and everything else."""

from __future__ import annotations

import os
from collections import Counter

import psutil

MARK = "HANSOM_SUPERVISED_BY"
"""In the environment of every process that the stack's supervisor started."""

CLIENTS = "clients (this process)"


class Processes:
    """The processes of one stack, by the names that its supervisor gave them."""

    def __init__(self, root: str) -> None:
        self._root = root

    def cpu_s(self) -> Counter[str]:
        """CPU seconds, user and system, used so far, by name; the measuring process as `clients`."""
        spent: Counter[str] = Counter()
        names: dict[int, str] = {os.getpid(): CLIENTS}
        for process in sorted(psutil.process_iter(), key=lambda process: process.pid):
            try:
                name = self._name(process, names)
                if name is not None:
                    names[process.pid] = name
                    times = process.cpu_times()
                    spent[name] += times.user + times.system
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        return spent

    def _name(self, process: psutil.Process, names: dict[int, str]) -> str | None:
        """Its own mark, or its parent's: Postgres writes its title over its children's environment."""
        if process.pid in names:
            return names[process.pid]
        environment = process.environ()
        if environment.get(MARK) == self._root:
            return environment.get("SUPERVISOR_PROCESS_NAME") or "supervisor"
        inherited = names.get(process.ppid())
        return None if inherited in (CLIENTS, "supervisor") else inherited


def spent(before: Counter[str], after: Counter[str]) -> dict[str, float]:
    """CPU seconds between two looks, the busiest first; processes that ended between them are not seen."""
    used = {name: after[name] - before[name] for name in after if after[name] > before[name]}
    return dict(sorted(used.items(), key=lambda item: -item[1]))
