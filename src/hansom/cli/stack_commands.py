"""Commands that start, stop and show a stack."""

from __future__ import annotations

import json
import os
import re
import time
from typing import TYPE_CHECKING, Annotated

import typer

from hansom.cli.console import console, out, progress
from hansom.settings import REPOSITORY
from hansom.stack.home import current_home
from hansom.stack.problems import StackProblem

if TYPE_CHECKING:
    from hansom.stack.local import LocalStack

PANEL = "Run"

servers = typer.Typer(no_args_is_help=True, help="Only the servers, with databases: to run services by hand.")


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command(rich_help_panel=PANEL)(up)
    app.command(rich_help_panel=PANEL)(down)
    app.command(rich_help_panel=PANEL)(status)
    app.command(rich_help_panel=PANEL)(logs)
    app.command(rich_help_panel=PANEL)(restart)
    app.command(rich_help_panel=PANEL)(run)
    app.add_typer(servers, name="servers", rich_help_panel=PANEL)


def stack() -> LocalStack:
    """The stack of `HANSOM_HOME`."""
    # imported late: `--help` needs none of the stores' clients
    from hansom.stack.local import LocalStack

    return LocalStack(current_home(), progress())


def up(
    only: Annotated[str, typer.Option(help="Just these lines of the Procfile or services, separated by commas.")] = "",
    replicas: Annotated[
        str,
        typer.Option(help="Several processes of a line, such as gateway=2,roads=2; gateways share the port."),
    ] = "",
) -> None:
    """Start the servers and all services, and wait until they are ready."""
    from hansom.stack.procfile import choose, read_procfile

    began = time.monotonic()
    if replicas:
        os.environ["REPLICAS"] = replicas
    local = stack()
    lines = read_procfile()
    url = local.up(choose(lines, only.split(",")) if only else lines)
    console.print(f"[bold green]Hansom is up[/] at [bold]{url}[/] after {time.monotonic() - began:.1f} s")
    console.print(f"  pages for riders, drivers and operators:  {url}/rider  {url}/driver  {url}/ops", soft_wrap=True)
    console.print(f"  the contract to read and try:  {url}/docs", soft_wrap=True)
    console.print("  what runs: ./hansom status     logs: ./hansom logs -f     stop: ./hansom down", soft_wrap=True)


def down(
    wipe: Annotated[bool, typer.Option("--wipe", help="Throw all its data away too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before wiping.")] = False,
) -> None:
    """Stop the services and the servers; their data stays."""
    if wipe and not yes:
        typer.confirm(f"Throw away all data in {current_home().root}?", abort=True)
    local = stack()
    local.down()
    if wipe:
        from hansom.stack.wiping import wipe_data

        wipe_data(local.home)
        console.print(f"The data in {local.home.root} is gone.", soft_wrap=True)


def status(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Show processes, restarts, queues, parked messages and outboxes. Exit code 1 when something is down."""
    from hansom.cli.status_view import show
    from hansom.stack.report import report

    found = report(current_home())
    if as_json:
        out.print_json(json.dumps(found.as_dict()))
    else:
        show(found)
    if not found.running or found.problems or any(process.state != "RUNNING" for process in found.processes):
        raise typer.Exit(1)


def logs(
    name: Annotated[
        str, typer.Argument(help="A line of the Procfile, a service or a server; all services if not given.")
    ] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as more is written.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many last lines of each.")] = 50,
) -> None:
    """Show the logs of services and servers."""
    from hansom.stack.procfile import read_procfile

    folder = current_home().log
    procfile = read_procfile()
    of_service = {service: line.name for line in procfile for service in line.services}
    names = [of_service.get(name, name)] if name else [line.name for line in procfile]
    files = [path for one in names for path in (folder / f"{one}.log", *sorted(folder.glob(f"{one}-?*.log")))]
    files = [path for path in files if path.is_file()]
    if not files:
        known = ", ".join(sorted(path.stem for path in folder.glob("*.log"))) or "none yet"
        raise StackProblem(f"There is no log of {name or 'any service'} in {folder}. There are: {known}")
    options = ["-n", str(lines), *(["-F"] if follow else [])]
    os.execvp("tail", ["tail", *options, *map(str, files)])


def restart(
    names: Annotated[list[str], typer.Argument(help="Lines of the Procfile, services in them, or servers.")],
) -> None:
    """Stop and start some processes, replicas one after the other, to take up changed code."""
    from hansom.stack.procfile import read_procfile
    from hansom.stack.supervision import Supervisor, needs_running

    supervisor = Supervisor(current_home())
    needs_running(supervisor)
    of_service = {service: line.name for line in read_procfile() for service in line.services}
    there = [process["name"] for process in supervisor.processes()]
    wanted = [of_service.get(name, name) for name in names]
    replicas = [one for name in wanted for one in there if re.fullmatch(rf"{re.escape(name)}-\d+", one)]
    for name in dict.fromkeys([*wanted, *replicas]):
        with progress().step(f"Restarting {name}"):
            supervisor.stop_process(name)
            supervisor.start_process(name)


def run(
    names: Annotated[list[str], typer.Argument(help="A line of the Procfile, or services of one line.")],
) -> None:
    """Run one line of the Procfile, or some services of it, here in the foreground."""
    from hansom.stack.procfile import choose, read_procfile

    lines = choose(read_procfile(), names)
    if len(lines) != 1:
        raise StackProblem("These are in several lines of the Procfile: run each line in a terminal of its own.")
    local = stack()
    values = local.servers_up()
    program = local.service_program(lines[0], values)
    os.chdir(REPOSITORY)
    os.execvpe(program.command[0], program.command, {**os.environ, **program.environment})


@servers.command("up")
def servers_up(
    migrate: Annotated[bool, typer.Option(help="Bring the databases up to date too.")] = True,
) -> None:
    """Start RabbitMQ, PostgreSQL, Redis, MongoDB and OSRM and wait until they answer."""
    local = stack()
    local.servers_up(migrate=migrate)
    console.print("The servers are up. To run a service by hand:", soft_wrap=True)
    out.print(f". {local.home.env_file}")
    out.print(".hansom/venv/bin/nameko run --config config.yaml services.trips.service:TripsService")


@servers.command("down")
def servers_down() -> None:
    """Stop the servers, and the services with them."""
    stack().down()
