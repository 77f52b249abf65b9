"""A process that the supervisor keeps running."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Program:
    """What the supervisor needs to know of a process.

    `priority`: lower starts earlier and stops later. `stop_s`: how long it may take to stop before it is killed.
    `user`: run as this user (root only). `alone`: comes and goes without the other servers.
    """

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    directory: Path | None = None
    user: str | None = None
    stop_signal: str = "TERM"
    stop_s: int = 20
    priority: int = 100
    alone: bool = False
