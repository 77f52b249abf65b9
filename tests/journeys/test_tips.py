"""A rider tips her driver, once, by a card that works."""

from __future__ import annotations

from typing import Any

from tests.support.apps import App


def test_a_rider_tips_and_all_of_it_is_her_drivers(people: Any, ops: App, refused: Any) -> None:
    rider, driver, stranger = people.rider(), people.driver(category="van"), people.rider()
    trip = rider.ask(category="van", payment_method="cash")
    path = f"/v1/trips/{trip['id']}/tip"
    driver.take(trip)
    early = refused(rider, "POST", path, {"amount_minor": 200})
    assert (early.status, early.code, early.error["details"]) == (409, "tip_refused", {"reason": "not_settled"})
    driver.drive(trip)
    rider.event("payment_captured", trip_id=trip["id"])

    assert refused(stranger, "POST", path, {"amount_minor": 200}).status == 403
    assert refused(stranger, "POST", "/v1/trips/nothing-of-this-name/tip", {"amount_minor": 200}).status == 404
    assert refused(driver, "POST", path, {"amount_minor": 200}).status == 403
    for wrong in ({}, {"amount_minor": 0}, {"amount_minor": 1.5}, {"amount_minor": 10**9}):
        no = refused(rider, "POST", path, wrong)
        assert (no.status, list(no.error["details"])) == (422, ["amount_minor"])
    no_card = refused(rider, "POST", path, {"amount_minor": 200})  # the ride was paid in cash
    assert (no_card.status, no_card.code) == (422, "unknown_payment_method")

    failed = rider.call("POST", path, {"amount_minor": 200, "payment_method": "card_declined"})
    assert (failed["state"], failed["reason"]) == ("failed", "card_declined")
    rider.event("tip_failed", trip_id=trip["id"])
    tip = rider.call("POST", path, {"amount_minor": 250, "payment_method": "card_ok"})
    assert (tip["state"], tip["amount"]["amount_minor"], tip["reason"]) == ("captured", 250, None)
    assert driver.event("tip_received", trip_id=trip["id"])["amount"] == tip["amount"]
    assert rider.event("tip_charged", trip_id=trip["id"])["amount"] == tip["amount"]
    again = refused(rider, "POST", path, {"amount_minor": 250, "payment_method": "card_ok"})
    assert (again.status, again.error["details"]) == (409, {"reason": "already_tipped"})

    receipt = rider.call("GET", f"/v1/trips/{trip['id']}/receipt")
    assert (receipt["tip"]["amount"], receipt["tip"]["state"]) == (tip["amount"], "captured")
    earned = driver.call("GET", "/v1/driver/earnings")
    assert [line["share"] for line in earned["lines"] if line["kind"] == "tip"] == [tip["amount"]]
    assert earned["totals"]["tips"] == tip["amount"]
    assert rider.call("GET", "/v1/me/debts")["items"] == []

    why = {"reason": "The rider tapped one nought too many.", "of_tip": True, "from_driver": True}
    refund = ops.call("POST", f"/v1/ops/trips/{trip['id']}/refunds", {**why, "amount_minor": 200})
    assert (refund["state"], refund["kind"], refund["from_driver"]["amount_minor"]) == ("done", "tip", 200)
