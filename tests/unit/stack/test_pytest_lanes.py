"""Runs of pytest side by side: who shares a stack, what comes of them, and what is seen of each."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from hansom.cli.pytest_lanes import Lane, lanes_of, pass_on, run_lanes
from hansom.cli.pytest_runs import Run
from hansom.stack.home import Home

HOME = Home(Path("/state/test"))
ALL = (Run("tests", ()), Run("journeys", (), "journeys"), Run("tests in a browser", (), "journeys"))


def never(code: int) -> bool:
    return False


def test_each_stack_is_a_lane_with_a_folder_of_its_own() -> None:
    lanes = lanes_of(ALL, HOME, at_once=True)
    assert [(str(lane.home.root), [run.name for run in lane.runs]) for lane in lanes] == [
        ("/state/test", ["tests"]),
        ("/state/test-journeys", ["journeys", "tests in a browser"]),
    ]
    assert not any(lane.is_alone for lane in lanes)


def test_one_after_the_other_is_one_lane_on_one_stack() -> None:
    assert lanes_of(ALL, HOME, at_once=False) == [Lane(HOME, ALL, is_alone=True)]


@pytest.mark.parametrize(
    ("codes", "code"),
    [((0, 0), 0), ((1, 0), 1), ((0, 1), 1), ((2, 1), 2), ((5, 0), 0), ((0, 5), 0), ((5, 5), 5), ((5, 1), 1)],
)
def test_the_exit_code_is_of_all(codes: tuple[int, int], code: int) -> None:
    by_name = dict(zip(("tests", "journeys"), codes, strict=True))
    for at_once in (True, False):
        lanes = lanes_of(ALL[:2], HOME, at_once=at_once)
        ended = run_lanes(lanes, pytest=lambda run, _: by_name[run.name], is_over=never, say=print)
        assert ended == code


def test_lanes_go_on_at_once_and_the_runs_of_one_in_their_order() -> None:
    met, ran = threading.Barrier(2, timeout=10), []

    def meets(run: Run, _: Lane) -> int:
        if run.name != "tests in a browser":
            met.wait()
        ran.append(run.name)
        return 0

    assert run_lanes(lanes_of(ALL, HOME, at_once=True), pytest=meets, is_over=never, say=print) == 0
    assert ran.index("journeys") < ran.index("tests in a browser")


def test_nothing_more_is_started_once_it_is_over() -> None:
    ran = []

    def fails(run: Run, _: Lane) -> int:
        ran.append(run.name)
        return 1

    assert run_lanes(lanes_of(ALL, HOME, at_once=False), pytest=fails, is_over=lambda code: code == 1, say=print) == 1
    assert ran == ["tests"]


def test_how_long_each_took_is_said() -> None:
    said: list[str] = []
    run_lanes(lanes_of(ALL, HOME, at_once=True), pytest=lambda run, _: 0, is_over=never, say=said.append)
    assert said == ["tests 0 s · journeys 0 s · tests in a browser 0 s"]


def test_progress_is_passed_on_at_once_and_what_is_told_of_failures_in_one_piece() -> None:
    written: list[str] = []
    told = ["\x1b[31m=== FAILURES ===\x1b[0m\n", "__ test_it __\n", "=== short test summary info ===\n", "FAILED it\n"]
    pass_on(["=== test session starts ===\n", "a.py ..F [9%]\n", *told], written.append)
    assert written == ["=== test session starts ===", "a.py ..F [9%]", "".join(told).rstrip()]
