"""A question of the audit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """`counted`: how many things are looked at. `breaches`: one text for each that breaks what `name` says."""

    name: str
    counted: str
    breaches: str
