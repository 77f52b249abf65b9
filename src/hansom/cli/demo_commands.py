"""`./hansom demo` and `./hansom bots`: a city of cars and riders."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from enum import StrEnum
from types import FrameType
from typing import Annotated

import typer

from hansom.cli.console import console, progress
from hansom.cli.stack_commands import PANEL
from hansom.cli.work_commands import PASS_ON, attach
from hansom.settings import REPOSITORY
from hansom.stack.environment import users_own
from hansom.stack.home import current_home
from hansom.stack.problems import StackProblem

BOTS = [sys.executable, "-W", "ignore", "-m", "hansom.bots"]


class Policy(StrEnum):
    """How a city may be dispatched: what `MATCHING_POLICY` may be."""

    NEAREST = "nearest"
    NEAREST_ETA = "nearest_eta"
    BATCH = "batch"
    FORESIGHT = "foresight"


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command(rich_help_panel=PANEL)(demo)
    app.command(rich_help_panel=PANEL, context_settings=PASS_ON)(bots)


def demo(  # noqa: PLR0917
    for_s: Annotated[
        float | None, typer.Option("--for", metavar="SECONDS", help="End after this long; until ctrl-C if not given.")
    ] = None,
    drivers: Annotated[int | None, typer.Option(help="How many cars.")] = None,
    riders: Annotated[int | None, typer.Option(help="How many people who want rides.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed makes the same city.")] = None,
    city: Annotated[str, typer.Option(help="The city they live in; the default city if not given.")] = "",
    drain_s: Annotated[
        float | None, typer.Option("--drain", metavar="SECONDS", help="At the end, longest wait for the last rides.")
    ] = None,
    policy: Annotated[Policy | None, typer.Option(help="How drivers are chosen: MATCHING_POLICY.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON summary as the last line.")] = False,
) -> None:
    """Start everything with a city of bots and watch them ride. Exits with 0 if rides were completed, none stuck."""
    from hansom.stack.local import LocalStack

    own = users_own(os.environ)
    local = LocalStack(current_home(), progress(), {**own, "MATCHING_POLICY": policy.value} if policy else own)
    was_up = bool(local.running_services())
    given = {"--for": for_s, "--drain": drain_s, "--drivers": drivers, "--riders": riders, "--seed": seed}
    options = [word for name, value in given.items() if value is not None for word in (name, f"{value:g}")]
    code = 1
    try:
        url = local.up()
        options += area_of(city) if city else []
        show_pages(url, made_here="POSTGRES_URI" not in own)
        code = run_bots([*BOTS, "--url", url, *options, *(["--json"] if as_json else [])])
    except KeyboardInterrupt:
        code = 130
    finally:
        if was_up:
            console.print("The stack was up before and stays up: ./hansom down stops it.")
        else:
            local.down()
    raise typer.Exit(code)


def show_pages(url: str, *, made_here: bool) -> None:
    """Say where to look; with an operator to sign in as when the databases are this stack's own."""
    console.print(f"[bold green]Hansom is up[/]: open [bold]{url}[/]", soft_wrap=True)
    console.print(f"  ride:   {url}/rider    drive:  {url}/driver    (make an account of your own)", soft_wrap=True)
    if made_here:
        from hansom.cli.demo_operator import demo_operator

        operator = demo_operator(current_home())
        console.print(
            f"  watch:  {url}/ops      sign in as [bold]{operator.email}[/]  {operator.password}", soft_wrap=True
        )
    else:
        console.print(f"  watch:  {url}/ops      ./hansom ops-user EMAIL makes an account", soft_wrap=True)
    console.print(f"  read:   {url}/docs", soft_wrap=True)


def run_bots(command: list[str]) -> int:
    """Run the bots and give their exit code. ctrl-C and SIGTERM end them, not this process, so that they sum up."""
    child = subprocess.Popen(command, cwd=REPOSITORY)

    def pass_on(number: int, frame: FrameType | None) -> None:
        if child.poll() is None and (number == signal.SIGTERM or not sys.stdin.isatty()):
            # a terminal sends ctrl-C to both of us by itself
            child.send_signal(signal.SIGINT)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def bots() -> None:
    """Run just the bots against the running stack, --city NAME in one of its cities. The rest is theirs: --help."""
    attach()
    arguments = in_city(sys.argv[2:])
    if "--url" not in arguments:
        arguments = ["--url", f"http://127.0.0.1:{os.environ.get('PORT', '8000')}", *arguments]
    os.chdir(REPOSITORY)
    os.execv(BOTS[0], [*BOTS, *arguments])


def in_city(arguments: Sequence[str]) -> list[str]:
    """The bots' arguments with `--city NAME`, which they do not know, as the area of that city. Raises StackProblem."""
    made: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--city" or word.startswith("--city="):
            made += area_of(word.partition("=")[2] or next(words, ""))
        else:
            made.append(word)
    return made


def area_of(city: str) -> list[str]:
    """The bots' option for where a city is at its densest. Raises StackProblem."""
    from hansom.cities import City
    from hansom.cities.files import read_segments
    from hansom.cities.liveliest import liveliest
    from hansom.stack.cities import served

    home = current_home()
    known = served(home)
    if city not in known:
        raise StackProblem(f"There is no city {city or 'without a name'}. There are: {', '.join(known)}")
    area = City.from_settings(city, known[city]).service_area
    try:
        area = liveliest(area, read_segments(home.cities / city))
    except (OSError, ValueError) as exc:
        raise StackProblem(f"{city} is not prepared: ./hansom up prepares it.") from exc
    return ["--area", f"{area.south},{area.west},{area.north},{area.east}"]
