"""`./hansom`: the one command. Each command is in the module of its kind; here they become one program."""

from __future__ import annotations

import sys

import typer

from hansom.cli import city_commands, demo_commands, develop_commands, stack_commands, work_commands
from hansom.cli.console import problem
from hansom.stack.problems import Missing, StackProblem

app = typer.Typer(
    name="./hansom",
    help="Hansom, a ride-hailing backend. [bold]./hansom demo[/] shows a city of cars carrying riders.",
    epilog="The state of a stack is in .hansom/; HANSOM_HOME names another folder, PORT the gateway's port (8000).",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for commands in (demo_commands, stack_commands, work_commands, city_commands, develop_commands):
    commands.register(app)


def main() -> None:
    """Run the command line. A problem of the stack is one line and exit code 1; something to install first is 2."""
    try:
        app(prog_name="./hansom")
    except Missing as exc:
        problem(str(exc))
        sys.exit(2)
    except StackProblem as exc:
        problem(str(exc))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
