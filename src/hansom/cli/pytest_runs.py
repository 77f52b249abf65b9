"""The runs of pytest that are `./hansom test`: what is in a browser is a process of its own.

Nameko's plugin and tests/conftest.py patch the first process for eventlet, and a browser cannot be driven from such a
one. Both use one stack, which comes down after the last unless it was up before.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hansom.settings import REPOSITORY
from hansom.stack.supervision import Supervisor
from hansom.stack.testing import hansom, testing_home

WEB = Path("tests/web")

NOTHING_COLLECTED = 5
"""Pytest's exit code when no test was chosen."""

WITH_A_VALUE = frozenset(
    {
        *("-k", "-m", "-p", "-c", "-o", "-W", "-r", "-n", "--tb", "--junitxml", "--junit-xml", "--ignore"),
        *("--ignore-glob", "--deselect", "--basetemp", "--rootdir", "--confcutdir", "--durations", "--durations-min"),
        *("--maxfail", "--timeout", "--log-level", "--log-file", "--capture", "--color"),
    }
)
"""Options whose value may be the argument after them: it is no path to tests."""

ASKS_ONLY = frozenset({"-h", "--help", "--version", "-V", "--markers", "--fixtures"})
REPORTS = ("--junitxml=", "--junit-xml=")


@dataclass(frozen=True)
class Run:
    """One process of pytest."""

    name: str
    arguments: tuple[str, ...]


def plan(arguments: Sequence[str], root: Path = REPOSITORY) -> list[Run]:
    """The runs for the arguments of `./hansom test`. What names no tests of its own goes to each of them."""
    options, paths = _split(arguments, root)
    if ASKS_ONLY & set(options):
        return [Run("tests", tuple(arguments))]
    in_browser = [path for path in paths if _is_within(path, WEB, root)]
    others = [path for path in paths if path not in in_browser]
    # a folder that holds them holds both kinds
    if not paths or any(_is_within(str(WEB), Path(path.partition("::")[0]), root) for path in others):
        in_browser = [str(WEB)]
    runs = []
    is_second = bool(others or not paths)
    if is_second:
        runs.append(Run("tests", (*options, *others)))
    if in_browser:
        # its own settings, so that no conftest.py above is read
        settings = ("-c", str(WEB / "pytest.ini"), "--rootdir", str(WEB))
        runs.append(Run("tests in a browser", (*settings, *_own_report(options, is_second), *in_browser)))
    return runs


def _split(arguments: Sequence[str], root: Path) -> tuple[list[str], list[str]]:
    """Options with their values, and paths of tests (each with its `::names`)."""
    options: list[str] = []
    paths: list[str] = []
    for number, argument in enumerate(arguments):
        is_value = number > 0 and arguments[number - 1] in WITH_A_VALUE
        is_path = not argument.startswith("-") and (root / argument.partition("::")[0]).exists()
        (paths if is_path and not is_value else options).append(argument)
    return options, paths


def _is_within(path: str, folder: Path, root: Path) -> bool:
    place = (root / path.partition("::")[0]).resolve()
    return place.is_relative_to((root / folder).resolve())


def _own_report(options: Sequence[str], is_second: bool) -> list[str]:
    """The options, with a report of its own for the second of two runs."""
    if not is_second:
        return list(options)
    named = []
    for option in options:
        prefix = next((prefix for prefix in REPORTS if option.startswith(prefix)), None)
        path = Path(option.removeprefix(prefix)) if prefix else None
        named.append(f"{prefix}{path.with_name(f'{path.stem}-web{path.suffix}')}" if path else option)
    return named


def stops_at_failure(arguments: Sequence[str]) -> bool:
    """Whether nothing more is to be run once a test failed."""
    return any(
        argument in ("-x", "--exitfirst", "--maxfail") or argument.startswith(("-x", "--maxfail="))
        for argument in arguments
    )


def run_all(runs: Sequence[Run], *, stop_early: bool, pytest: Callable[[Run], int], say: Callable[[str], None]) -> int:
    """Run each, say how long each took. Gives the exit code: the first failure's; nothing collected only if nowhere."""
    codes: list[int] = []
    told: list[str] = []
    for run in runs:
        began = time.monotonic()
        codes.append(pytest(run))
        told.append(f"{run.name} {time.monotonic() - began:.0f} s")
        if stop_early and codes[-1] not in (0, NOTHING_COLLECTED):
            break
    if len(runs) > 1:
        say(" · ".join(told))
    failed = [code for code in codes if code not in (0, NOTHING_COLLECTED)]
    if failed:
        return failed[0]
    return NOTHING_COLLECTED if all(code == NOTHING_COLLECTED for code in codes) else 0


def run_pytest(run: Run) -> int:
    """One process of pytest, which hears an interrupt itself and tidies up. Gives its exit code."""
    # a function and not SIG_IGN, which the process would inherit
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        process = subprocess.Popen([sys.executable, "-m", "pytest", *run.arguments], cwd=REPOSITORY)
        try:
            return process.wait()
        finally:
            process.terminate()
    finally:
        signal.signal(signal.SIGINT, before)


def on_one_stack(runs: Sequence[Run], go: Callable[[], int]) -> int:
    """Keep the stack up from one run to the next, and take it down after the last if this brought it up."""
    home = testing_home()
    if len(runs) < 2 or os.environ.get("HANSOM_TEST_KEEP") == "1" or Supervisor(home).is_running():
        return go()
    os.environ["HANSOM_TEST_KEEP"] = "1"
    try:
        return go()
    finally:
        if Supervisor(home).is_running():
            hansom(home, "down")
