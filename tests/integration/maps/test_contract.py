"""maps answers the examples' requests in the shape of their replies."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.shapes import shape

Ask = Callable[[str, dict[str, Any]], dict[str, Any]]

EXAMPLES = sorted((Path(__file__).parents[2] / "contract" / "examples" / "rpc").glob("maps.*.json"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_reply_has_the_shape_of_the_example(ask: Ask, path: Path) -> None:
    example = json.loads(path.read_text(encoding="utf-8"))
    assert shape(ask(path.stem.removeprefix("maps."), example["request"])) == shape(example["reply"])
