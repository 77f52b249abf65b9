"""What a request takes of a rider's money and gives back, and what ending a trip, or changing it, costs him."""

from __future__ import annotations

from typing import Any

import eventlet
import pytest

from hansom.clock import SystemClock
from hansom.contracts.errors import Conflict, Invalid, Unavailable
from hansom.contracts.payments import PaymentDeclined, PaymentNeedsConfirmation
from hansom.contracts.trip_terms import NotAtPickup, QuoteOfAnotherTrip, TooEarly
from hansom.contracts.trips import ActiveTripExists, IllegalTransition, NotYourTrip, QuoteExpired
from hansom.wire import iso
from tests.support.trips_builders import DROPOFF, PICKUP, some_money, some_terms
from tests.support.trips_calls import OPS, Call, assigned, driver, in_progress, rider
from tests.support.trips_world import World
from tests.support.waiting import eventually

ELSEWHERE = {"lat": 60.18, "lng": 24.96}
PROMO = {"code": "WELCOME", "label": "Welcome", "discount": some_money(300), "to_pay": some_money(650)}


def ask(call: Call, quote_id: str, **more: Any) -> dict[str, Any]:
    return call("request_trip", rider_id="rider-1", quote_id=quote_id, category="standard", **more)


def event(world: World, trip_id: str, type_: str) -> dict[str, Any]:
    """The data of the event of this type about the trip, once it was told."""
    eventually(lambda: type_ in world.told(trip_id))
    return next(each.data for each in world.events if (each.key, each.type) == (trip_id, type_))


# -- asking ----------------------------------------------------------------------------------------------------------
def test_a_fare_is_held_for_the_trip_before_it_begins(call: Call, world: World) -> None:
    trip = ask(call, world.add_quote("rider-1"), payment_method="card_ok")
    (held,) = world.asked["authorize_ride"]
    assert held == {
        "trip_id": trip["id"],
        "rider_id": "rider-1",
        "city": "helsinki",
        "amount": some_money(950),
        "payment_method": "card_ok",
    }
    assert (trip["to_pay"], trip["discount"], trip["tip_max"]) == (some_money(950), some_money(0), some_money(5000))
    assert world.asked["reserve_promo"] == world.asked["release_holds"] == [], "nothing is asked that need not be"


def test_a_promo_code_is_kept_for_the_trip_and_only_the_rest_is_held(call: Call, world: World) -> None:
    quote_id = world.add_quote("rider-1", option={"promo": PROMO})
    trip = ask(call, quote_id)
    asked = {"trip_id": trip["id"], "rider_id": "rider-1", "first_ride": True}
    assert world.asked["reserve_promo"] == [{**asked, "quote_id": quote_id, "category": "standard"}]
    assert world.asked["authorize_ride"][0]["amount"] == some_money(650)
    assert (trip["promo_code"], trip["fare"], trip["discount"], trip["to_pay"]) == (
        "WELCOME",
        some_money(950),
        some_money(300),
        some_money(650),
    )


def test_a_promo_code_that_is_used_up_refuses_the_ride_and_lets_the_hold_go(call: Call, world: World) -> None:
    world.failures["reserve_promo"] = Conflict()
    with pytest.raises(Conflict):
        ask(call, world.add_quote("rider-1", option={"promo": PROMO}))
    held = world.asked["authorize_ride"][0]["trip_id"]
    assert world.asked["release_holds"] == [{"trip_ids": [held]}]
    assert call("list_trips", user_id="rider-1", role="rider")["items"] == []


def test_a_card_that_is_declined_refuses_the_ride_and_gives_the_promo_code_back(call: Call, world: World) -> None:
    world.failures["authorize_ride"] = PaymentDeclined(details={"reason": "insufficient_funds"})
    with pytest.raises(PaymentDeclined) as refused:
        ask(call, world.add_quote("rider-1", option={"promo": PROMO}))
    assert refused.value.details == {"reason": "insufficient_funds"}
    assert len(world.asked["release_promo"]) == 1 and world.asked["release_holds"] == []


def test_a_hold_that_waits_for_its_rider_is_not_let_go(call: Call, world: World) -> None:
    world.failures["authorize_ride"] = PaymentNeedsConfirmation(details={"confirmation_id": "c-1"})
    with pytest.raises(PaymentNeedsConfirmation):
        ask(call, world.add_quote("rider-1"))
    assert world.asked["release_holds"] == []


def test_while_payments_is_down_who_pays_as_usual_rides_and_who_names_a_card_does_not(call: Call, world: World) -> None:
    world.failures["authorize_ride"] = Unavailable()
    with pytest.raises(Unavailable):
        ask(call, world.add_quote("rider-1"), payment_method="card_ok")
    assert len(world.asked["release_holds"]) == 1, "it may have been held, and the answer lost"
    assert ask(call, world.add_quote("rider-1"))["state"] == "requested"


