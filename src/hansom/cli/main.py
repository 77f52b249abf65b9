"""`./hansom`: the one command. Each command is in the module of its kind; here they become one program."""

from __future__ import annotations

import sys
import warnings

# a dependency of nameko's warns about its own future at every import
warnings.filterwarnings("ignore", message="pkg_resources is deprecated")

import typer  # noqa: E402

from hansom.cli import stack_commands  # noqa: E402
from hansom.cli.console import problem  # noqa: E402
from hansom.stack.problems import Missing, StackProblem  # noqa: E402

app = typer.Typer(
    name="hansom",
    help="Hansom, a ride-hailing backend: [bold]./hansom demo[/] shows a city of cars carrying riders.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
stack_commands.register(app)


def main() -> None:
    """Run the command line. A problem of the stack is one line and exit code 1; something to install first is 2."""
    try:
        app()
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
