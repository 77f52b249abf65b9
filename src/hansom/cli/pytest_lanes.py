"""Runs of pytest side by side: a lane is a stack and the runs that share it, one after the other."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby

from hansom.cli.pytest_runs import Run
from hansom.settings import REPOSITORY
from hansom.stack.home import Home
from hansom.stack.progress import Progress
from hansom.stack.supervision import Supervisor
from hansom.stack.testing import bring_up, hansom

NOTHING_COLLECTED = 5
"""Pytest's exit code when no test was chosen."""

TOLD_AT_THE_END = re.compile(r"=+ (FAILURES|ERRORS|warnings summary|slowest durations|short test summary info) =+\s*")
"""From such a line on, what pytest prints belongs together."""


@dataclass(frozen=True)
class Lane:
    """A stack's state folder, and the runs on that stack. `is_alone`: no other lane writes to the terminal."""

    home: Home
    runs: tuple[Run, ...]
    is_alone: bool = True


def lanes_of(runs: Sequence[Run], home: Home, *, at_once: bool) -> list[Lane]:
    """A lane for each stack of the runs; one for all of them when they are not to go on at once."""
    if not at_once:
        return [Lane(home, tuple(runs))]
    groups = [(stack, tuple(group)) for stack, group in groupby(runs, key=lambda run: run.stack)]
    return [Lane(_beside(home, stack), group, is_alone=len(groups) == 1) for stack, group in groups]


def _beside(home: Home, stack: str) -> Home:
    return Home(home.root.with_name(f"{home.root.name}-{stack}")) if stack else home


Pytest = Callable[[Run, Lane], int]
IsOver = Callable[[int], bool]


Ended = tuple[str, int, float]
"""Name, exit code and seconds of a run."""


def run_lanes(lanes: Sequence[Lane], *, pytest: Pytest, is_over: IsOver, say: Callable[[str], None]) -> int:
    """Run all, say how long each took. Gives the exit code: the first failure's; nothing collected only if nowhere.

    `is_over(code)`: whether nothing more is to be started once a run ended with that exit code.
    """
    with ThreadPoolExecutor(len(lanes)) as threads:
        of_lanes = list(threads.map(lambda lane: _run_lane(lane, pytest, is_over), lanes))
    ended = list(chain.from_iterable(of_lanes))
    if len(ended) > 1:
        say(" · ".join(f"{name} {took_s:.0f} s" for name, _, took_s in ended))
    codes = [code for _, code, _ in ended]
    failed = [code for code in codes if code not in (0, NOTHING_COLLECTED)]
    if failed:
        return failed[0]
    return NOTHING_COLLECTED if all(code == NOTHING_COLLECTED for code in codes) else 0


def _run_lane(lane: Lane, pytest: Pytest, is_over: IsOver) -> list[Ended]:
    ended: list[Ended] = []
    for run in lane.runs:
        began = time.monotonic()
        code = pytest(run, lane)
        ended.append((run.name, code, time.monotonic() - began))
        if is_over(code):
            break
    return ended


FIRST_START_S = 900.0
"""Of a stack in a new checkout: servers are fetched, roads prepared, pages built."""


@contextmanager
def stacks_up(lanes: Sequence[Lane], progress: Progress) -> Iterator[None]:
    """Keep each lane's stack up from one run to the next, and take down after the block what was down before it.

    Stacks of lanes that go on at once are brought up before, one by one: they share what the first of them makes, and
    how long that takes on a busy machine is no test's time.
    """
    keep = os.environ.get("HANSOM_TEST_KEEP") == "1"
    theirs = [lane for lane in lanes if not keep and not Supervisor(lane.home).is_running()]
    if len(lanes) == len(lanes[0].runs) == 1:
        yield  # pytest itself starts and stops what it needs
        return
    os.environ["HANSOM_TEST_KEEP"] = "1"
    try:
        for lane in lanes if len(lanes) > 1 else ():
            with progress.step(f"Bringing up a stack for {' and '.join(run.name for run in lane.runs)}"):
                bring_up(lane.home, timeout_s=FIRST_START_S)
        yield
    finally:
        for lane in theirs:
            if Supervisor(lane.home).is_running():
                hansom(lane.home, "down")


@contextmanager
def interrupts_left_to_pytest() -> Iterator[threading.Event]:
    """An interrupt reaches each pytest too, which tidies up: this process waits for that. Gives whether one came."""
    interrupted = threading.Event()
    # a function and not SIG_IGN, which the processes would inherit
    before = signal.signal(signal.SIGINT, lambda *_: interrupted.set())
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)


_one_writes = threading.Lock()


def run_pytest(run: Run, lane: Lane) -> int:
    """One process of pytest on the lane's stack. Gives its exit code."""
    command = [sys.executable, "-m", "pytest", *run.arguments]
    environment = {**os.environ, "HANSOM_HOME": str(lane.home.root), "PYTHONUNBUFFERED": "1"}
    piped = None if lane.is_alone else subprocess.PIPE
    if piped and sys.stdout.isatty():
        command.append("--color=yes")
    process = subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=piped, stderr=piped and subprocess.STDOUT, text=True
    )
    try:
        if process.stdout is not None:
            pass_on(process.stdout, partial(print, flush=True))
        return process.wait()
    finally:
        process.terminate()


def pass_on(lines: Iterable[str], write: Callable[[str], None]) -> None:
    """Write a pytest's lines as they come, and what it tells of failures in one piece at its end."""
    kept: list[str] = []
    for line in lines:
        if kept or TOLD_AT_THE_END.fullmatch(_plain(line)):
            kept.append(line)
        else:
            with _one_writes:
                write(line.rstrip("\n"))
    if kept:
        with _one_writes:
            write("".join(kept).rstrip("\n"))


def _plain(line: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", line)
