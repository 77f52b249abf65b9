"""Commands that start, stop and show a stack."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from hansom.cli.console import out, progress
from hansom.settings import REPOSITORY
from hansom.stack.home import current_home
from hansom.stack.local import LocalStack
from hansom.stack.procfile import choose, read_procfile

PANEL = "Run"

servers = typer.Typer(
    no_args_is_help=True, help="Only the servers, with databases and migrations: to run services by hand."
)


def register(app: typer.Typer) -> None:
    app.add_typer(servers, name="servers", rich_help_panel=PANEL)
    app.command(rich_help_panel=PANEL)(run)
    app.command(rich_help_panel=PANEL)(down)


def stack() -> LocalStack:
    return LocalStack(current_home(), progress())


@servers.command("up")
def servers_up(
    migrate: Annotated[bool, typer.Option(help="Bring the databases up to date too.")] = True,
) -> None:
    """Start RabbitMQ, PostgreSQL, Redis, MongoDB and OSRM and wait until they answer."""
    local = stack()
    local.servers_up(migrate=migrate)
    out.print(f". {local.home.env_file}   # then: nameko run --config config.yaml services.trips.service:TripsService")


@servers.command("down")
def servers_down() -> None:
    """Stop everything of this stack."""
    stack().down()


def down() -> None:
    """Stop the services and the servers."""
    stack().down()


def run(
    names: Annotated[list[str], typer.Argument(help="Lines of the Procfile, or services in them.")],
) -> None:
    """Run one line of the Procfile, or some services of it, in the foreground (the servers must be up)."""
    local = stack()
    values = local.servers_up(migrate=False)
    lines = choose(read_procfile(), names)
    if len(lines) != 1:
        raise typer.BadParameter("these are in several lines of the Procfile: run each in its own terminal")
    program = local.service_program(lines[0], values)
    os.chdir(REPOSITORY)
    os.execvpe(program.command[0], program.command, {**os.environ, **program.environment})
