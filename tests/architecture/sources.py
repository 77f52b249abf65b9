"""The sources of Hansom and what they import, read without running them."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

STANDARD_LIBRARY = frozenset(sys.stdlib_module_names)

ROOMS = ("domain", "storage", "usecases")


@dataclass(frozen=True)
class Source:
    """One module. `name` is its dotted name, as it is imported."""

    path: Path
    name: str

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def imports(self) -> tuple[str, ...]:
        """Dotted names of all that it imports, anywhere in it: `from a.b import c` is `a.b.c`."""
        return tuple(sorted(set(_imports(ast.parse(self.text), self.name))))

    @cached_property
    def errors(self) -> tuple[str, ...]:
        """Classes of it that may cross a service's border: those decorated with `@error`."""
        classes = (node for node in ast.walk(ast.parse(self.text)) if isinstance(node, ast.ClassDef))
        return tuple(each.name for each in classes if any(_is_error(mark) for mark in each.decorator_list))

    @property
    def parts(self) -> list[str]:
        return self.name.split(".")

    @property
    def service(self) -> str | None:
        """The service it belongs to."""
        return self.parts[1] if self.parts[0] == "services" and len(self.parts) > 1 else None

    @property
    def room(self) -> str | None:
        """The room of its service: domain, storage or usecases; None for the outer ones."""
        room = self.parts[2] if self.service is not None and len(self.parts) > 2 else None
        return room if room in ROOMS else None

    @property
    def lines(self) -> int:
        return self.text.count("\n")


def _imports(tree: ast.AST, name: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = node.module or ""
            if node.level:
                near = name.split(".")[: -node.level]
                start = ".".join([*near, node.module] if node.module else near)
            yield from (f"{start}.{alias.name}" for alias in node.names)


def _is_error(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Name) and decorator.id == "error"


def _named(path: Path, base: Path) -> str:
    parts = path.relative_to(base).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources(*folders: str) -> list[Source]:
    """Every module below these folders of the repository."""
    found = []
    for folder in folders:
        base = ROOT / "src" if folder.startswith("src") else ROOT
        found += [Source(path, _named(path, base)) for path in sorted((ROOT / folder).rglob("*.py"))]
    return found


def services() -> list[str]:
    """The names of all services."""
    return sorted(path.parent.name for path in (ROOT / "services").glob("*/service.py"))


def is_of(imported: str, *modules: str) -> bool:
    """Whether an import is of one of these modules, or of something in them."""
    return any(imported == module or imported.startswith(f"{module}.") for module in modules)


def is_standard(imported: str) -> bool:
    return imported.split(".", maxsplit=1)[0] in STANDARD_LIBRARY
