"""Ports of a stack's private servers: chosen once, kept, chosen again only when somebody else took one."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Callable, Iterable

import psutil

from hansom.stack.home import Home
from hansom.stack.problems import StackProblem

FIRST, LAST = 20000, 32000
"""Below Linux' ephemeral range: a client that connects to a stopped server of ours can never be given its port."""


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:`port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now, for a server that is started at once and not for long."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def assign_ports(
    kept: dict[str, int], names: Iterable[str], free: Callable[[int], bool], draw: Callable[[], int]
) -> dict[str, int]:
    """A port for each name: the kept one while it is free, else a new one that no other name has."""
    assigned = dict(kept)
    for name in names:
        if name in assigned and free(assigned[name]):
            continue
        taken = set(assigned.values())
        port = draw()
        while port in taken or not free(port):
            port = draw()
        assigned[name] = port
    return assigned


def choose_ports(home: Home, names: Iterable[str]) -> dict[str, int]:
    """The stack's ports by server name, written to `ports.json`. To be called while its servers are stopped."""
    path = home.root / "ports.json"
    assigned = assign_ports(kept_ports(home), names, is_free, lambda: random.SystemRandom().randint(FIRST, LAST))
    path.write_text(json.dumps(assigned, indent=1) + "\n", encoding="utf-8")
    return assigned


def kept_ports(home: Home) -> dict[str, int]:
    """The ports chosen earlier, empty before the first start."""
    try:
        return dict(json.loads((home.root / "ports.json").read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError):
        return {}


def check_public_port(text: str) -> int:
    """The gateway's port, if it may listen there. Raises StackProblem that says who does, where that can be seen."""
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise StackProblem(f"PORT={text} is no port: give a number between 1 and 65535.")
    port = int(text)
    if is_free(port):
        return port
    holder = _listener(port)
    raise StackProblem(
        f"Port {port} is taken{f' by {holder}' if holder else ''}: stop that, or choose another one, such as "
        f"PORT={port + 1 if port < 65535 else 8000} ./hansom up"
    )


def _listener(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return ""
    return ""
