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
        for process in psutil.process_iter():
            try:
                name = self._name(process)
                if name is not None:
                    times = process.cpu_times()
                    spent[name] += times.user + times.system
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return spent

    def _name(self, process: psutil.Process) -> str | None:
        if process.pid == os.getpid():
            return CLIENTS
        environment = process.environ()
        if environment.get(MARK) != self._root:
            return None
        own = environment.get("SUPERVISOR_PROCESS_NAME")
        return own or "supervisor"


def spent(before: Counter[str], after: Counter[str]) -> dict[str, float]:
    """CPU seconds between two looks, the busiest first; processes that ended between them are not seen."""
    used = {name: after[name] - before[name] for name in after if after[name] > before[name]}
    return dict(sorted(used.items(), key=lambda item: -item[1]))
