"""Ports of a stack's private servers: chosen once, kept, chosen again only when somebody else took one."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Callable, Iterable

from hansom.stack.home import Home

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
