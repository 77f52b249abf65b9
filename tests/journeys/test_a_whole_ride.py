"""A rider asks, a driver comes, drives and is paid, both rate; each hears everything once and in order."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import requests

from tests.support.waiting import eventually


def test_from_quote_to_receipt(people: Any, refused: Any) -> None:
    rider, driver = people.rider(), people.driver()
    quote = rider.quote()
    assert {option["category"] for option in quote["options"]} >= {"standard", "comfort", "van"}
    assert all(option["fare"]["currency"] == "EUR" and option["breakdown"] for option in quote["options"])
    assert len(quote["route"]) > 1

    asked_at = time.monotonic()
    trip = rider.call("POST", "/v1/trips", {"quote_id": quote["id"], "category": "standard"})
    assert (trip["state"], trip["driver_id"], trip["driver"]) == ("requested", None, None)
    offer = driver.event("offer_made", trip_id=trip["id"])
    assert time.monotonic() - asked_at < 10
    assert offer["fare"] == trip["fare"]
    accepted = driver.call("POST", f"/v1/offers/{offer['offer_id']}/accept")
    assert accepted["trip"]["state"] == "assigned"
    assert accepted["trip"]["pin"] is None, "the PIN is the rider's to tell"

    seen = rider.trip(trip["id"])
    assert seen["driver"]["id"] == driver.id
    assert seen["driver"]["vehicle"]["model"] == "Corolla"
    assert seen["driver"].keys().isdisjoint({"email", "phone"})
    driver.point = {"lat": 60.1702, "lng": 24.9422}
    rider.wait(lambda: [move for move in rider.moves if move["event"] == "driver_moved"], "the car to move")

    assert refused(driver, "POST", f"/v1/trips/{trip['id']}/start", {"pin": trip["pin"]}).code == "illegal_transition"
    assert driver.do(trip["id"], "arrive")["state"] == "arrived"
    wrong = "0000" if trip["pin"] != "0000" else "1111"
    assert refused(driver, "POST", f"/v1/trips/{trip['id']}/start", {"pin": wrong}).code == "wrong_pin"
    assert driver.do(trip["id"], "start", {"pin": trip["pin"]})["state"] == "in_progress"
    for step in range(4):
        driver.point = {"lat": 60.1702 + step * 0.0002, "lng": 24.9422}
        rider.wait(lambda: _is_seen_at(rider, driver.point), "the car to be where it is")
    done = driver.do(trip["id"], "complete")
    assert done["state"] == "completed"
    assert driver.do(trip["id"], "complete")["version"] == done["version"], "once more changes nothing"

    rider.event("payment_captured", trip_id=trip["id"])
    assert [event["event"] for event in rider.events] == [
        "trip_assigned",
        "driver_arrived",
        "trip_started",
        "trip_completed",
        "trip_settled",
        "payment_captured",
    ]
    driver.event("trip_settled", trip_id=trip["id"])
    assert [event["event"] for event in driver.events] == [
        "offer_made",
        "trip_assigned",
        "driver_arrived",
        "trip_started",
        "trip_completed",
        "trip_settled",
    ]
    assert (rider.gaps, driver.gaps) == ([], [])
    _check_afterwards(rider, driver, trip["id"], refused)


def _is_seen_at(rider: Any, point: dict[str, float]) -> bool:
    """Whether the last that the rider saw of his car is this place, to a metre."""
    seen = [move["point"] for move in rider.moves if move["event"] == "driver_moved"]
    return bool(seen) and all(abs(seen[-1][name] - degrees) < 1e-5 for name, degrees in point.items())


def _check_afterwards(rider: Any, driver: Any, trip_id: str, refused: Any) -> None:
    receipt = rider.call("GET", f"/v1/trips/{trip_id}/receipt")
    assert sum(line["amount"]["amount_minor"] for line in receipt["lines"]) == receipt["total"]["amount_minor"]
    headers = {"Authorization": f"Bearer {rider.token}"}
    for accept, begins in (("text/html", b"<!doctype html>"), ("application/pdf", b"%PDF")):
        document = requests.get(
            f"{rider.url}/v1/trips/{trip_id}/receipt", headers={**headers, "Accept": accept}, timeout=30
        )
        assert document.headers["Content-Type"].startswith(accept)
        assert document.content.lower().startswith(begins.lower())
    trace = rider.call("GET", f"/v1/trips/{trip_id}/trace")
    assert trace["points"]
    assert trace["points"] == sorted(trace["points"], key=lambda point: point["at"])

    assert rider.call("POST", f"/v1/trips/{trip_id}/rating", {"stars": 4, "comment": "Kiitos!"})["stars"] == 4
    assert driver.call("POST", f"/v1/trips/{trip_id}/rating", {"stars": 5})["stars"] == 5
    assert refused(rider, "POST", f"/v1/trips/{trip_id}/rating", {"stars": 1}).code == "already_rated"
    eventually(lambda: driver.call("GET", "/v1/me")["rating"] == 4.0, within_s=10)
    eventually(lambda: rider.call("GET", "/v1/me")["rating"] == 5.0, within_s=10)

    for app in (rider, driver):
        assert [trip["id"] for trip in app.call("GET", "/v1/me/trips")["items"]] == [trip_id]
    earnings = driver.call("GET", "/v1/driver/earnings")
    assert [line["trip_id"] for line in earnings["lines"]] == [trip_id]
    day = datetime.fromisoformat(earnings["lines"][0]["earned_at"]).astimezone(ZoneInfo("Europe/Helsinki")).date()
    of_day = driver.call("GET", f"/v1/driver/earnings?from={day}&to={day}")
    assert of_day["totals"] == earnings["totals"], "a day counts whole, by the city's calendar"
    assert driver.call("GET", "/v1/driver/payouts")["items"] == []