def test_a_request_that_comes_again_finds_its_own_hold(call: Call, world: World) -> None:
    payload = {"idempotency": {"scope": "rider-1:POST /v1/trips", "key": "k-1", "fingerprint": "f-1"}}
    quote_id = world.add_quote("rider-1")
    world.failures["authorize_ride"] = Unavailable()
    with pytest.raises(Unavailable):
        ask(call, quote_id, payment_method="card_ok", **payload)
    del world.failures["authorize_ride"]
    trip = ask(call, quote_id, payment_method="card_ok", **payload)
    assert {each["trip_id"] for each in world.asked["authorize_ride"]} == {trip["id"]}
    assert ask(call, quote_id, payment_method="card_ok", **payload) == trip
    assert len(world.asked["authorize_ride"]) == 2, "an answered request is not asked about again"


def test_who_has_a_trip_or_an_old_quote_is_refused_before_his_card_is_asked(call: Call, world: World) -> None:
    with pytest.raises(QuoteExpired):
        ask(call, world.add_quote("rider-1", ttl_s=-1))
    assert world.asked["authorize_ride"] == []
    trip = ask(call, world.add_quote("rider-1"))
    with pytest.raises(ActiveTripExists):
        ask(call, world.add_quote("rider-1"))
    assert [each["trip_id"] for each in world.asked["authorize_ride"]] == [trip["id"]]


def test_of_many_requests_at_once_one_keeps_its_hold(call: Call, world: World) -> None:
    quote_ids = [world.add_quote("rider-1") for _ in range(5)]

    def tap(quote_id: str) -> str | None:
        try:
            return ask(call, quote_id)["id"]
        except ActiveTripExists:
            return None

    made = [each for each in [tap_.wait() for tap_ in [eventlet.spawn(tap, each) for each in quote_ids]] if each]
    held = {each["trip_id"] for each in world.asked["authorize_ride"]}
    released = {trip_id for each in world.asked["release_holds"] for trip_id in each["trip_ids"]}
    assert len(made) == 1 and held - released == set(made)


# -- cancelling ------------------------------------------------------------------------------------------------------
def late_terms(**changes: Any) -> dict[str, Any]:
    """Terms by which cancelling costs at once, and a no-show may be claimed at once."""
    return some_terms(**{"free_s": 0, "no_show_after_s": 0, **changes})


def late(call: Call, world: World) -> dict[str, Any]:
    """A trip whose grace time, of nothing, is over."""
    trip = assigned(call, world, option=late_terms())
    me = rider(trip["rider_id"])
    eventually(lambda: call("cancel_preview", trip_id=trip["id"], actor=me)["code"] == "cancelled_late")
    return trip


def test_what_cancelling_costs_is_told_before_and_after(call: Call, world: World) -> None:
    trip = late(call, world)
    me = rider(trip["rider_id"])
    preview = call("cancel_preview", trip_id=trip["id"], actor=me)
    assert (preview["fee"], preview["free_until"], preview["code"]) == (some_money(400), None, "cancelled_late")
    assert call("cancel_preview", trip_id=trip["id"], actor=driver(trip["driver_id"]))["fee"] == some_money(0)
    cancelled = call("cancel_trip", trip_id=trip["id"], actor=me)
    assert (cancelled["cancellation_fee"], cancelled["ended_early"]) == (some_money(400), False)
    fee = event(world, trip["id"], "trip_cancelled")["fee"]
    assert (fee["kind"], fee["amount"], fee["driver_share"]) == ("cancellation", some_money(400), some_money(300))
    assert call("cancel_trip", trip_id=trip["id"], actor=me) == cancelled, "once, however often he taps"
    with pytest.raises(IllegalTransition):
        call("cancel_preview", trip_id=trip["id"], actor=me)


def test_within_grace_it_is_free_and_the_preview_says_until_when(call: Call, world: World) -> None:
    trip = assigned(call, world)
    me = rider(trip["rider_id"])
    preview = call("cancel_preview", trip_id=trip["id"], actor=me)
    assert (preview["fee"], preview["code"]) == (some_money(0), "within_grace")
    assert preview["free_until"] > trip["assigned_at"]
    assert call("cancel_trip", trip_id=trip["id"], actor=me)["cancellation_fee"] is None
    assert event(world, trip["id"], "trip_cancelled")["fee"] is None


