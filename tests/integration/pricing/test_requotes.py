"""Another destination for a trip, over the broker: by the first quote's terms, with its code, for its rider."""

from __future__ import annotations

from typing import Any

import pytest

from hansom.contracts.errors import Invalid
from hansom.contracts.pricing import CategoryNotInQuote, NotYourFare, UnknownQuote
from tests.integration.pricing.conftest import Call
from tests.support.pricing_world import DROPOFF, PICKUP, World
from tests.support.promos import a_code, a_quote

ELSEWHERE, ON_THE_WAY = {"lat": 60.178, "lng": 24.945}, {"lat": 60.172, "lng": 24.944}


def asking(quote: dict[str, Any], **more: Any) -> dict[str, Any]:
    asked = {"trip_id": "trip-1", "rider_id": quote["rider_id"], "quote_id": quote["id"], "category": "comfort"}
    return {**asked, "dropoff": ELSEWHERE, **more}


def test_another_destination_has_a_quote_with_one_option_that_names_its_parent(call: Call) -> None:
    quote = a_quote(call)
    changed = call("requote", asking(quote))
    assert (changed["parent_id"], changed["trip_id"], quote["parent_id"]) == (quote["id"], "trip-1", None)
    assert (changed["pickup"], changed["dropoff"], changed["distance_m"]) == (PICKUP, ELSEWHERE, 4000)
    (option,) = changed["options"]
    old = next(option for option in quote["options"] if option["category"] == "comfort")
    assert (option["fare"], option["cancellation"], option["tip_max"]) == (
        old["fare"],
        old["cancellation"],
        old["tip_max"],
    )
    assert [line["code"] for line in option["breakdown"]] == ["quoted_fare"], "as far as before: nothing changed"
    assert call("get_quote", {"quote_id": changed["id"]}) == changed


def test_under_way_what_is_driven_counts_with_the_rest(call: Call, world: World) -> None:
    quote = a_quote(call)
    changed = call("requote", asking(quote, via=ON_THE_WAY, driven_m=2600.4, driven_s=400))
    assert (changed["distance_m"], changed["duration_s"]) == (2600 + 4000, 400 + 600)
    (option,) = changed["options"]
    told = [(line["code"], line["amount"]["amount_minor"]) for line in option["breakdown"]]
    assert told == [("quoted_fare", 1770), ("new_destination", 377 + 400)]
    assert option["breakdown"][1]["label"] == "New destination: 6.6 km instead of 4.0 km"
    assert option["breakdown"][1]["values"] == {"distance_m": 6600, "quoted_m": 4000}
    untold = call("requote", asking(quote, via=ON_THE_WAY))
    assert (untold["distance_m"], untold["duration_s"]) == (8000, 1200), "the way to the car is taken to be the road"


def test_the_final_fare_of_a_changed_ride_begins_with_the_first_quotes(call: Call) -> None:
    quote = a_quote(call)
    changed = call("requote", asking(quote, via=ON_THE_WAY, driven_m=2600, driven_s=400))
    asked = {"quote_id": changed["id"], "category": "comfort", "duration_s": 1100, "credible": True}
    fare = call("final_fare", {**asked, "distance_m": 6900, "destination_changed": True})
    assert (fare["fare"], fare["reason"]) == (changed["options"][0]["fare"], "destination_changed")
    assert fare["breakdown"] == changed["options"][0]["breakdown"]
    assert fare["words"] == "The destination was changed."
    longer = call("final_fare", {**asked, "distance_m": 9900, "waited_s": 300})
    codes = [line["code"] for line in longer["breakdown"]]
    assert (codes, longer["reason"]) == (
        ["quoted_fare", "new_destination", "longer_way", "more_time", "waiting"],
        "longer_than_quoted",
    )
    assert sum(line["amount"]["amount_minor"] for line in longer["breakdown"]) == longer["fare"]["amount_minor"]


def test_a_code_stays_with_the_ride(call: Call) -> None:
    code = a_code(call, kind="percent", percent=50, amount=None)
    quote = a_quote(call, code)
    changed = call("requote", asking(quote, via=ON_THE_WAY, driven_m=2600, driven_s=400))
    assert changed["options"][0]["promo"] == {
        "code": code,
        "label": f"Promo code {code} (50 %)",
        "discount": {"amount_minor": 1274, "currency": "EUR"},
        "to_pay": {"amount_minor": 1273, "currency": "EUR"},
    }
    asked = {"quote_id": changed["id"], "category": "comfort", "duration_s": 300, "credible": True, "ended_early": True}
    early = call("final_fare", {**asked, "distance_m": 2600})
    half = (early["fare"]["amount_minor"] + 1) // 2
    assert (early["discount"]["amount_minor"], early["promo_code"]) == (half, code)
    assert early["to_pay"]["amount_minor"] == early["fare"]["amount_minor"] - half
    assert early["reason"] == "ended_early"


def test_the_same_key_gives_the_same_change(call: Call) -> None:
    quote = a_quote(call)
    key = {"idempotency": {"scope": "changes", "key": quote["id"], "fingerprint": "same"}}
    assert call("requote", asking(quote, **key)) == call("requote", asking(quote, **key))


def test_a_change_is_for_the_quotes_rider_and_category(call: Call) -> None:
    quote = a_quote(call)
    with pytest.raises(NotYourFare):
        call("requote", asking(quote, rider_id="somebody"))
    with pytest.raises(CategoryNotInQuote):
        call("requote", asking(quote, category="limousine"))
    with pytest.raises(UnknownQuote):
        call("requote", asking(quote, quote_id="nothing"))


def test_what_maps_refuses_is_passed_on(call: Call, world: World) -> None:
    quote = a_quote(call)
    world.failures["route"] = Invalid(details={"dropoff": ["Outside the service area."]})
    with pytest.raises(Invalid) as refused:
        call("requote", asking(quote))
    assert refused.value.details == {"dropoff": ["Outside the service area."]}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"dropoff": {"lat": 91, "lng": 24.9}}, "dropoff.lat"),
        ({"via": {"lat": 60}}, "via.lng"),
        ({"driven_m": -1}, "driven_m"),
        ({"driven_s": "long"}, "driven_s"),
        ({"trip_id": ""}, "trip_id"),
    ],
)
def test_wrong_input_names_the_field(call: Call, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        call("requote", asking({"id": "q", "rider_id": "r", "dropoff": DROPOFF}, **wrong))
    assert list(refused.value.details) == [field]
