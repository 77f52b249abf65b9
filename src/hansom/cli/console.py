"""What the command line shows: steps in colours on a terminal, plain lines into a pipe."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

from hansom.stack.progress import Progress

console = Console(stderr=True, highlight=False)
"""Progress and problems go to stderr, so that a command's answer (a summary, JSON) can be piped."""

out = Console(highlight=False, soft_wrap=True)


class ShownSteps:
    """Each step with a spinner while it runs and its seconds when it is done."""

    def __init__(self) -> None:
        self._depth = 0

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        began = time.monotonic()
        if self._depth or not console.is_terminal:
            yield
        else:
            self._depth += 1
            try:
                with console.status(f"{escape(title)} ..."):
                    yield
            finally:
                self._depth -= 1
        took_s = time.monotonic() - began
        if took_s >= 0.1:
            console.print(f"[green]✓[/] {escape(title)} [dim]{took_s:.1f} s[/]")

    def note(self, text: str) -> None:
        console.print(f"  {escape(text)}")


def progress() -> Progress:
    return ShownSteps()


def problem(text: str) -> None:
    """One line of what went wrong, in red, to stderr."""
    console.print(f"[bold red]hansom:[/] {escape(text)}", soft_wrap=True)


def is_terminal() -> bool:
    """Whether a person is there to answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()
