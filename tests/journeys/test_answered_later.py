"""A provider that answers later: the ride is over, the charge is pending, and the provider's message brings the end."""

from __future__ import annotations

from typing import Any


def test_a_charge_that_the_provider_tells_of_later_twice_is_captured_once(people: Any) -> None:
    rider, driver = people.rider(), people.driver(category="van")
    trip = rider.ask(category="van", payment_method="card_webhook_twice")
    driver.take(trip)
    driver.drive(trip)

    captured = rider.event("payment_captured", trip_id=trip["id"])

    receipt = rider.call("GET", f"/v1/trips/{trip['id']}/receipt")
    assert (receipt["state"], receipt["total"]) == ("paid", captured["amount"])
    assert [event["event"] for event in rider.events].count("payment_captured") == 1
    assert rider.call("GET", "/v1/me/debts")["items"] == []
