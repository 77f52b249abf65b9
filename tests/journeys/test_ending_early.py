"""Rides that end otherwise than was asked for: too late called off, nobody there, elsewhere, or on the way; and cards
that are asked before a driver is."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from sqlalchemy import text

from hansom.store import engine_for
from tests.support.apps import DROPOFF, PICKUP, App, DriverApp, Refused, RiderApp

ELSEWHERE = {"lat": 60.1731, "lng": 24.9391}


def under_way(people: Any, until: str, **how: Any) -> tuple[RiderApp, DriverApp, dict[str, Any]]:
    """A van's ride that has come so far: `assigned`, `arrived` or `in_progress`."""
    rider, driver = people.rider(), people.driver(category="van")
    trip = rider.ask(category="van", **{"payment_method": "card_ok", **how})
    driver.take(trip)
    if until != "assigned":
        driver.do(trip["id"], "arrive")
    if until == "in_progress":
        driver.do(trip["id"], "start", {"pin": trip["pin"]})
    return rider, driver, trip


def hurry(config: dict[str, Any], trip_id: str) -> None:
    """As if the trip's tariff gave nobody any time."""
    quick = '{"free_s": 0, "no_show_after_s": 0}'
    hurried = "jsonb_set(terms, '{cancellation}', terms->'cancellation' || CAST(:quick AS jsonb))"
    engine = engine_for(config, "trips")
    with engine.begin() as connection:
        found = {"quick": quick, "id": trip_id}
        assert connection.execute(text(f"UPDATE trips SET terms = {hurried} WHERE id = :id"), found).rowcount == 1
    engine.dispose()


def test_who_cancels_late_pays_a_fee_and_part_of_it_is_the_drivers(people: Any, config: dict[str, Any]) -> None:
    rider, driver, trip = under_way(people, "assigned")
    preview = rider.call("GET", f"/v1/trips/{trip['id']}/cancel-preview")
    assert (preview["code"], preview["fee"]["amount_minor"]) == ("within_grace", 0) and preview["free_until"]
    hurry(config, trip["id"])
    preview = rider.call("GET", f"/v1/trips/{trip['id']}/cancel-preview")
    assert (preview["code"], preview["free_until"]) == ("cancelled_late", None)
    cancelled = rider.call("POST", f"/v1/trips/{trip['id']}/cancel", {"reason": "changed my mind"})
    fee = cancelled["cancellation_fee"]
    assert fee == preview["fee"] and fee["amount_minor"] > 0
    assert driver.event("trip_cancelled", trip_id=trip["id"])["trip"]["cancellation_fee"] == fee
    paid = rider.event("payment_captured", trip_id=trip["id"])
    assert (paid["amount"], paid["kind"]) == (fee, "cancellation")
    receipt = rider.call("GET", f"/v1/trips/{trip['id']}/receipt")
    assert (receipt["kind"], receipt["total"]) == ("cancellation", fee)
    (line,) = driver.call("GET", "/v1/driver/earnings")["lines"]
    assert 0 < line["amount"]["amount_minor"] < fee["amount_minor"]


def test_a_driver_who_waits_in_vain_is_paid_for_it(people: Any, config: dict[str, Any], refused: Any) -> None:
    rider, driver, trip = under_way(people, "arrived")
    path = f"/v1/trips/{trip['id']}/no-show"
    early = refused(driver, "POST", path)
    assert (early.status, early.code) == (409, "too_early") and early.error["details"]["claim_at"]
    assert refused(rider, "POST", path).status == 403
    hurry(config, trip["id"])
    ended = driver.call("POST", path)
    assert (ended["state"], ended["cancelled_by"], ended["cancel_reason"]) == ("cancelled", "driver", "no_show")
    told = rider.event("trip_cancelled", trip_id=trip["id"])["trip"]
    assert told["cancellation_fee"] == ended["cancellation_fee"]
    paid = rider.event("payment_captured", trip_id=trip["id"])
    assert (paid["amount"], paid["kind"]) == (ended["cancellation_fee"], "no_show")
    assert driver.call("POST", path)["version"] == ended["version"]


