"""Not every offer is taken and not every ride is driven: the next driver, and the end before the beginning."""

from __future__ import annotations

from typing import Any

from tests.support.apps import PICKUP


def test_a_declined_trip_goes_to_the_next_driver_and_never_back(people: Any, refused: Any) -> None:
    rider = people.rider()
    first = people.driver(category="van", point={"lat": 60.1701, "lng": 24.9421})
    trip = rider.ask(category="van")
    offer = first.event("offer_made", trip_id=trip["id"])
    assert first.call("POST", f"/v1/offers/{offer['offer_id']}/decline")["offer"]["state"] == "declined"
    assert refused(first, "POST", f"/v1/offers/{offer['offer_id']}/accept").code == "offer_gone"

    second = people.driver(category="van", point={"lat": 60.1725, "lng": 24.9440})
    offer = second.event("offer_made", trip_id=trip["id"])
    assert refused(first, "POST", f"/v1/offers/{offer['offer_id']}/accept").status == 403
    second.call("POST", f"/v1/offers/{offer['offer_id']}/accept")
    rider.event("trip_assigned", trip_id=trip["id"])
    assert len([event for event in first.events if event["event"] == "offer_made"]) == 1
    rider.call("POST", f"/v1/trips/{trip['id']}/cancel", {"reason": "changed my mind"})
    assert second.event("trip_cancelled", trip_id=trip["id"])["trip"]["cancelled_by"] == "rider"


def test_a_drivers_cancel_brings_the_next_driver(people: Any) -> None:
    rider, first = people.rider(), people.driver(category="van", point=PICKUP)
    trip = rider.ask(category="van")
    first.take(trip)
    assert first.call("POST", f"/v1/trips/{trip['id']}/cancel", {"reason": "flat tyre"})["state"] == "requested"
    assert rider.event("driver_cancelled", trip_id=trip["id"])["reason"] == "flat tyre"
    told = first.event("trip_returned", trip_id=trip["id"])
    assert (told["reason"], told["trip"]["driver_id"], told["trip"]["pin"]) == ("flat tyre", None, None)
    second = people.driver(category="van", point={"lat": 60.1725, "lng": 24.9440})
    second.take(trip)
    rider.wait(lambda: rider.trip(trip["id"])["driver_id"] == second.id, "the second driver")
    assert len([event for event in first.events if event["event"] == "offer_made"]) == 1
    rider.call("POST", f"/v1/trips/{trip['id']}/cancel")


def test_a_driver_who_goes_offline_loses_the_offer_that_he_left_open(people: Any, refused: Any) -> None:
    rider, driver = people.rider(), people.driver(category="van")
    trip = rider.ask(category="van")
    offer = driver.event("offer_made", trip_id=trip["id"])
    driver.call("PUT", "/v1/driver/availability", {"online": False})
    assert driver.event("offer_withdrawn", trip_id=trip["id"])["reason"] == "driver_offline"
    assert refused(driver, "POST", f"/v1/offers/{offer['offer_id']}/accept").code == "offer_gone"
    rider.call("POST", f"/v1/trips/{trip['id']}/cancel")


def test_a_driver_whose_rider_cancels_has_the_next_offer_soon(people: Any) -> None:
    rider, driver = people.rider(), people.driver(category="van")
    driver.patience_s = 8  # a batch window or two
    for _ in range(2):
        trip = rider.ask(category="van")
        driver.take(trip)
        driver.do(trip["id"], "arrive")
        rider.call("POST", f"/v1/trips/{trip['id']}/cancel")
    trip = rider.ask(category="van")
    driver.event("offer_made", trip_id=trip["id"])
    rider.call("POST", f"/v1/trips/{trip['id']}/cancel")


def test_a_rider_cancels_before_anybody_was_found(people: Any, refused: Any) -> None:
    rider = people.rider()
    trip = rider.ask(category="comfort")
    assert refused(rider, "POST", "/v1/trips", {"quote_id": rider.quote()["id"], "category": "van"}).code == (
        "active_trip_exists"
    )
    cancelled = rider.call("POST", f"/v1/trips/{trip['id']}/cancel", {"reason": "walking"})
    assert (cancelled["state"], cancelled["cancelled_by"]) == ("cancelled", "rider")
    assert rider.call("POST", f"/v1/trips/{trip['id']}/cancel")["version"] == cancelled["version"]
    rider.event("trip_cancelled", trip_id=trip["id"])
    again = rider.ask(category="comfort")
    rider.call("POST", f"/v1/trips/{again['id']}/cancel")


def test_an_offer_is_withdrawn_when_its_trip_is_cancelled(people: Any, refused: Any) -> None:
    rider, driver = people.rider(), people.driver(category="van")
    trip = rider.ask(category="van")
    offer = driver.event("offer_made", trip_id=trip["id"])
    rider.call("POST", f"/v1/trips/{trip['id']}/cancel")
    assert driver.event("offer_withdrawn", trip_id=trip["id"])["offer_id"] == offer["offer_id"]
    late = refused(driver, "POST", f"/v1/offers/{offer['offer_id']}/accept")
    assert (late.status, late.code) == (409, "offer_gone")
