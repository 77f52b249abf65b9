"""`./hansom test` runs what is in a browser as a process of its own: which arguments go where, and what comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hansom.cli.pytest_runs import Run, plan, run_all, stops_at_failure

BROWSER = ("-c", "tests/web/pytest.ini", "--rootdir", "tests/web")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout in which there are some tests."""
    for name in ("unit/test_money.py", "web/test_ride.py"):
        path = tmp_path / "tests" / name
        path.parent.mkdir(parents=True)
        path.touch()
    return tmp_path


def planned(root: Path, *arguments: str) -> dict[str, tuple[str, ...]]:
    return {run.name: run.arguments for run in plan(arguments, root)}


def test_without_arguments_everything_runs_and_the_browser_last(root: Path) -> None:
    assert planned(root) == {"tests": (), "tests in a browser": (*BROWSER, "tests/web")}
    assert [run.name for run in plan([], root)] == ["tests", "tests in a browser"]


def test_a_path_goes_to_the_run_that_it_is_of(root: Path) -> None:
    assert planned(root, "tests/unit") == {"tests": ("tests/unit",)}
    assert planned(root, "tests/web/test_ride.py::test_it") == {
        "tests in a browser": (*BROWSER, "tests/web/test_ride.py::test_it")
    }
    assert planned(root, "tests/unit/test_money.py::test_a", "tests/web") == {
        "tests": ("tests/unit/test_money.py::test_a",),
        "tests in a browser": (*BROWSER, "tests/web"),
    }


@pytest.mark.parametrize("whole", ["tests", "tests/", "."])
def test_a_folder_of_both_kinds_means_both(root: Path, whole: str) -> None:
    assert planned(root, whole) == {"tests": (whole,), "tests in a browser": (*BROWSER, "tests/web")}


def test_options_go_to_both(root: Path) -> None:
    assert planned(root, "-x", "-k", "ride and not lost") == {
        "tests": ("-x", "-k", "ride and not lost"),
        "tests in a browser": (*BROWSER, "-x", "-k", "ride and not lost", "tests/web"),
    }


def test_an_options_value_is_no_path_even_where_there_is_such_a_folder(root: Path) -> None:
    assert planned(root, "-k", "tests") == {
        "tests": ("-k", "tests"),
        "tests in a browser": (*BROWSER, "-k", "tests", "tests/web"),
    }


def test_two_runs_write_two_reports(root: Path) -> None:
    runs = planned(root, "--junitxml=out/report.xml")
    assert runs["tests"] == ("--junitxml=out/report.xml",)
    assert "--junitxml=out/report-web.xml" in runs["tests in a browser"]
    assert "--junitxml=out/report.xml" in planned(root, "tests/web", "--junitxml=out/report.xml")["tests in a browser"]


def test_who_only_asks_is_answered_once(root: Path) -> None:
    assert planned(root, "--help") == {"tests": ("--help",)}


@pytest.mark.parametrize(
    ("codes", "code"),
    [((0, 0), 0), ((1, 0), 1), ((0, 1), 1), ((2, 1), 2), ((5, 0), 0), ((0, 5), 0), ((5, 5), 5), ((5, 1), 1)],
)
def test_the_exit_code_is_of_both(codes: tuple[int, int], code: int) -> None:
    given = iter(codes)
    assert run_all(two_runs(), stop_early=False, pytest=lambda run: next(given), say=lambda words: None) == code


def test_the_browser_is_not_started_once_a_test_failed_and_the_first_failure_was_to_stop_all() -> None:
    ran = []

    def fails(run: Run) -> int:
        ran.append(run.name)
        return 1

    assert run_all(two_runs(), stop_early=True, pytest=fails, say=lambda words: None) == 1
    assert ran == ["tests"]


def test_how_long_each_took_is_said() -> None:
    said: list[str] = []
    run_all(two_runs(), stop_early=False, pytest=lambda run: 0, say=said.append)
    assert said == ["tests 0 s · tests in a browser 0 s"]


@pytest.mark.parametrize(
    ("arguments", "early"),
    [(["-x"], True), (["--maxfail=2"], True), (["--maxfail", "1"], True), (["-k", "x"], False), ([], False)],
)
def test_what_stops_at_a_failure(arguments: list[str], early: bool) -> None:
    assert stops_at_failure(arguments) is early


def two_runs() -> list[Run]:
    return [Run("tests", ()), Run("tests in a browser", ())]
