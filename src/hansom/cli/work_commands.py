"""Commands that look into a stack and work on its data."""

from __future__ import annotations

import json
import os
import sys
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from hansom.cli.console import console, is_terminal, out, progress
from hansom.settings import REPOSITORY, load_config
from hansom.stack import environment
from hansom.stack.home import current_home
from hansom.stack.problems import StackProblem

PANEL = "Look inside and operate"

parked = typer.Typer(no_args_is_help=True, help="Messages that a service gave up: list, try again, drop.")


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command(rich_help_panel=PANEL)(shell)
    app.command(rich_help_panel=PANEL)(migrate)
    app.command("ops-user", rich_help_panel=PANEL)(ops_user)
    app.add_typer(parked, name="parked", rich_help_panel=PANEL)
    app.command(rich_help_panel=PANEL, context_settings=PASS_ON)(audit)


PASS_ON: dict[str, Any] = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""Options that are not this command line's go on to the program that it starts."""


def attach() -> dict[str, Any]:
    """The settings of the stack of `HANSOM_HOME`, or of the servers that the environment names. Raises StackProblem."""
    own = {name: value for name, value in environment.users_own(os.environ).items() if value}
    values = environment.read_env_file(current_home().env_file)
    if "POSTGRES_URI" in own:
        # the private server's roles are nobody on another one
        values["PAYMENTS_DB_LOGIN"] = ""
    environment.export({**values, **{name: own[name] for name in values if name in own}})
    missing = [name for name in (*environment.SERVER_URIS, "JWT_SECRET") if not os.environ.get(name)]
    if missing:
        raise StackProblem(f"The stack was never started: ./hansom up starts it (or set {', '.join(missing)}).")
    return load_config()


def hand_over(*command: str) -> None:
    """Become another program of the virtual environment, in the stack's environment."""
    attach()
    os.chdir(REPOSITORY)
    os.execv(sys.executable, [sys.executable, "-W", "ignore", *command])


def shell() -> None:
    """Nameko's shell on the running stack: n.rpc.trips.get_trip({"trip_id": ...})."""
    from hansom.stack.queues import connected

    with connected(attach()["AMQP_URI"]):
        # so that a broker that is down is one line and not the shell's traceback
        pass
    hand_over("-m", "nameko", "shell", "--config", "config.yaml")


def migrate(
    service: Annotated[str, typer.Argument(help="Just this service.")] = "",
) -> None:
    """Bring the services' databases up to date: tables in PostgreSQL, indexes in MongoDB."""
    from hansom.stack import databases, migrations

    config = attach()
    known = sorted({*migrations.migrated_services(), *migrations.indexed_services()})
    if service and service not in known:
        raise StackProblem(f"{service} has no migrations. There are: {', '.join(known)}")
    databases.create_logins(config["POSTGRES_URI"], config)
    databases.create_databases(config["POSTGRES_URI"], databases.database_names(config))
    with progress().step("Migrating"):
        changed = migrations.migrate(config, service or None)
    console.print(f"Changed: {', '.join(changed)}" if changed else "Everything is up to date.")


def ops_user(
    email: Annotated[str, typer.Argument(help="What the operator logs in with.")],
    name: Annotated[str, typer.Option(help="The operator's name.")] = "Operator",
    password: Annotated[
        str,
        typer.Option(help="Asked for if not given; read from stdin when no person is there.", envvar="OPS_PASSWORD"),
    ] = "",
) -> None:
    """Make an account with the role ops."""
    if not password and is_terminal():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    elif not password:
        password = sys.stdin.readline().rstrip("\n")
    from hansom.contracts.errors import HansomError

    try:
        made = call_service("users", "create_ops_account", {"email": email, "password": password, "name": name})
    except HansomError as exc:
        fields = "; ".join(f"{field}: {' '.join(texts)}" for field, texts in (exc.details or {}).items())
        raise StackProblem(f"{exc.message} {fields}".strip()) from exc
    user = made.get("user", made)
    out.print(f"{user.get('id', '')} {email} may now log in as ops.")


def call_service(service: str, method: str, payload: dict[str, Any]) -> dict[str, Any]:
    """One RPC from outside. Raises HansomError as the service raised it, StackProblem when it does not answer."""
    import nameko.exceptions
    from nameko.exceptions import RpcTimeout
    from nameko.standalone.rpc import ClusterRpcProxy

    import hansom.contracts.users  # noqa: F401  (for its errors)
    from hansom.contracts.errors import REGISTRY

    config = attach()
    # nameko's proxy then raises the service's errors as themselves
    nameko.exceptions.registry.update(REGISTRY)
    try:
        with ClusterRpcProxy({"AMQP_URI": config["AMQP_URI"], "serializer": "json"}, timeout=15) as cluster:
            return getattr(getattr(cluster, service), method)(payload)
    except (nameko.exceptions.UnknownService, RpcTimeout, OSError) as exc:
        raise StackProblem(f"The service {service} does not answer: is the stack up? ./hansom status") from exc


def audit() -> None:
    """Check what must always hold: one driver, one charge and one set of events a ride; ledgers that sum to zero."""
    hand_over("-m", "hansom.audit", *sys.argv[2:])


@parked.command("list")
def parked_list(
    service: Annotated[str, typer.Argument(help="Just this service.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Whole messages, one line each.")] = False,
) -> None:
    """Show parked messages with what went wrong."""
    from dataclasses import asdict

    from hansom.parking import look_at_parked
    from hansom.stack.queues import connected

    config = attach()
    partitions = int(config["EVENT_PARTITIONS"])
    with connected(config["AMQP_URI"]) as connection:
        found = [each for name in _parking(service) for each in look_at_parked(connection, name, partitions)]
    if as_json:
        for message in found:
            print(json.dumps(asdict(message)))
        return
    if not found:
        out.print("Nothing is parked.")
        return
    table = Table("service", "message", "key", "error", box=None, pad_edge=False, header_style="dim")
    for message in found:
        table.add_row(message.service, message.name, message.key, escape(message.error))
    out.print(table)


@parked.command("retry")
def parked_retry(
    service: Annotated[str, typer.Argument(help="Whose messages; all services' if not given.")] = "",
) -> None:
    """Give parked messages back to the queues they came from."""
    from hansom.parking import retry_parked
    from hansom.stack.queues import connected

    config = attach()
    partitions = int(config["EVENT_PARTITIONS"])
    with connected(config["AMQP_URI"]) as connection:
        done = [retry_parked(connection, name, partitions) for name in _parking(service)]
    out.print(f"{sum(each.retried for each in done)} messages are tried again.")
    left = sum(each.left for each in done)
    if left:
        out.print(f"{left} do not say which queue they came from, and stay parked: drop them instead.")


@parked.command("drop")
def parked_drop(
    service: Annotated[str, typer.Argument(help="Whose messages.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Throw parked messages away."""
    from hansom.parking import drop_parked
    from hansom.stack.queues import connected

    config = attach()
    if not yes:
        typer.confirm(f"Throw away all parked messages of {service}?", abort=True)
    with connected(config["AMQP_URI"]) as connection:
        dropped = drop_parked(connection, _parking(service)[0])
    out.print(f"{dropped} messages are gone.")


def _parking(service: str) -> list[str]:
    """Services that may have parked messages."""
    from hansom.stack.procfile import read_procfile

    known = [name for line in read_procfile() for name in line.services]
    if service and service not in known:
        raise StackProblem(f"There is no service {service}. There are: {', '.join(known)}")
    return [service] if service else known
