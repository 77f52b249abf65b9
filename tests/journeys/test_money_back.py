"""A rider whose card was refused pays before he rides again, and an operator gives money back."""

from __future__ import annotations

from typing import Any

from tests.support.apps import App


def test_who_owes_pays_before_the_next_ride_and_is_given_back_what_was_too_much(
    people: Any, ops: App, refused: Any
) -> None:
    rider, driver = people.rider(), people.driver(category="van")

    def ride(**how: Any) -> dict[str, Any]:
        trip = rider.ask(category="van", **how)
        driver.take(trip)
        driver.drive(trip)
        return trip

    def found(payment: str) -> list[str]:
        query = f"payment={payment}&rider_id={rider.id}&city=helsinki"
        return [trip["id"] for trip in ops.call("GET", f"/v1/ops/trips?{query}")["items"]]

    unpaid = ride(payment_method="card_declined")
    owed = rider.event("payment_failed", trip_id=unpaid["id"])["amount"]
    quote = rider.quote()
    no = refused(rider, "POST", "/v1/trips", {"quote_id": quote["id"], "category": "van"})
    assert (no.status, no.code, no.error["details"]["debts"]) == (409, "debt_open", [owed])
    assert (found("owed"), found("paid_late")) == ([unpaid["id"]], [])
    again = rider.call("POST", "/v1/me/debts/settle", {"payment_method": "card_insufficient_funds"})
    assert (again["reason"], again["paid"], again["totals"]) == ("insufficient_funds", [], [owed])
    settled = rider.call("POST", "/v1/me/debts/settle", {"payment_method": "card_ok"})
    assert ([each["trip_id"] for each in settled["paid"]], settled["totals"]) == ([unpaid["id"]], [])
    rider.event("debt_settled", trip_id=unpaid["id"])
    assert rider.call("GET", f"/v1/trips/{unpaid['id']}/receipt")["state"] == "paid"

    assert (found("owed"), found("paid_late")) == ([], [unpaid["id"]])

    paid = ride(payment_method="card_ok")
    rider.event("payment_captured", trip_id=paid["id"])
    path = f"/v1/ops/trips/{paid['id']}/refunds"
    why = {"reason": "The driver took a long way round.", "from_driver": True}
    refund = ops.call("POST", path, {**why, "amount_minor": 300})
    assert (refund["state"], refund["amount"]["amount_minor"]) == ("done", 300)
    assert found("refunded") == [paid["id"]]
    assert refused(ops, "GET", "/v1/ops/trips?payment=stolen").status == 422
    told = rider.event("payment_refunded", trip_id=paid["id"])
    assert (told["amount"]["amount_minor"], told["reason"]) == (300, why["reason"])
    borne = driver.event("payment_refunded", trip_id=paid["id"])["amount"]["amount_minor"]
    assert 0 < borne < 300
    receipt = rider.call("GET", f"/v1/trips/{paid['id']}/receipt")
    assert (receipt["refunded"]["amount_minor"], receipt["refunds"][0]["credit_note_number"]) == (
        300,
        refund["credit_note_number"],
    )
    too_much = refused(ops, "POST", path, {**why, "amount_minor": receipt["total"]["amount_minor"]})
    assert (too_much.status, too_much.code) == (409, "refund_too_large")
    assert refused(ops, "POST", path, {"amount_minor": 1.5, "reason": "x"}).status == 422
    assert refused(rider, "POST", path, why).status == 403
    lines = driver.call("GET", "/v1/driver/earnings")["lines"]
    assert [line["amount"]["amount_minor"] for line in lines if line["refund_id"]] == [-borne]
