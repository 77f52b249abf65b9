"""Quotes over the broker: locked, repeatable, and given even when nobody knows where the cars are."""

from __future__ import annotations

from typing import Any

import eventlet
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hansom.contracts.errors import IdempotencyKeyReused, Invalid, Unavailable
from hansom.contracts.pricing import CategoryNotInQuote, NoTariff, UnknownQuote
from hansom.store import engine_for
from tests.integration.pricing.conftest import Call
from tests.support.pricing_world import DROPOFF, PICKUP, World

ASK = {"rider_id": "rider-1", "pickup": PICKUP, "dropoff": DROPOFF}


def key(name: str, fingerprint: str = "same") -> dict[str, Any]:
    return {"idempotency": {"scope": "quotes:rider-1", "key": name, "fingerprint": fingerprint}}


def fares(quote: dict[str, Any]) -> dict[str, int]:
    return {option["category"]: option["fare"]["amount_minor"] for option in quote["options"]}


def test_a_quote_has_a_fare_for_each_category_and_its_lines_add_up(call: Call) -> None:
    quote = call("quote", ASK)
    assert (quote["city"], quote["distance_m"], quote["duration_s"]) == ("helsinki", 4000, 600)
    assert quote["route"][0] == PICKUP and quote["route"][-1] == DROPOFF
    assert fares(quote) == {"standard": 1380, "comfort": 1770, "van": 2190}
    for option in quote["options"]:
        assert sum(line["amount"]["amount_minor"] for line in option["breakdown"]) == option["fare"]["amount_minor"]
        assert option["surge"]["multiplier"] == 1.0 and option["surge"]["reason"].startswith("The usual fare")
    assert [option["pickup_eta_s"] for option in quote["options"]] == [95.0, 120.5, None]


def test_a_quote_that_rests_on_a_guess_says_so(call: Call, world: World) -> None:
    assert "estimated" not in call("quote", ASK)
    world.estimated = True
    guessed = call("quote", ASK)
    assert guessed["estimated"] is True
    assert guessed["options"][0]["fare"]["amount_minor"] > 0


def test_a_quote_is_read_back_as_it_was_given(call: Call) -> None:
    quote = call("quote", ASK)
    assert call("get_quote", {"quote_id": quote["id"]}) == quote


def test_nobody_can_change_a_quote(call: Call, pricing_settings: dict[str, Any]) -> None:
    quote = call("quote", ASK)
    engine = engine_for(pricing_settings, "pricing")
    with pytest.raises(DBAPIError, match="a quote is locked"), engine.begin() as connection:
        connection.execute(text("UPDATE quotes SET options = '[]' WHERE id = :id"), {"id": quote["id"]})
    engine.dispose()


def test_the_same_key_gives_the_same_quote_and_asks_maps_once(call: Call, world: World) -> None:
    first = call("quote", {**ASK, **key("double tap")})
    assert call("quote", {**ASK, **key("double tap")}) == first
    assert world.asked.count("route") == 1
    with pytest.raises(IdempotencyKeyReused):
        call("quote", {**ASK, **key("double tap", "another body")})


def test_the_same_key_at_once_is_one_quote(call: Call) -> None:
    pool = eventlet.GreenPool()
    answers = list(pool.imap(lambda _: call("quote", {**ASK, **key("at once")}), range(8)))
    assert len({answer["id"] for answer in answers}) == 1


def test_a_quote_is_given_without_pickup_times_when_location_is_silent(call: Call, world: World) -> None:
    world.failures["pickup_etas"] = Unavailable()
    quote = call("quote", ASK)
    assert {option["pickup_eta_s"] for option in quote["options"]} == {None}


def test_what_maps_refuses_is_passed_on(call: Call, world: World) -> None:
    world.failures["route"] = Invalid(details={"dropoff": ["Outside the service area."]})
    with pytest.raises(Invalid) as refused:
        call("quote", ASK)
    assert refused.value.details == {"dropoff": ["Outside the service area."]}


def test_a_final_fare_rests_on_the_quote_and_is_the_same_each_time(call: Call) -> None:
    quote = call("quote", ASK)
    asked = {"quote_id": quote["id"], "category": "standard", "duration_s": 900.0, "credible": True}
    near = call("final_fare", {**asked, "distance_m": 4400.0})
    assert (near["fare"], near["reason"]) == (quote["options"][0]["fare"], "quoted_fare")
    far = call("final_fare", {**asked, "distance_m": 8000.0})
    assert (far["fare"]["amount_minor"], far["reason"]) == (390 + 880 + 675 + 100, "longer_than_quoted")
    assert call("final_fare", {**asked, "distance_m": 8000.0}) == far
    assert call("final_fare", {**asked, "distance_m": None})["reason"] == "quoted_fare_trace_not_credible"


def test_what_is_not_there_is_said_so(call: Call) -> None:
    with pytest.raises(UnknownQuote):
        call("get_quote", {"quote_id": "nothing"})
    quote = call("quote", ASK)
    with pytest.raises(CategoryNotInQuote):
        call("final_fare", {"quote_id": quote["id"], "category": "limo", "duration_s": 1, "credible": False})
    with pytest.raises(NoTariff):
        call("tariffs", {"city": "atlantis"})


def test_tariffs_in_force_are_listed(call: Call) -> None:
    listed = call("tariffs", {"city": "helsinki"})["items"]
    assert [(tariff["category"], tariff["version"]) for tariff in listed] == [
        ("standard", 1),
        ("comfort", 1),
        ("van", 1),
    ]
    assert listed[0]["tax_rate"] == "0.135"


@pytest.mark.parametrize(
    ("method", "payload", "field"),
    [
        ("quote", {**ASK, "pickup": {"lat": "60", "lng": 24.9}}, "pickup.lat"),
        ("quote", {**ASK, "pickup": {"lat": 60.17}}, "pickup.lng"),
        ("quote", {**ASK, "dropoff": {"lat": 91, "lng": 24.9}}, "dropoff.lat"),
        ("quote", {**ASK, "dropoff": [60.1, 24.9]}, "dropoff"),
        ("quote", {"pickup": PICKUP, "dropoff": DROPOFF}, "rider_id"),
        ("get_quote", {}, "quote_id"),
        ("final_fare", {"quote_id": "q", "category": "c", "duration_s": -1, "credible": True}, "duration_s"),
        ("final_fare", {"quote_id": "q", "category": "c", "duration_s": 1, "credible": "perhaps"}, "credible"),
    ],
)
def test_wrong_input_names_the_field(call: Call, method: str, payload: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        call(method, payload)
    assert list(refused.value.details) == [field]