def test_an_operators_cancel_costs_nothing_unless_he_says_so(call: Call, world: World) -> None:
    free, charged = late(call, world), late(call, world)
    assert call("cancel_trip", trip_id=free["id"], actor=OPS)["cancellation_fee"] is None
    assert call("cancel_trip", trip_id=charged["id"], actor=OPS, charge=True)["cancellation_fee"] == some_money(400)
    with pytest.raises(Invalid) as refused:
        call("cancel_trip", trip_id=charged["id"], actor=rider(charged["rider_id"]), charge=True)
    assert list(refused.value.details) == ["charge"]


def test_a_ride_that_its_rider_ends_on_the_way_is_settled_on_what_was_driven(call: Call, world: World) -> None:
    trip = in_progress(call, world)
    world.fixes = [{"lat": PICKUP.lat, "lng": PICKUP.lng, "at": trip["started_at"]}]
    me = rider(trip["rider_id"])
    preview = call("cancel_preview", trip_id=trip["id"], actor=me)
    assert (preview["code"], preview["fee"]) == ("under_way", some_money(1010))
    ended = call("cancel_trip", trip_id=trip["id"], actor=me, reason="here is fine")
    assert (ended["state"], ended["ended_early"], ended["cancellation_fee"]) == ("cancelled", True, None)
    assert call("list_unfree_drivers")["driver_ids"] == []
    settled = event(world, trip["id"], "trip_settled")
    assert (settled["trip"]["state"], settled["trip"]["fare"]) == ("cancelled", some_money(1010))
    asked = world.asked["final_fare"][-1]
    assert asked["ended_early"] and asked["ended_at"] == PICKUP.as_dict() and not asked["destination_changed"]
    assert world.asked["finish_trace"][-1]["until"] == ended["cancelled_at"]
    assert world.told(trip["id"])[-2:] == ["trip_cancelled", "trip_settled"]
    assert all(check["breaches"] == [] for check in call("audit")["checks"])
    assert call("archive_now", older_than_s=0)["archived"] == 1
    archived = call("get_trip", trip_id=trip["id"], actor=me)
    assert (archived["ended_early"], archived["fare"], archived["tip_max"]) == (True, some_money(1010), trip["tip_max"])


def test_a_ride_that_ops_end_on_the_way_is_charged_only_when_they_say_so(call: Call, world: World) -> None:
    free, charged = (in_progress(call, world) for _ in range(2))
    assert call("cancel_trip", trip_id=free["id"], actor=OPS)["ended_early"] is False
    assert call("cancel_trip", trip_id=charged["id"], actor=OPS, charge=True)["ended_early"] is True
    event(world, charged["id"], "trip_settled")
    assert "trip_settled" not in world.told(free["id"])


def test_the_discount_of_a_longer_ride_is_what_pricing_says(call: Call, world: World) -> None:
    trip = in_progress(call, world, option={"promo": PROMO})
    world.discounted = {"discount": some_money(505), "promo_code": "WELCOME"}
    call("complete", trip_id=trip["id"], driver_id=trip["driver_id"])
    settled = event(world, trip["id"], "trip_settled")
    assert (settled["discount"], settled["promo_code"]) == (some_money(505), "WELCOME")
    assert (settled["trip"]["fare"], settled["trip"]["to_pay"]) == (some_money(1010), some_money(505))


# -- not coming ------------------------------------------------------------------------------------------------------
def arrived(call: Call, world: World, **quote: Any) -> dict[str, Any]:
    trip = assigned(call, world, **quote)
    call("arrive", trip_id=trip["id"], driver_id=trip["driver_id"])
    return trip


def test_a_driver_at_the_pickup_claims_a_no_show_once_its_time_has_come(call: Call, world: World) -> None:
    trip = arrived(call, world, option=late_terms())
    mine = {"trip_id": trip["id"], "driver_id": trip["driver_id"]}
    with pytest.raises(NotAtPickup):
        call("claim_no_show", **mine)
    world.positions[trip["driver_id"]] = {"point": ELSEWHERE, "at": iso(SystemClock().now())}
    with pytest.raises(NotAtPickup) as elsewhere:
        call("claim_no_show", **mine)
    assert elsewhere.value.details["distance_m"] > 1000
    world.positions[trip["driver_id"]] = {"point": PICKUP.as_dict(), "at": iso(SystemClock().now())}
    with pytest.raises(NotYourTrip):
        call("claim_no_show", trip_id=trip["id"], driver_id="driver-x")
    world.failures["get_trace"] = Unavailable()
    ended = call("claim_no_show", **mine)
    assert (ended["state"], ended["cancelled_by"], ended["cancel_reason"]) == ("cancelled", "driver", "no_show")
    assert ended["cancellation_fee"] == some_money(600)
    assert event(world, trip["id"], "trip_cancelled")["fee"]["kind"] == "no_show"
    assert call("claim_no_show", **mine) == ended
    assert trip["driver_id"] not in call("list_unfree_drivers")["driver_ids"]


