"""The whole service over the broker: calls in, calls out, events, timers, a second replica."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import eventlet
import pytest
from nameko.containers import ServiceContainer

from hansom.contracts.errors import IdempotencyKeyReused, Invalid, NotFound, StoreUnavailable
from hansom.contracts.trips import (
    ActiveTripExists,
    CategoryNotQuoted,
    IllegalTransition,
    NotYourOffer,
    NotYourQuote,
    NotYourTrip,
    OfferGone,
    PinLocked,
    QuoteExpired,
    UnknownOffer,
    UnknownTrip,
    WrongPin,
)
from tests.integration.trips.conftest import Call
from tests.support.shapes import shape
from tests.support.trips_world import Speaker, World
from tests.support.waiting import eventually


def rider(user_id: str) -> dict[str, str]:
    return {"user_id": user_id, "role": "rider"}


def driver(user_id: str) -> dict[str, str]:
    return {"user_id": user_id, "role": "driver"}


EXAMPLES = Path(__file__).parents[2] / "contract" / "examples"
OPS = {"user_id": "ops-1", "role": "ops"}


def request(call: Call, world: World, rider_id: str | None = None, **quote: Any) -> dict[str, Any]:
    rider_id = rider_id or uuid4().hex
    quote_id = world.add_quote(rider_id, **quote)
    return call("request_trip", rider_id=rider_id, quote_id=quote_id, category="standard")


def offer(call: Call, trip_id: str, driver_id: str, ttl_s: float = 15) -> dict[str, Any]:
    pair = {"trip_id": trip_id, "driver_id": driver_id, "pickup_eta_s": 60.5, "ttl_s": ttl_s}
    outcome = call("make_offers", offers=[pair])
    assert outcome["refused"] == []
    return outcome["made"][0]


def assigned(call: Call, world: World, **quote: Any) -> dict[str, Any]:
    trip, driver_id = request(call, world, **quote), uuid4().hex
    made = offer(call, trip["id"], driver_id)
    return call("accept_offer", offer_id=made["offer_id"], driver_id=driver_id)["trip"] | {"pin": trip["pin"]}


def in_progress(call: Call, world: World, **quote: Any) -> dict[str, Any]:
    trip = assigned(call, world, **quote)
    call("arrive", trip_id=trip["id"], driver_id=trip["driver_id"])
    return call("start", trip_id=trip["id"], driver_id=trip["driver_id"], pin=trip["pin"])


# -- a ride ----------------------------------------------------------------------------------------------------------
def test_a_whole_ride_is_told_in_order_and_settled(call: Call, world: World) -> None:
    trip = in_progress(call, world)
    done = call("complete", trip_id=trip["id"], driver_id=trip["driver_id"])
    assert (done["state"], done["pin"], done["fare_final"]) == ("completed", None, False)
    expected = [
        "trip_requested",
        "offer_made",
        "trip_assigned",
        "driver_arrived",
        "trip_started",
        "trip_completed",
        "trip_settled",
    ]
    eventually(lambda: world.told(trip["id"]) == expected, within_s=10)
    settled = call("get_trip", trip_id=trip["id"], actor=rider(trip["rider_id"]))
    assert settled["fare"] == {"amount_minor": 1010, "currency": "EUR"} and settled["fare_final"]
    assert (settled["fare_reason"], settled["distance_m"], settled["version"]) == ("longer_than_quoted", 1400.0, 6)
    asked = world.asked["finish_trace"][-1]
    assert (asked["from"], asked["until"]) == (settled["started_at"], settled["completed_at"])
    assert world.asked["final_fare"][-1]["credible"] is True
    told = next(each.data for each in world.events if each.type == "trip_settled")
    assert told["breakdown"][0]["code"] == "distance" and told["tax"]["amount"]["amount_minor"] == 120
    assert all(check["breaches"] == [] for check in call("audit")["checks"])


def test_the_first_answer_shows_the_rider_his_pin_and_nobody_else_ever_sees_it(call: Call, world: World) -> None:
    trip = assigned(call, world)
    assert len(trip["pin"]) == 4 and trip["pin"].isdigit()
    seen = {
        who: call("get_trip", trip_id=trip["id"], actor=actor)["pin"]
        for who, actor in (("rider", rider(trip["rider_id"])), ("driver", driver(trip["driver_id"])), ("ops", OPS))
    }
    assert seen == {"rider": trip["pin"], "driver": None, "ops": None}
    assert call("list_trips", user_id=trip["driver_id"], role="driver")["items"][0]["pin"] is None
    assert call("list_all")["items"][0]["pin"] is None


def test_a_trip_shows_its_driver_and_where_his_car_is(call: Call, world: World) -> None:
    trip = assigned(call, world)
    here = {
        "point": {"lat": 60.17, "lng": 24.94},
        "bearing_deg": 90.0,
        "at": "2026-03-02T12:00:00.000Z",
        "state": "busy",
    }
    world.positions[trip["driver_id"]] = here
    seen = call("get_trip", trip_id=trip["id"], actor=rider(trip["rider_id"]))["driver"]
    assert (seen["id"], seen["name"], seen["vehicle"]["plate"]) == (trip["driver_id"], "Aino", "ABC-123")
    assert seen["position"] == {**here["point"], "bearing_deg": 90.0, "at": here["at"]}
    assert 55 < seen["pickup_eta_s"] <= 60.5


def test_a_trip_is_shown_without_a_position_when_location_is_down(call: Call, world: World) -> None:
    trip = assigned(call, world)
    world.failures["get_positions"] = StoreUnavailable()
    seen = call("get_trip", trip_id=trip["id"], actor=rider(trip["rider_id"]))
    assert seen["driver"]["position"] is None and seen["state"] == "assigned"


# -- asking for a trip -----------------------------------------------------------------------------------------------
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


def test_a_double_tap_without_a_key_makes_one_trip(call: Call, world: World) -> None:
    quote_id = world.add_quote("rider-1")

    def tap() -> Any:
        try:
            return call("request_trip", rider_id="rider-1", quote_id=quote_id, category="standard")["id"]
        except ActiveTripExists as exc:
            return exc.code

    answers = [each.wait() for each in [eventlet.spawn(tap) for _ in range(6)]]
    assert answers.count("active_trip_exists") == 5


# -- offers ----------------------------------------------------------------------------------------------------------
def test_offers_are_answered_by_their_driver_only_and_once(call: Call, world: World) -> None:
    trip = request(call, world)
    made = offer(call, trip["id"], "driver-1")
    with pytest.raises(UnknownOffer):
        call("accept_offer", offer_id="no-such-offer", driver_id="driver-1")
    with pytest.raises(NotYourOffer):
        call("accept_offer", offer_id=made["offer_id"], driver_id="driver-2")
    declined = call("decline_offer", offer_id=made["offer_id"], driver_id="driver-1")
    assert declined["offer"]["state"] == "declined"
    assert call("decline_offer", offer_id=made["offer_id"], driver_id="driver-1") == declined
    with pytest.raises(OfferGone):
        call("accept_offer", offer_id=made["offer_id"], driver_id="driver-1")
    second = offer(call, trip["id"], "driver-2")
    first = call("accept_offer", offer_id=second["offer_id"], driver_id="driver-2")
    again = call("accept_offer", offer_id=second["offer_id"], driver_id="driver-2")
    assert again["offer"] == first["offer"] and again["trip"]["version"] == first["trip"]["version"] == 2
    with pytest.raises(OfferGone):
        call("decline_offer", offer_id=second["offer_id"], driver_id="driver-2")


def test_offers_that_cannot_be_made_are_refused_one_by_one(call: Call, world: World) -> None:
    free, busy = request(call, world), assigned(call, world)
    other, third = request(call, world), request(call, world)

    def pair(trip_id: str, driver_id: str) -> dict[str, Any]:
        return {"trip_id": trip_id, "driver_id": driver_id, "pickup_eta_s": 1, "ttl_s": 15}

    outcome = call(
        "make_offers",
        offers=[
            pair(free["id"], "driver-1"),
            pair(other["id"], "driver-1"),
            pair(busy["id"], "driver-2"),
            pair("no-such-trip", "driver-3"),
            pair(third["id"], "nobody"),
            pair(third["id"], busy["driver_id"]),
        ],
    )
    assert [made["driver_id"] for made in outcome["made"]] == ["driver-1"]
    reasons = [refused["reason"] for refused in outcome["refused"]]
    assert sorted(reasons) == [
        "driver_not_free",
        "driver_not_free",
        "trip_not_waiting",
        "unknown_driver",
        "unknown_trip",
    ]
    assert call("make_offers", offers=[]) == {"made": [], "refused": []}
    assert set(call("list_unfree_drivers")["driver_ids"]) == {"driver-1", busy["driver_id"]}


def test_waiting_trips_name_the_drivers_not_to_ask_again(call: Call, world: World) -> None:
    trip = request(call, world)
    made = offer(call, trip["id"], "driver-1")
    call("decline_offer", offer_id=made["offer_id"], driver_id="driver-1")
    offer(call, trip["id"], "driver-2")
    (waiting,) = call("list_waiting", city="helsinki")["items"]
    assert (waiting["trip_id"], waiting["returned"], waiting["has_open_offer"]) == (trip["id"], False, True)
    assert waiting["excluded_driver_ids"] == ["driver-1", "driver-2"]
    assert call("list_waiting", city="turku") == {"items": []}


def test_a_city_shows_who_waits_where_and_which_drivers_have_an_offer(call: Call, world: World) -> None:
    waiting, ridden = request(call, world), request(call, world)
    made = offer(call, ridden["id"], "driver-1")
    call("accept_offer", offer_id=made["offer_id"], driver_id="driver-1")
    offer(call, waiting["id"], "driver-2")
    pickup = waiting["pickup"]
    row = [waiting["id"], round(pickup["lat"], 5), round(pickup["lng"], 5), waiting["requested_at"]]
    assert call("see_city", city="helsinki") == {"waiting": [row], "held": ["driver-2"]}
    assert call("see_city", city="turku") == {"waiting": [], "held": []}
    example = json.loads((EXAMPLES / "rpc" / "trips.see_city.json").read_text(encoding="utf-8"))
    assert shape(call("see_city", **example["request"])) == shape(example["reply"])


def test_an_offer_that_nobody_answers_is_withdrawn_by_the_timer(call: Call, world: World) -> None:
    trip = request(call, world)
    made = offer(call, trip["id"], "driver-1", ttl_s=0.2)
    eventually(lambda: "offer_withdrawn" in world.told(trip["id"]))
    with pytest.raises(OfferGone):
        call("accept_offer", offer_id=made["offer_id"], driver_id="driver-1")


# -- driving ---------------------------------------------------------------------------------------------------------
def test_three_wrong_pins_lock_even_the_right_one_out(call: Call, world: World) -> None:
    trip = assigned(call, world)
    mine = {"trip_id": trip["id"], "driver_id": trip["driver_id"]}
    call("arrive", **mine)
    wrong = "0000" if trip["pin"] != "0000" else "0001"
    for _ in range(3):
        with pytest.raises(WrongPin) as refused:
            call("start", **mine, pin=wrong)
        assert list(refused.value.details) == ["pin"]
    with pytest.raises(PinLocked) as locked:
        call("start", **mine, pin=trip["pin"])
    assert 50 < locked.value.details["retry_after_s"] <= 60
    assert call("get_trip", trip_id=trip["id"], actor=OPS)["state"] == "arrived"


def test_each_verb_said_again_where_it_led_answers_the_same(call: Call, world: World) -> None:
    trip = assigned(call, world)
    mine = {"trip_id": trip["id"], "driver_id": trip["driver_id"]}
    for verb, more in (("arrive", {}), ("start", {"pin": trip["pin"]}), ("complete", {})):
        assert call(verb, **mine, **more) == call(verb, **mine, **more)
    with pytest.raises(IllegalTransition) as refused:
        call("arrive", **mine)
    assert refused.value.details == {"state": "completed", "verb": "arrive"}
    told = ["trip_requested", "offer_made", "trip_assigned", "driver_arrived", "trip_started", "trip_completed"]
    eventually(lambda: world.told(trip["id"])[:6] == told)


def test_nobody_drives_cancels_or_sees_somebody_elses_trip(call: Call, world: World) -> None:
    trip = assigned(call, world)
    for verb in ("arrive", "complete"):
        with pytest.raises(NotYourTrip):
            call(verb, trip_id=trip["id"], driver_id="driver-x")
        with pytest.raises(UnknownTrip):
            call(verb, trip_id="no-such-trip", driver_id="driver-x")
    for actor in (rider("rider-x"), driver("driver-x"), driver(trip["rider_id"])):
        with pytest.raises(NotYourTrip):
            call("cancel_trip", trip_id=trip["id"], actor=actor)
        with pytest.raises(NotYourTrip):
            call("get_trip", trip_id=trip["id"], actor=actor)
    with pytest.raises(UnknownTrip):
        call("get_trip", trip_id="no-such-trip", actor=OPS)


# -- cancelling ------------------------------------------------------------------------------------------------------
def test_a_riders_cancel_withdraws_the_offer_and_is_told_once(call: Call, world: World) -> None:
    trip = request(call, world)
    made = offer(call, trip["id"], "driver-1")
    cancelled = call("cancel_trip", trip_id=trip["id"], actor=rider(trip["rider_id"]), reason="late")
    assert (cancelled["state"], cancelled["cancelled_by"], cancelled["cancel_reason"]) == ("cancelled", "rider", "late")
    assert call("cancel_trip", trip_id=trip["id"], actor=rider(trip["rider_id"])) == cancelled
    with pytest.raises(OfferGone):
        call("accept_offer", offer_id=made["offer_id"], driver_id="driver-1")
    with pytest.raises(IllegalTransition):
        call("cancel_trip", trip_id=trip["id"], actor=OPS)
    told = ["trip_requested", "offer_made", "offer_withdrawn", "trip_cancelled"]
    eventually(lambda: world.told(trip["id"]) == told)


def test_a_ride_under_way_can_be_cancelled_by_its_rider_and_ops_and_not_by_its_driver(call: Call, world: World) -> None:
    trip = in_progress(call, world)
    with pytest.raises(IllegalTransition) as refused:
        call("cancel_trip", trip_id=trip["id"], actor=driver(trip["driver_id"]))
    assert refused.value.details == {"state": "in_progress", "verb": "release"}
    cancelled = call("cancel_trip", trip_id=trip["id"], actor=OPS, reason="safety")
    assert (cancelled["state"], cancelled["cancelled_by"], cancelled["driver_id"]) == (
        "cancelled",
        "ops",
        trip["driver_id"],
    )


def test_a_drivers_cancel_sends_the_trip_back_to_matching(call: Call, world: World) -> None:
    trip = assigned(call, world)
    left = call("cancel_trip", trip_id=trip["id"], actor=driver(trip["driver_id"]), reason="flat tyre")
    assert (left["state"], left["driver_id"], left["driver"], left["pin"]) == ("requested", None, None, None)
    (waiting,) = call("list_waiting", city="helsinki")["items"]
    assert waiting["returned"] and waiting["excluded_driver_ids"] == [trip["driver_id"]]
    second = offer(call, trip["id"], "driver-2")
    call("accept_offer", offer_id=second["offer_id"], driver_id="driver-2")
    again = call("cancel_trip", trip_id=trip["id"], actor=driver(trip["driver_id"]))
    assert (again["state"], again["driver_id"]) == ("requested", None), "he learns nothing of his successor"
    with pytest.raises(NotYourTrip):
        call("get_trip", trip_id=trip["id"], actor=driver(trip["driver_id"]))
    told = ["trip_requested", "offer_made", "trip_assigned", "trip_returned", "offer_made", "trip_assigned"]
    eventually(lambda: world.told(trip["id"]) == told)


def test_a_driver_who_goes_offline_cannot_accept_any_more_and_the_trip_goes_on_at_once(
    call: Call, world: World, speaker: Speaker
) -> None:
    trip, driver_id = request(call, world), uuid4().hex
    made = offer(call, trip["id"], driver_id, ttl_s=600)
    speaker.go_offline(driver_id, datetime.now(UTC) - timedelta(seconds=60))  # comes late: he is long back
    speaker.go_offline(driver_id, datetime.now(UTC))
    eventually(lambda: world.told(trip["id"]) == ["trip_requested", "offer_made", "offer_withdrawn"])
    assert world.events[-1].data["reason"] == "driver_offline"
    with pytest.raises(OfferGone):
        call("accept_offer", offer_id=made["offer_id"], driver_id=driver_id)
    (waiting,) = call("list_waiting", city="helsinki")["items"]
    assert not waiting["has_open_offer"]


# -- reading ---------------------------------------------------------------------------------------------------------
def test_others_learn_who_is_in_a_trip_live_and_archived(call: Call, world: World) -> None:
    trip = in_progress(call, world)
    active = call("get_active_by_driver", driver_ids=[trip["driver_id"], "driver-x"])["items"]
    assert active == {
        trip["driver_id"]: {
            "trip_id": trip["id"],
            "rider_id": trip["rider_id"],
            "state": "in_progress",
            "target": trip["dropoff"],
            "started_at": trip["started_at"],
        }
    }
    done = call("complete", trip_id=trip["id"], driver_id=trip["driver_id"])
    eventually(lambda: call("get_trip", trip_id=trip["id"], actor=OPS)["fare_final"], within_s=10)
    parties = call("get_parties", trip_id=trip["id"])
    expected = {name: done[name] for name in ("rider_id", "driver_id", "state", "completed_at", "ended_early")}
    assert parties == {"trip_id": trip["id"], **expected, "settled_at": parties["settled_at"]}
    assert parties["settled_at"] is not None
    assert call("archive_now", older_than_s=0)["archived"] == 1
    assert call("get_parties", trip_id=trip["id"]) == parties
    (listed,) = call("list_trips", user_id=trip["rider_id"], role="rider")["items"]
    assert (listed["id"], listed["fare"]["amount_minor"]) == (trip["id"], 1010)
    with pytest.raises(UnknownTrip):
        call("get_parties", trip_id="no-such-trip")


def test_counts_say_what_is_going_on(call: Call, world: World) -> None:
    request(call, world)
    assigned(call, world)
    trip = in_progress(call, world)
    call("complete", trip_id=trip["id"], driver_id=trip["driver_id"])
    counts = call("count_trips")
    assert (counts["by_state"]["requested"], counts["by_state"]["assigned"], counts["by_state"]["completed"]) == (
        1,
        1,
        1,
    )
    assert (counts["completed_today"], counts["requested_last_hour"], counts["open_offers"]) == (1, 3, 0)


@pytest.mark.parametrize("page", [{"limit": 0}, {"limit": 101}, {"limit": "5"}, {"cursor": "nonsense"}])
def test_a_page_that_makes_no_sense_names_the_field(call: Call, page: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        call("list_trips", user_id="rider-1", role="rider", **page)
    assert list(refused.value.details) == list(page)


# -- more than one process -------------------------------------------------------------------------------------------
def test_two_replicas_share_the_work_and_tell_everything_once(
    call: Call, world: World, replicas: Callable[[], ServiceContainer]
) -> None:
    replicas()
    rides = [each.wait() for each in [eventlet.spawn(in_progress, call, world) for _ in range(12)]]
    for trip in rides:
        call("complete", trip_id=trip["id"], driver_id=trip["driver_id"])
    for trip in rides:
        eventually(lambda trip=trip: "trip_settled" in world.told(trip["id"]), within_s=15)
        assert len(world.told(trip["id"])) == len(set(world.told(trip["id"]))) == 7
    assert len({each["trip_id"] for each in world.asked["finish_trace"]}) == 12
    assert all(check["breaches"] == [] for check in call("audit")["checks"])
