"""maps answers the examples' requests in the shape of their replies."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Ask = Callable[[str, dict[str, Any]], dict[str, Any]]

EXAMPLES = sorted((Path(__file__).parents[2] / "contract" / "examples" / "rpc").glob("maps.*.json"))


def shape(value: Any) -> Any:
    """The value's form: names and kinds, of lists that of the first."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_reply_has_the_shape_of_the_example(ask: Ask, path: Path) -> None:
    example = json.loads(path.read_text(encoding="utf-8"))
    assert shape(ask(path.stem.removeprefix("maps."), example["request"])) == shape(example["reply"])
