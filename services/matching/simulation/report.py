"""Simulated days as a table, and as what the JSON line holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from services.matching.simulation.figures import Figures

ROWS = (
    ("completed, of 100", "completed_share", 100),
    ("nobody found, of 100", "unserved", None),
    ("gave up waiting, of 100", "gave_up", None),
    ("cancelled, of 100", "cancelled", None),
    ("too dear, of 100", "priced_out", None),
    ("pickup time, mean s", "pickup_mean_s", 1),
    ("pickup time, p50 s", "pickup_p50_s", 1),
    ("pickup time, p90 s", "pickup_p90_s", 1),
    ("request to car, mean s", "wait_mean_s", 1),
    ("request to car, p90 s", "wait_p90_s", 1),
    ("request to car, worst tenth, mean s", "wait_worst_s", 1),
    ("empty kilometres", "empty_km", 1),
    ("empty kilometres, of 100", "empty_share", 100),
    ("earned an hour, mean", "earned_an_hour", 0.01),
    ("earned an hour, p10", "earned_p10_an_hour", 0.01),
    ("spread of earnings, Gini", "gini", 1),
)
"""What it says, whose figure it is, and its scale; None: a count, shown as a share of the requests."""

Found = Mapping[str, tuple[Figures, float]]
"""Policy → the day's figures and the seconds it took to live it."""


def table_rows(found: Found) -> list[list[str]]:
    """A head and the lines of the table, cells as text. What is nought under every policy is left out."""
    lines = [["", *found]]
    for label, field, scale in ROWS:
        if scale is not None or any(getattr(day, field) for day, _ in found.values()):
            lines.append([label, *(_cell(day, field, scale) for day, _ in found.values())])
    return [*lines, ["took, s", *(f"{took_s:.1f}" for _, took_s in found.values())]]


def _cell(day: Figures, field: str, scale: float | None) -> str:
    value = float(getattr(day, field))
    scaled = 100 * value / max(1, day.requests) if scale is None else value * scale
    return f"{scaled:.3f}" if field == "gini" else f"{scaled:.1f}"


def show(rows: Sequence[Sequence[str]], title: str) -> None:
    """The table, on the terminal."""
    head, *lines = rows
    table = Table(title=title, title_justify="left")
    for number, name in enumerate(head):
        table.add_column(name, justify="right" if number else "left")
    for line in lines:
        table.add_row(*line)
    Console().print(table)


def figures_of(found: Found) -> dict[str, dict[str, Any]]:
    """Policy → every figure, for the JSON line."""
    return {name: {**day.as_dict(), "took_s": round(took_s, 2)} for name, (day, took_s) in found.items()}
