"""The state folder of one stack."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hansom.settings import REPOSITORY
from hansom.stack.problems import StackProblem

SHARED = REPOSITORY / ".hansom"
"""What all stacks of this checkout share: virtual environments and unpacked wheels."""


@dataclass(frozen=True)
class Home:
    """Paths of one stack. `root` is absolute."""

    root: Path

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def cities(self) -> Path:
        return self.root / "cities"

    @property
    def env_file(self) -> Path:
        return self.root / "env"

    def make(self) -> Home:
        """Create the folders. Raises StackProblem when that is not allowed."""
        try:
            for folder in (self.root, self.log, self.run, self.cities):
                folder.mkdir(parents=True, exist_ok=True)
            # left behind in the folder only for the moment of the check
            probe = self.run / f".writable-{os.getpid()}"
            probe.write_text("")
            probe.unlink()
        except OSError as exc:
            raise StackProblem(
                f"Cannot write to {self.root} ({exc.strerror}): set HANSOM_HOME to a folder that you may write to."
            ) from exc
        return self

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one process at a time starts or stops a stack; the others wait for it."""
        with open(self.run / "lock", "w", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def current_home() -> Home:
    """The stack that `HANSOM_HOME` names, else the checkout's own."""
    return Home(Path(os.environ.get("HANSOM_HOME") or SHARED).expanduser().absolute())


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