def test_a_rider_under_way_goes_elsewhere_and_the_receipt_says_so(people: Any, refused: Any) -> None:
    rider, driver, trip = under_way(people, "in_progress")
    quote = rider.call("POST", f"/v1/trips/{trip['id']}/destination-quotes", {"dropoff": ELSEWHERE})
    (option,) = quote["options"]
    changed = rider.call("PATCH", f"/v1/trips/{trip['id']}", {"quote_id": quote["id"]})
    assert (changed["dropoff"], changed["fare"]) == (ELSEWHERE, option["fare"])
    assert driver.event("trip_changed", trip_id=trip["id"])["trip"]["dropoff"] == ELSEWHERE
    assert rider.event("trip_changed", trip_id=trip["id"])["trip"]["destination_changes"] == 1
    assert refused(driver, "PATCH", f"/v1/trips/{trip['id']}", {"quote_id": quote["id"]}).status == 403
    stale = refused(rider, "PATCH", f"/v1/trips/{trip['id']}", {"quote_id": trip["quote_id"]})
    assert (stale.status, stale.code) == (409, "quote_of_another_trip")
    driver.do(trip["id"], "complete")
    paid = rider.event("payment_captured", trip_id=trip["id"])
    receipt = rider.call("GET", f"/v1/trips/{trip['id']}/receipt")
    assert receipt["total"] == paid["amount"] == rider.trip(trip["id"])["to_pay"]
    assert sum(line["amount"]["amount_minor"] for line in receipt["lines"]) == receipt["total"]["amount_minor"]


def test_a_rider_who_gets_out_on_the_way_pays_for_what_was_driven(people: Any) -> None:
    rider, driver, trip = under_way(people, "in_progress")
    preview = rider.call("GET", f"/v1/trips/{trip['id']}/cancel-preview")
    assert preview["code"] == "under_way" and preview["fee"]["amount_minor"] > 0
    ended = rider.call("POST", f"/v1/trips/{trip['id']}/cancel", {"reason": "here is fine"})
    assert (ended["state"], ended["ended_early"], ended["cancellation_fee"]) == ("cancelled", True, None)
    settled = rider.event("trip_settled", trip_id=trip["id"])["trip"]
    driver.event("trip_settled", trip_id=trip["id"])
    paid = rider.event("payment_captured", trip_id=trip["id"])
    assert paid["amount"] == settled["to_pay"] and paid["amount"]["amount_minor"] > 0
    assert rider.call("GET", f"/v1/trips/{trip['id']}/receipt")["total"] == paid["amount"]


def test_a_card_is_asked_before_a_driver_is(people: Any, refused: Any) -> None:
    rider = people.rider()
    order = {"quote_id": rider.quote()["id"], "category": "comfort"}
    no = refused(rider, "POST", "/v1/trips", {**order, "payment_method": "card_hold_declined"})
    assert (no.status, no.code) == (409, "payment_declined") and no.error["details"]["reason"]
    asked = refused(rider, "POST", "/v1/trips", {**order, "payment_method": "card_needs_confirmation"})
    assert (asked.status, asked.code) == (409, "payment_needs_confirmation")
    path = f"/v1/me/payment-confirmations/{asked.error['details']['confirmation_id']}"
    assert rider.call("POST", path, {"accept": True})["state"] == "confirmed"
    trip = rider.call("POST", "/v1/trips", {**order, "payment_method": "card_needs_confirmation"})
    assert rider.call("GET", path)["state"] in ("confirmed", "over")
    assert rider.call("POST", f"/v1/trips/{trip['id']}/cancel")["cancellation_fee"] is None


def test_a_promo_code_is_used_once_and_given_back_with_the_ride_that_was_not(
    people: Any, ops: App, refused: Any
) -> None:
    code = f"SUMMER-{uuid4().hex[:8].upper()}"
    made = {"code": code, "kind": "fixed", "amount": {"amount_minor": 300, "currency": "EUR"}, "uses_per_rider": 1}
    ops.call("POST", "/v1/ops/promo-codes", made)
    rider = people.rider()

    def order(**how: Any) -> dict[str, Any]:
        ends = {"pickup": PICKUP, "dropoff": DROPOFF}
        quote = rider.call("POST", "/v1/quotes", {**ends, "promo_code": code})
        option = next(option for option in quote["options"] if option["category"] == "comfort")
        assert option["promo"]["discount"]["amount_minor"] == 300
        return {"quote_id": quote["id"], "category": "comfort", **how}

    declined = refused(rider, "POST", "/v1/trips", order(payment_method="card_hold_declined"))
    assert declined.code == "payment_declined"
    trip = rider.call("POST", "/v1/trips", order(payment_method="card_ok"))
    assert (trip["promo_code"], trip["discount"]["amount_minor"]) == (code, 300)
    assert trip["to_pay"]["amount_minor"] == trip["fare"]["amount_minor"] - 300
    rider.call("POST", f"/v1/trips/{trip['id']}/cancel")
    rider.wait(lambda: _can_quote(rider, code), "the code back")
    again = rider.call("POST", "/v1/trips", order())
    assert again["promo_code"] == code
    rider.call("POST", f"/v1/trips/{again['id']}/cancel")


def _can_quote(rider: RiderApp, code: str) -> bool:
    try:
        return bool(rider.call("POST", "/v1/quotes", {"pickup": PICKUP, "dropoff": DROPOFF, "promo_code": code}))
    except Refused as refusal:
        assert refusal.code == "promo_refused"
        return False
