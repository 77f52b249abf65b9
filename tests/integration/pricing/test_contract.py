"""pricing answers the examples' requests in the shape of their replies, on a busy day."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from nameko.containers import ServiceContainer
from redis import Redis

from tests.integration.pricing.conftest import Call
from tests.integration.pricing.test_demand import raise_fares
from tests.support.shapes import shape

EXAMPLES = Path(__file__).parents[2] / "contract" / "examples" / "rpc"


def example(name: str) -> dict[str, Any]:
    return json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture
def busy_day(service: ServiceContainer, call: Call, redis: Redis) -> None:
    """Fares are raised, and an operator has changed something."""
    call("set_surge", {**example("pricing.set_surge")["request"], "cap": 3.0})
    call("set_surge", example("pricing.set_surge")["request"])
    raise_fares(service)


@pytest.mark.parametrize("name", ["quote", "surge_by_segment", "get_surge", "set_surge", "list_surge_changes"])
def test_a_reply_has_the_shape_of_the_example(call: Call, busy_day: None, name: str) -> None:
    spoken = example(f"pricing.{name}")
    reply = call(name, spoken["request"])
    assert _comparable(reply) == _comparable(spoken["reply"])


def _comparable(reply: dict[str, Any]) -> Any:
    """The shape of a reply; of the next page's cursor only that it is there."""
    return shape({**reply, "next_cursor": None} if "next_cursor" in reply else reply)
