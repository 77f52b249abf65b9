"""Comparing the form of two JSON values."""

from __future__ import annotations

from typing import Any


def shape(value: Any) -> Any:
    """The value's form: names and kinds, of lists that of the first."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
