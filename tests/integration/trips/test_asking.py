"""Asking for a trip over the broker: refused for a reason, and once however often it is sent."""

from __future__ import annotations

from typing import Any

import eventlet
import pytest

from hansom.contracts.errors import IdempotencyKeyReused, Invalid, NotFound, StoreUnavailable
from hansom.contracts.trips import ActiveTripExists, CategoryNotQuoted, NotYourQuote, QuoteExpired
from hansom.idempotency import replay
from services.trips import service
from tests.support.trips_calls import Call, request, rider
from tests.support.trips_world import World
from tests.support.waiting import eventually


def test_a_request_is_refused_for_the_reason_that_api_md_names(call: Call, world: World) -> None:
    def ask(quote_id: str, category: str = "standard", **more: Any) -> dict[str, Any]:
        return call("request_trip", rider_id="rider-1", quote_id=quote_id, category=category, **more)

    with pytest.raises(NotFound):
        ask("no-such-quote")
    with pytest.raises(QuoteExpired):
        ask(world.add_quote("rider-1", ttl_s=-1))
    with pytest.raises(NotYourQuote):
        ask(world.add_quote("rider-2"))
    with pytest.raises(CategoryNotQuoted) as refused:
        ask(world.add_quote("rider-1"), "hovercraft")
    assert list(refused.value.details) == ["category"]
    world.failures["authorize_ride"] = Invalid(details={"payment_method": ["Unknown."]})
    with pytest.raises(Invalid) as refused_card:
        ask(world.add_quote("rider-1"), payment_method="card_none")
    assert list(refused_card.value.details) == ["payment_method"]
    world.failures["get_quote"] = StoreUnavailable()
    with pytest.raises(StoreUnavailable):
        ask(world.add_quote("rider-1"))
    assert call("list_trips", user_id="rider-1", role="rider")["items"] == []


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({}, "rider_id"),
        ({"rider_id": 5, "quote_id": "q", "category": "standard"}, "rider_id"),
        ({"rider_id": "r", "quote_id": "", "category": "standard"}, "quote_id"),
        ({"rider_id": "r", "quote_id": "q" * 129, "category": "standard"}, "quote_id"),
        ({"rider_id": "r", "quote_id": "q", "category": ["van"]}, "category"),
    ],
)
def test_a_request_that_makes_no_sense_names_the_field(call: Call, payload: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        call("request_trip", **payload)
    assert field in refused.value.details


def test_a_second_request_meets_the_active_trip(call: Call, world: World) -> None:
    trip = request(call, world)
    with pytest.raises(ActiveTripExists) as refused:
        request(call, world, trip["rider_id"])
    assert refused.value.details == {"trip_id": trip["id"]}
    call("cancel_trip", trip_id=trip["id"], actor=rider(trip["rider_id"]))
    assert request(call, world, trip["rider_id"])["id"] != trip["id"]


def test_the_same_key_gives_the_same_trip_even_when_its_quote_is_gone(call: Call, world: World) -> None:
    quote_id = world.add_quote("rider-1")
    key = {"scope": "rider-1:POST /v1/trips", "key": "k-1", "fingerprint": "f-1"}
    payload = {"rider_id": "rider-1", "quote_id": quote_id, "category": "standard", "idempotency": key}
    calls = [eventlet.spawn(call, "request_trip", **payload) for _ in range(5)]
    answers = [each.wait() for each in calls]
    assert len({answer["id"] for answer in answers}) == 1 and answers.count(answers[0]) == 5
    world.quotes.clear()
    assert call("request_trip", **payload) == answers[0]
    call("cancel_trip", trip_id=answers[0]["id"], actor=rider("rider-1"))
    assert call("request_trip", **payload) == answers[0]
    with pytest.raises(IdempotencyKeyReused):
        call("request_trip", **{**payload, "category": "van", "idempotency": {**key, "fingerprint": "f-2"}})
    eventually(lambda: world.told(answers[0]["id"]) == ["trip_requested", "trip_cancelled"])


def test_a_twin_that_comes_to_be_while_the_first_is_looked_for_gives_the_same_trip(
    call: Call, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first looks for its key, then its twin's trip is written whole; only then the first goes on."""
    key = {"scope": "rider-1:POST /v1/trips", "key": "k-1", "fingerprint": "f-1"}
    payload = {"rider_id": "rider-1", "quote_id": world.add_quote("rider-1"), "category": "standard"}
    looked: list[Any] = []
    twins: list[dict[str, Any]] = []

    def look_and_be_overtaken(*asked: Any) -> Any:
        found = replay(*asked)
        looked.append(found)
        if len(looked) == 1:
            twins.append(call("request_trip", **payload, idempotency=key))
        return found

    monkeypatch.setattr(service, "replay", look_and_be_overtaken)
    first = call("request_trip", **payload, idempotency=key)
    assert looked[0] is None, "nothing was there when the first looked"
    assert twins == [first]


def test_a_double_tap_without_a_key_makes_one_trip(call: Call, world: World) -> None:
    quote_id = world.add_quote("rider-1")

    def tap() -> Any:
        try:
            return call("request_trip", rider_id="rider-1", quote_id=quote_id, category="standard")["id"]
        except ActiveTripExists as exc:
            return exc.code

    answers = [each.wait() for each in [eventlet.spawn(tap) for _ in range(6)]]
    assert answers.count("active_trip_exists") == 5
