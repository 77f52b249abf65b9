"""What only the supervisor's log tells: how often a process was started again, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from hansom.stack.home import Home

_BEGAN = re.compile(r"supervisord started with pid")
_SPAWNED = re.compile(r"spawned: '([^']+)' with pid")
_EXITED = re.compile(r"^\S+ (\S+?),\d+ \w+ exited: (\S+) \((?:terminated by )?(.+?)(?:; (?:not )?expected)?\)$")


@dataclass
class History:
    """A process since the supervisor was started. `last_exit`: time and reason of its last unasked end."""

    restarts: int = 0
    last_exit: str = ""


def read_history(lines: Iterable[str]) -> dict[str, History]:
    """Process name → how often it came back after it ended by itself, and its last end."""
    found: dict[str, History] = {}
    ended: set[str] = set()
    for raw in lines:
        line = raw.rstrip("\n")
        if _BEGAN.search(line):
            found, ended = {}, set()
        elif match := _EXITED.match(line):
            found.setdefault(match.group(2), History()).last_exit = f"{match.group(1)} {match.group(3)}"
            ended.add(match.group(2))
        elif match := _SPAWNED.search(line):
            history = found.setdefault(match.group(1), History())
            if match.group(1) in ended:
                history.restarts += 1
                ended.discard(match.group(1))
    return found


def history(home: Home) -> dict[str, History]:
    """The same of a stack's log."""
    try:
        with open(home.log / "supervisord.log", encoding="utf-8", errors="replace") as file:
            return read_history(file)
    except FileNotFoundError:
        return {}


def last_words(home: Home, name: str) -> str:
    """The last line of a process' log that says something."""
    try:
        text = (home.log / f"{name}.log").read_bytes()[-20_000:].decode("utf-8", "replace")
    except FileNotFoundError:
        return "it has logged nothing"
    said = [line.strip() for line in text.splitlines() if line.strip()]
    return said[-1][:300] if said else "it has logged nothing"
