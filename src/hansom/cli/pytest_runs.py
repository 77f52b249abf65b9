"""The runs of pytest that are `./hansom test`, and which of them share a stack.

What is in a browser is a process of its own: Nameko's plugin and tests/conftest.py patch the first process for
eventlet, and a browser cannot be driven from such a one. What rides on the whole stack and hurts it (tests/journeys,
tests/web) has a stack beside that of the rest, so that both go on at once: most of the time of either is waiting.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hansom.settings import REPOSITORY

WEB, JOURNEYS = Path("tests/web"), Path("tests/journeys")

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

ONE_AFTER_THE_OTHER = ("-x", "--exitfirst", "--maxfail", "--pdb", "--trace", "-s", "--capture", "--sw", "--stepwise")
"""Options of somebody who watches each test, or wants to stop at one."""

STOPS_EARLY = ("-x", "--exitfirst", "--maxfail")


@dataclass(frozen=True)
class Run:
    """One process of pytest. Runs with the same `stack` share one; "" is the one that everything is run on alone."""

    name: str
    arguments: tuple[str, ...]
    stack: str = ""


def plan(arguments: Sequence[str], root: Path = REPOSITORY) -> list[Run]:
    """The runs for the arguments of `./hansom test`. What names no tests of its own goes to each of them."""
    options, paths = _split(arguments, root)
    if ASKS_ONLY & set(options):
        return [Run("tests", tuple(arguments))]
    in_browser = [path for path in paths if _is_within(path, WEB, root)]
    journeys = [path for path in paths if _is_within(path, JOURNEYS, root)]
    others = [path for path in paths if path not in in_browser and path not in journeys]
    ignored = []
    # a folder that holds them holds several kinds
    if _are_held(WEB, paths, root):
        in_browser = [str(WEB)]
    if _are_held(JOURNEYS, paths, root):
        journeys, ignored = [str(JOURNEYS)], [f"--ignore={JOURNEYS}"]
    runs: list[Run] = []
    if others or not paths:
        runs.append(Run("tests", (*options, *others, *ignored)))
    beside = "journeys" if runs else ""
    if journeys:
        report = "-journeys" if runs else ""
        runs.append(Run("journeys", (*_reporting(options, report), *journeys), beside))
    if in_browser:
        # its own settings, so that no conftest.py above is read
        settings = ("-c", str(WEB / "pytest.ini"), "--rootdir", str(WEB))
        report = "-web" if runs else ""
        runs.append(Run("tests in a browser", (*settings, *_reporting(options, report), *in_browser), beside))
    return runs


def side_by_side(arguments: Sequence[str]) -> bool:
    """Whether the runs may be mixed: not when somebody looks at each test, or wants to stop at one."""
    return not _has(arguments, ONE_AFTER_THE_OTHER)


def stops_at_failure(arguments: Sequence[str]) -> bool:
    """Whether nothing more is to be run once a test failed."""
    return _has(arguments, STOPS_EARLY)


def _has(arguments: Iterable[str], options: tuple[str, ...]) -> bool:
    with_values = tuple(f"{option}=" for option in options)
    return any(argument in options or argument.startswith(("-x", *with_values)) for argument in arguments)


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


def _are_held(folder: Path, paths: Sequence[str], root: Path) -> bool:
    """Whether one of the paths is the folder or one above it, or none is named."""
    return not paths or any(_is_within(str(folder), Path(path.partition("::")[0]), root) for path in paths)


def _reporting(options: Sequence[str], suffix: str) -> list[str]:
    """The options, with a report of its own for another run than the first."""
    named = []
    for option in options:
        prefix = next((prefix for prefix in REPORTS if option.startswith(prefix)), None)
        path = Path(option.removeprefix(prefix)) if prefix else None
        named.append(f"{prefix}{path.with_name(f'{path.stem}{suffix}{path.suffix}')}" if path else option)
    return named
