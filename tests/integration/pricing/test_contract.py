"""pricing answers the examples' requests in the shape of their replies, on a busy day."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from nameko.containers import ServiceContainer
from redis import Redis

from tests.integration.pricing.conftest import Call
from tests.integration.pricing.test_demand import raise_fares
from tests.support.promos import an_event, tell
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


def test_what_is_told_of_codes_and_changed_fares_has_the_shape_of_the_examples(
    call: Call, service: ServiceContainer, busy_day: None
) -> None:
    made = example("pricing.create_promo")
    code = f"C-{uuid4().hex[:10].upper()}"
    new = call("create_promo", {**made["request"], "code": code, "valid_from": None})
    quote = call("quote", {**example("pricing.quote")["request"], "promo_code": code})
    asked = {"quote_id": quote["id"], "trip_id": uuid4().hex}
    replies = {"create_promo": new, "reserve_promo": spoken(call, "reserve_promo", **asked)}
    off = {"amount_minor": 100, "currency": "EUR"}
    tell(service, an_event("trip_settled", asked["trip_id"], started=True, promo_code=code, discount=off))
    replies["disable_promo"] = spoken(call, "disable_promo", code=code)
    replies["list_promos"] = spoken(call, "list_promos", limit=1)
    replies["list_promo_uses"] = spoken(call, "list_promo_uses", code=code)
    replies["final_fare"] = spoken(call, "final_fare", quote_id=quote["id"])
    replies["requote"] = spoken(call, "requote", quote_id=call("quote", example("pricing.quote")["request"])["id"])
    for name, reply in replies.items():
        assert _comparable(reply) == _comparable(example(f"pricing.{name}")["reply"]), name


def spoken(call: Call, name: str, **fresh: Any) -> dict[str, Any]:
    """The reply to an example's request, with what is of this test in it."""
    return call(name, {**example(f"pricing.{name}")["request"], **fresh})
