"""What every benchmark prints: a table for people, then one JSON line with the machine and the seed."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

import orjson
import psutil
from rich.console import Console
from rich.table import Table


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "nameko": version("nameko"),
    }


def _cpu_model() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        return platform.processor() or "unknown"
    return platform.processor() or "unknown"


def quantiles(values: Sequence[float], scale: float = 1000.0, digits: int = 1) -> dict[str, Any]:
    """`{count, p50, p95, p99, max}` of exact values, times `scale` (seconds to ms); None where there are no values."""
    ordered = sorted(values)
    picked = {f"p{percent}": _at(ordered, percent / 100) for percent in (50, 95, 99)}
    picked["max"] = ordered[-1] if ordered else None
    rounded = {name: None if value is None else round(value * scale, digits) for name, value in picked.items()}
    return {"count": len(ordered), **rounded}


def _at(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that `share` of all do not exceed (nearest rank)."""
    if not ordered:
        return None
    return ordered[max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)]


def table(title: str, columns: Iterable[str], rows: Iterable[Sequence[object]], console: Console | None = None) -> None:
    """Prints one table, figures to the right."""
    shown = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        shown.add_column(column, justify="left" if number == 0 else "right", no_wrap=True)
    for row in rows:
        shown.add_row(*("-" if cell is None else str(cell) for cell in row))
    (console or Console(width=150)).print(shown)


def last_line(name: str, seed: int, found: Mapping[str, Any]) -> str:
    """The JSON line that a benchmark ends with."""
    return orjson.dumps({"bench": name, "seed": seed, "machine": machine(), **found}).decode()
