"""Commands for those who work on Hansom: tests, lint, benchmarks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from hansom.cli import pytest_lanes, pytest_runs
from hansom.cli.console import console, progress
from hansom.cli.work_commands import PASS_ON
from hansom.settings import REPOSITORY
from hansom.stack.home import SHARED, current_home
from hansom.stack.pages import check_pages
from hansom.stack.problems import StackProblem
from hansom.stack.testing import testing_home

PANEL = "Develop"

LINT = (("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy", "src", "services"))


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command("test", rich_help_panel=PANEL, context_settings=PASS_ON)(run_tests)
    app.command(rich_help_panel=PANEL)(lint)
    app.command(rich_help_panel=PANEL)(screenshots)
    app.command(rich_help_panel=PANEL, context_settings=PASS_ON)(simulate)
    app.command(rich_help_panel=PANEL, context_settings=PASS_ON)(bench)


def run_tests() -> None:
    """Run the tests on real servers of their own, those in a browser beside the rest. Arguments go to pytest."""
    os.environ.setdefault("HANSOM_HOME", str(SHARED / "test"))
    os.chdir(REPOSITORY)
    arguments = sys.argv[2:]
    at_once, early = pytest_runs.side_by_side(arguments), pytest_runs.stops_at_failure(arguments)
    lanes = pytest_lanes.lanes_of(pytest_runs.plan(arguments), testing_home(), at_once=at_once)
    with pytest_lanes.interrupts_left_to_pytest() as interrupted, pytest_lanes.stacks_up(lanes, progress()):

        def is_over(code: int) -> bool:
            return interrupted.is_set() or (early and code not in (0, pytest_lanes.NOTHING_COLLECTED))

        code = pytest_lanes.run_lanes(lanes, pytest=pytest_lanes.run_pytest, is_over=is_over, say=console.print)
    raise typer.Exit(code)


def screenshots(
    folder: Annotated[Path, typer.Argument(help="Where they are written.")] = REPOSITORY / "docs" / "images",
) -> None:
    """Write pictures of the pages, of a city of bots and a ride in it: chromium takes them."""
    from hansom.cli.pictures import take_pictures

    code = take_pictures(folder.absolute())
    raise typer.Exit(code)


def lint() -> None:
    """Check style and types: ruff and mypy, tsc and biome."""
    os.chdir(REPOSITORY)
    failed = []
    for command in LINT:
        console.print(f"[dim]{' '.join(command)}[/]")
        if subprocess.run([sys.executable, "-m", *command], check=False).returncode:
            failed.append(" ".join(command))
    console.print("[dim]tsc, biome: the pages[/]")
    if not check_pages():
        failed.append("the pages")
    if failed:
        raise StackProblem(f"not clean: {', '.join(failed)}")


def simulate() -> None:
    """Live a day of a city without a clock, under one dispatch policy or several; --help lists the options."""
    from hansom.stack.local import LocalStack

    command = [sys.executable, "-W", "ignore", "-m", "services.matching.simulation", *sys.argv[2:]]
    if {"--help", "-h"} & set(sys.argv[2:]):
        os.chdir(REPOSITORY)
        os.execv(sys.executable, command)
    local = LocalStack(current_home(), progress())
    was_up = local.supervisor.is_running()
    local.servers_up()
    try:
        done = subprocess.run(command, cwd=REPOSITORY, check=False)
    finally:
        if not was_up:
            local.down()
    raise typer.Exit(done.returncode)


def bench(
    name: Annotated[str, typer.Argument(help="A module of bench/, such as ride.")],
) -> None:
    """Measure something on a running stack; other arguments, such as --json, go to the benchmark."""
    from hansom.stack.local import LocalStack

    if not (REPOSITORY / "bench" / f"{name}.py").is_file():
        known = ", ".join(sorted(path.stem for path in (REPOSITORY / "bench").glob("[a-z]*.py")))
        raise StackProblem(f"There is no benchmark {name}. There are: {known}")
    local = LocalStack(current_home(), progress())
    was_up = bool(local.running_services())
    url = local.up()
    arguments = list(sys.argv[2:])
    arguments.remove(name)
    try:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", f"bench.{name}", *arguments],
            cwd=REPOSITORY,
            env={**os.environ, "HANSOM_URL": url},
            check=False,
        )
    finally:
        if not was_up:
            local.down()
    raise typer.Exit(done.returncode)
