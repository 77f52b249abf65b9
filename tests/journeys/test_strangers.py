"""Nobody but its parties sees a trip, and nobody learns more of another than he needs."""

from __future__ import annotations

import json
from typing import Any

from tests.support.waiting import eventually


def test_a_strangers_trip_is_closed_to_others(people: Any, refused: Any) -> None:
    rider, stranger = people.rider(), people.rider()
    driver = people.driver(category="comfort", point={"lat": 60.1770, "lng": 24.9500})
    trip = rider.ask(category="van")
    for app in (stranger, driver):
        assert refused(app, "GET", f"/v1/trips/{trip['id']}").status == 403
        assert refused(app, "POST", f"/v1/trips/{trip['id']}/cancel").status == 403
        assert refused(app, "GET", f"/v1/trips/{trip['id']}/trace").status == 403
        assert refused(app, "POST", f"/v1/trips/{trip['id']}/rating", {"stars": 1}).status == 403
    for verb, body in (("arrive", None), ("start", {"pin": trip["pin"]}), ("complete", None)):
        assert refused(driver, "POST", f"/v1/trips/{trip['id']}/{verb}", body).status == 403
    other = refused(stranger, "POST", "/v1/trips", {"quote_id": trip["quote_id"], "category": "van"})
    assert (other.status, other.code) == (403, "not_your_quote")
    assert stranger.call("GET", "/v1/me/trips")["items"] == []
    assert rider.trip(trip["id"])["state"] == "requested", "nothing has changed"
    rider.call("POST", f"/v1/trips/{trip['id']}/cancel")


def test_cars_near_are_anonymous(people: Any) -> None:
    rider, driver = people.rider(), people.driver(category="comfort")
    path = f"/v1/drivers/nearby?lat={driver.point['lat']}&lng={driver.point['lng']}"
    cars = eventually(lambda: rider.call("GET", path)["items"], within_s=10)
    assert all(car.keys() == {"point", "bearing_deg", "category", "pickup_eta_s"} for car in cars)
    rider.send("watch_nearby", driver.point, "w")
    rider.wait(lambda: [move for move in rider.moves if move["event"] == "nearby_drivers"], "cars near")
    assert driver.id not in json.dumps(rider.moves)
