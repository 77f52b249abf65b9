"""The Procfile: one line a process, `name: command`."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from hansom.settings import REPOSITORY
from hansom.stack.problems import StackProblem

_LINE = re.compile(r"^([A-Za-z0-9_-]+):\s*(.+)$")
MAX_REPLICAS = 16

_SERVICE = re.compile(r"^services\.([a-z_]+)\.service:(\w+)$")


@dataclass(frozen=True)
class Line:
    """A process of the Procfile."""

    name: str
    command: list[str]

    @property
    def services(self) -> list[str]:
        """Names of the services that the process runs, such as `trips`."""
        found = (_SERVICE.match(word) for word in self.command)
        return [match.group(1) for match in found if match]


def parse(text: str) -> list[Line]:
    """The lines of a Procfile. Raises ValueError that names the line which is none."""
    lines = []
    for number, raw in enumerate(text.splitlines(), start=1):
        stripped = raw.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _LINE.match(stripped)
        if match is None:
            raise ValueError(f"line {number} is not `name: command`")
        lines.append(Line(match.group(1), shlex.split(match.group(2))))
    return lines


def read_procfile(path: Path = REPOSITORY / "Procfile") -> list[Line]:
    """The processes of this checkout. Raises StackProblem."""
    try:
        return parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise StackProblem(f"Cannot read {path.name}: {exc}.") from exc


def choose(lines: list[Line], only: list[str]) -> list[Line]:
    """The lines that `only` names, by their own name or by a service in them; then just these services of a line.

    Raises StackProblem for a name that is in none.
    """
    chosen: dict[str, list[str]] = {}
    for name in only:
        line = next((line for line in lines if name == line.name or name in line.services), None)
        if line is None:
            known = ", ".join(sorted({line.name for line in lines} | {s for line in lines for s in line.services}))
            raise StackProblem(f"The Procfile has no {name}: it has {known}.")
        chosen.setdefault(line.name, []).extend(line.services if name == line.name else [name])
    return [_only_services(line, chosen[line.name]) for line in lines if line.name in chosen]


def read_replicas(text: str, lines: list[Line]) -> dict[str, int]:
    """How many processes each line is to have, from `gateway=2,roads=2`; a line is named by itself or by its service.

    Raises StackProblem for what is not of this form, names no line, or is not 1 to MAX_REPLICAS.
    """
    of_service = {service: line.name for line in lines for service in line.services}
    known = {line.name for line in lines}
    counts: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, number = part.partition("=")
        name = of_service.get(name, name)
        if name not in known or not number.isdigit() or not 1 <= int(number) <= MAX_REPLICAS:
            raise StackProblem(
                f"{part} does not say how many processes: write NAME=NUMBER, up to {MAX_REPLICAS}, with a NAME of "
                f"{', '.join(sorted(known))}."
            )
        counts[name] = int(number)
    return counts


def replicate(lines: list[Line], counts: dict[str, int]) -> list[Line]:
    """The lines with their replicas: `roads`, `roads-2`, ..."""
    return [
        Line(line.name if number == 1 else f"{line.name}-{number}", line.command)
        for line in lines
        for number in range(1, counts.get(line.name, 1) + 1)
    ]


def _only_services(line: Line, services: list[str]) -> Line:
    def stays(word: str) -> bool:
        match = _SERVICE.match(word)
        return match is None or match.group(1) in services

    return Line(line.name, [word for word in line.command if stays(word)])
