"""Telling what is being done. The command line shows it in colours; tests and pipes get plain lines."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Progress(Protocol):
    """Where a stack says what it does."""

    def step(self, title: str) -> AbstractContextManager[None]:
        """A step that takes a while: `title` says what, in words for the user."""
        ...

    def note(self, text: str) -> None:
        """One line worth knowing."""
        ...


class PlainLines:
    """A line for each finished step, with the seconds it took."""

    def __init__(self, write: object = print) -> None:
        self._write = write

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.note(f"{title}: {time.monotonic() - began:.1f} s")

    def note(self, text: str) -> None:
        assert callable(self._write)
        self._write(text)


class Silent:
    """Says nothing."""

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        yield

    def note(self, text: str) -> None:
        return
