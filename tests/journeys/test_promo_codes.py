"""A ride with a promo code: the fare stays whole, the rider pays less, the driver earns as ever, the code is used."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.support.apps import DROPOFF, PICKUP, App

ELSEWHERE = {"lat": 60.1731, "lng": 24.9391}


def test_a_code_is_taken_off_a_ride_that_goes_elsewhere_and_cannot_be_used_again(
    people: Any, ops: App, refused: Any
) -> None:
    made = {"code": f"half-{uuid4().hex[:8]}", "kind": "percent", "percent": 50, "uses_max": 5, "note": "A leaflet"}
    code = ops.call("POST", "/v1/ops/promo-codes", made)["code"]
    rider, driver = people.rider(), people.driver(category="van")
    ask = {"pickup": PICKUP, "dropoff": DROPOFF, "promo_code": made["code"]}
    quote = rider.call("POST", "/v1/quotes", ask)
    order = {"quote_id": quote["id"], "category": "van", "payment_method": "card_ok"}
    trip = rider.call("POST", "/v1/trips", order)
    offer = driver.event("offer_made", trip_id=trip["id"])
    assert offer["fare"] == trip["fare"], "what the platform gives is nothing that a driver need know"
    driver.call("POST", f"/v1/offers/{offer['offer_id']}/accept")
    driver.do(trip["id"], "arrive")
    driver.do(trip["id"], "start", {"pin": trip["pin"]})
    change = rider.call("POST", f"/v1/trips/{trip['id']}/destination-quotes", {"dropoff": ELSEWHERE})
    assert change["options"][0]["promo"]["code"] == code
    assert refused(rider, "POST", "/v1/trips", {**order, "quote_id": change["id"]}).status == 409
    rider.call("PATCH", f"/v1/trips/{trip['id']}", {"quote_id": change["id"]})
    driver.do(trip["id"], "complete")

    paid = rider.event("payment_captured", trip_id=trip["id"])
    ride, receipt = rider.trip(trip["id"]), rider.call("GET", f"/v1/trips/{trip['id']}/receipt")
    fare, discount = ride["fare"]["amount_minor"], ride["discount"]["amount_minor"]
    assert (ride["fare_reason"], ride["promo_code"], discount) == ("destination_changed", code, (fare + 1) // 2)
    assert paid["amount"] == receipt["total"] == ride["to_pay"]
    lines = {line["code"]: line["amount"]["amount_minor"] for line in receipt["lines"]}
    assert (lines["quoted_fare"], lines["promo"]) == (trip["fare"]["amount_minor"], -discount)
    assert sum(lines.values()) == fare - discount == receipt["total"]["amount_minor"]
    (line,) = driver.call("GET", "/v1/driver/earnings")["lines"]
    assert line["fare"]["amount_minor"] == fare

    seen = ops.call("GET", "/v1/ops/promo-codes")["items"]
    assert [item["uses"] for item in seen if item["code"] == code] == [1]
    again = refused(rider, "POST", "/v1/quotes", ask)
    assert (again.code, again.error["details"]["reason"]) == ("promo_refused", "used_by_you")
    ops.call("POST", f"/v1/ops/promo-codes/{code}/disable")
    other = refused(people.rider(), "POST", "/v1/quotes", ask)
    assert (other.status, other.error["details"]["reason"]) == (409, "disabled")
