"""`./hansom test` is several runs of pytest: which arguments go to which of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hansom.cli.pytest_runs import plan, side_by_side, stops_at_failure

IGNORED = "--ignore=tests/journeys"
BROWSER = ("-c", "tests/web/pytest.ini", "--rootdir", "tests/web")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout in which there are some tests."""
    for name in ("unit/test_money.py", "journeys/test_a_day.py", "web/test_ride.py"):
        path = tmp_path / "tests" / name
        path.parent.mkdir(parents=True)
        path.touch()
    return tmp_path


def planned(root: Path, *arguments: str) -> dict[str, tuple[str, ...]]:
    return {run.name: run.arguments for run in plan(arguments, root)}


def test_without_arguments_everything_runs_and_what_needs_the_whole_stack_has_its_own(root: Path) -> None:
    assert planned(root) == {
        "tests": (IGNORED,),
        "journeys": ("tests/journeys",),
        "tests in a browser": (*BROWSER, "tests/web"),
    }
    assert [(run.name, run.stack) for run in plan([], root)] == [
        ("tests", ""),
        ("journeys", "journeys"),
        ("tests in a browser", "journeys"),
    ]


def test_a_path_goes_to_the_run_that_it_is_of(root: Path) -> None:
    assert planned(root, "tests/unit") == {"tests": ("tests/unit",)}
    assert planned(root, "tests/web/test_ride.py::test_it") == {
        "tests in a browser": (*BROWSER, "tests/web/test_ride.py::test_it")
    }
    assert planned(root, "tests/unit/test_money.py::test_a", "tests/web", "tests/journeys/test_a_day.py") == {
        "tests": ("tests/unit/test_money.py::test_a",),
        "journeys": ("tests/journeys/test_a_day.py",),
        "tests in a browser": (*BROWSER, "tests/web"),
    }


def test_what_runs_alone_has_the_stack_that_the_user_named(root: Path) -> None:
    assert [run.stack for run in plan(["tests/web", "tests/journeys"], root)] == ["", ""]
    assert [run.stack for run in plan(["tests/web", "tests/unit"], root)] == ["", "journeys"]


@pytest.mark.parametrize("whole", ["tests", "tests/", "."])
def test_a_folder_of_all_kinds_means_all(root: Path, whole: str) -> None:
    assert planned(root, whole) == {
        "tests": (whole, IGNORED),
        "journeys": ("tests/journeys",),
        "tests in a browser": (*BROWSER, "tests/web"),
    }


def test_options_go_to_all(root: Path) -> None:
    assert planned(root, "-x", "-k", "ride and not lost") == {
        "tests": ("-x", "-k", "ride and not lost", IGNORED),
        "journeys": ("-x", "-k", "ride and not lost", "tests/journeys"),
        "tests in a browser": (*BROWSER, "-x", "-k", "ride and not lost", "tests/web"),
    }


def test_an_options_value_is_no_path_even_where_there_is_such_a_folder(root: Path) -> None:
    assert planned(root, "-k", "tests")["tests"] == ("-k", "tests", IGNORED)


def test_each_run_writes_a_report_of_its_own(root: Path) -> None:
    runs = planned(root, "--junitxml=out/report.xml")
    assert runs["tests"] == ("--junitxml=out/report.xml", IGNORED)
    assert "--junitxml=out/report-journeys.xml" in runs["journeys"]
    assert "--junitxml=out/report-web.xml" in runs["tests in a browser"]
    assert "--junitxml=out/report.xml" in planned(root, "tests/web", "--junitxml=out/report.xml")["tests in a browser"]


def test_who_only_asks_is_answered_once(root: Path) -> None:
    assert planned(root, "--help") == {"tests": ("--help",)}


@pytest.mark.parametrize(
    ("arguments", "early"),
    [(["-x"], True), (["--maxfail=2"], True), (["--maxfail", "1"], True), (["-k", "x"], False), ([], False)],
)
def test_what_stops_at_a_failure(arguments: list[str], early: bool) -> None:
    assert stops_at_failure(arguments) is early


@pytest.mark.parametrize(
    ("arguments", "mixed"),
    [([], True), (["-k", "x"], True), (["-x"], False), (["--pdb"], False), (["-s"], False), (["--capture=no"], False)],
)
def test_who_watches_each_test_gets_one_after_the_other(arguments: list[str], mixed: bool) -> None:
    assert side_by_side(arguments) is mixed