def test_a_no_show_before_its_time_is_told_when(call: Call, world: World) -> None:
    trip = arrived(call, world)
    world.positions[trip["driver_id"]] = {"point": PICKUP.as_dict(), "at": iso(SystemClock().now())}
    with pytest.raises(TooEarly) as early:
        call("claim_no_show", trip_id=trip["id"], driver_id=trip["driver_id"])
    assert early.value.details["claim_at"] > trip["requested_at"]
    assert call("get_trip", trip_id=trip["id"], actor=OPS)["state"] == "arrived"


# -- going elsewhere -------------------------------------------------------------------------------------------------
def test_a_rider_under_way_goes_elsewhere_for_what_the_new_quote_says(call: Call, world: World) -> None:
    trip = in_progress(call, world)
    world.fixes = [
        {"lat": PICKUP.lat, "lng": PICKUP.lng, "at": trip["started_at"]},
        {"lat": PICKUP.lat + 0.01, "lng": PICKUP.lng, "at": iso(SystemClock().now())},
    ]
    mine = {"trip_id": trip["id"], "rider_id": trip["rider_id"]}
    quote = call("quote_destination", **mine, dropoff=ELSEWHERE)
    (asked,) = world.asked["requote"]
    assert (asked["quote_id"], asked["category"], asked["dropoff"]) == (trip["quote_id"], "standard", ELSEWHERE)
    assert asked["via"]["lat"] == PICKUP.lat + 0.01 and 1100 < asked["driven_m"] < 1125 and asked["driven_s"] > 0
    changed = call("change_destination", **mine, quote_id=quote["id"])
    assert (changed["dropoff"], changed["fare"], changed["quote_id"]) == (ELSEWHERE, some_money(1500), quote["id"])
    assert (changed["state"], changed["destination_changes"]) == ("in_progress", 1)
    assert call("change_destination", **mine, quote_id=quote["id"]) == changed, "once, however often he taps"
    assert event(world, trip["id"], "trip_changed")["trip"]["dropoff"] == ELSEWHERE
    call("complete", trip_id=trip["id"], driver_id=trip["driver_id"])
    event(world, trip["id"], "trip_settled")
    assert world.asked["final_fare"][-1]["destination_changed"]


def test_before_the_ride_the_way_to_another_place_begins_at_the_pickup(call: Call, world: World) -> None:
    trip = assigned(call, world)
    mine = {"trip_id": trip["id"], "rider_id": trip["rider_id"]}
    quote = call("quote_destination", **mine, dropoff=ELSEWHERE)
    assert "via" not in world.asked["requote"][0] and world.asked["get_trace"] == []
    active = call("get_active_by_driver", driver_ids=[trip["driver_id"]])["items"][trip["driver_id"]]
    assert active["target"] == PICKUP.as_dict()
    assert call("change_destination", **mine, quote_id=quote["id"])["state"] == "assigned"


def test_a_destination_changes_only_by_a_quote_for_this_trip_as_it_is(call: Call, world: World) -> None:
    trip = assigned(call, world)
    mine = {"trip_id": trip["id"], "rider_id": trip["rider_id"]}
    with pytest.raises(QuoteOfAnotherTrip):
        call("change_destination", **mine, quote_id=world.add_quote(trip["rider_id"]))
    first, second = (call("quote_destination", **mine, dropoff=ELSEWHERE) for _ in range(2))
    with pytest.raises(NotYourTrip):
        call("change_destination", trip_id=trip["id"], rider_id="rider-x", quote_id=first["id"])
    call("change_destination", **mine, quote_id=first["id"])
    with pytest.raises(QuoteOfAnotherTrip):
        call("change_destination", **mine, quote_id=second["id"])
    with pytest.raises(QuoteOfAnotherTrip):
        ask(call, world.add_quote("rider-1", parent_id="quote-1", trip_id="trip-1"))
    assert call("get_trip", trip_id=trip["id"], actor=OPS)["destination_changes"] == 1


def test_nobody_goes_elsewhere_while_a_driver_is_looked_for_or_once_it_is_over(call: Call, world: World) -> None:
    trip = ask(call, world.add_quote("rider-1"))
    mine = {"trip_id": trip["id"], "rider_id": "rider-1"}
    with pytest.raises(IllegalTransition) as refused:
        call("quote_destination", **mine, dropoff=DROPOFF.as_dict())
    assert refused.value.details == {"state": "requested", "verb": "change"}
    call("cancel_trip", trip_id=trip["id"], actor=rider("rider-1"))
    with pytest.raises(IllegalTransition):
        call("quote_destination", **mine, dropoff=DROPOFF.as_dict())
