"""An operator reads what happened to a ride, from its quote to the money that was given back."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from services.gateway import ops_replies, timeline_replies
from tests.support.apps import App
from tests.support.waiting import eventually


def test_a_ride_is_told_from_its_quote_to_the_money_given_back(people: Any, ops: App, refused: Any) -> None:
    rider, first, second = people.rider(), people.driver(category="van"), people.driver(category="van")
    trip = rider.ask(category="van", payment_method="card_ok")
    drivers = {first.id: first, second.id: second}
    asked = rider.wait(lambda: _asked(drivers.values(), trip["id"]), "an offer")
    asked.call("POST", f"/v1/offers/{asked.event('offer_made', trip_id=trip['id'])['offer_id']}/decline")
    other = next(driver for driver in drivers.values() if driver is not asked)
    other.take(trip)
    other.drive(trip)
    rider.event("payment_captured", trip_id=trip["id"])
    rider.call("POST", f"/v1/trips/{trip['id']}/rating", {"stars": 4, "comment": "Hyvä kyyti"})
    ops.call("POST", f"/v1/ops/trips/{trip['id']}/refunds", {"amount_minor": 100, "reason": "a long way round"})

    path = f"/v1/ops/trips/{trip['id']}/timeline"
    told = eventually(lambda: _with_both_batches(ops.call("GET", path)), within_s=20)
    assert timeline_replies.Timeline().validate(told) == {}
    assert (told["trip_id"], told["missing"]) == (trip["id"], [])
    items = told["items"]
    assert [item["at"] for item in items] == sorted(item["at"] for item in items)
    codes = [item["code"] for item in items]
    story = ["quoted", "hold_granted", "requested", "looked", "offer_made", "offer_declined", "looked", "offer_made"]
    story += ["offer_accepted", "assigned", "arrived", "started", "completed", "settled", "charged", "refund_asked"]
    assert _in_order(story, codes), codes
    assert {"receipt_issued", "hold_taken", "rated", "refunded", "credit_note_issued"} <= set(codes)

    by_code = {item["code"]: item for item in items}
    assert by_code["requested"]["who"] == {"role": "rider", "id": rider.id, "name": "Kaisa Virtanen"}
    assert by_code["offer_declined"]["who"]["id"] == asked.id
    assert by_code["assigned"]["who"]["id"] == other.id
    assert by_code["refund_asked"]["who"] == {"role": "ops", "id": ops.call("GET", "/v1/me")["id"], "name": "Olli"}
    assert by_code["rated"]["values"] == {"of": "driver", "stars": 4, "comment": "Hyvä kyyti"}
    assert by_code["refunded"]["values"]["amount"] == {"amount_minor": 100, "currency": "EUR"}
    assert by_code["requested"]["words"] == "Kaisa Virtanen asked for a van ride."
    assert refused(rider, "GET", path).status == 403
    assert refused(ops, "GET", "/v1/ops/trips/nothing/timeline").code == "unknown_trip"

    listed = ops.call("GET", f"/v1/ops/trips?rider_id={rider.id}")
    assert ops_replies.ListedTrips().validate(listed) == {}
    assert [(each["rider"]["name"], each["driver"]["name"]) for each in listed["items"]] == [
        ("Kaisa Virtanen", "Kaisa Virtanen")
    ]


def _asked(drivers: Any, trip_id: str) -> Any:
    offered = [driver for driver in drivers if any(driver.is_about(event, trip_id) for event in driver.events)]
    return offered[0] if offered else None


def _with_both_batches(told: dict[str, Any]) -> dict[str, Any] | None:
    """Batches are recorded a moment after they were made."""
    offering = [item for item in told["items"] if item["code"] == "looked" and item["values"]["offered"]]
    return told if len(offering) > 1 else None


def _in_order(wanted: list[str], found: list[str]) -> bool:
    rest = iter(found)
    return all(code in rest for code in wanted)


def test_a_trip_is_found_by_its_people_its_id_and_its_city(people: Any, ops: App, refused: Any) -> None:
    surname = f"Xy{uuid4().hex[:10]}"
    rider = people.rider()
    rider.call("PATCH", "/v1/me", {"name": f"Aino-Maija {surname}"})
    trip = rider.ask(category="van")

    def found(query: str) -> list[str]:
        return [each["id"] for each in ops.call("GET", f"/v1/ops/trips?{query}")["items"]]

    assert found(f"q={surname[:8].lower()}") == [trip["id"]], "by the beginning of any word of a name"
    assert found(f"q=aino%20{surname}") == [trip["id"]]
    assert found(f"q={rider.email[:-4]}") == [trip["id"]]
    assert found(f"q={trip['id'][:14]}") == [trip["id"]]
    assert found(f"q={trip['id'][:14]}&city=helsinki&state=requested") == [trip["id"]]
    assert found(f"q={trip['id'][:14]}&city=turku") == []
    assert found(f"q={surname}nobody") == []
    assert found("q=%27%20%7C%20%21%20%3A%2A") == [], "nothing in it means something to the database"
    assert refused(ops, "GET", f"/v1/ops/trips?q={'x' * 101}").status == 422
    rider.call("POST", f"/v1/trips/{trip['id']}/cancel", {})
