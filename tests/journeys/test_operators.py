"""Operators see everything that runs, decide who drives, and can ask why a driver was chosen."""

from __future__ import annotations

import json
from typing import Any

from tests.support.apps import App
from tests.support.waiting import eventually


def test_an_operator_follows_a_trip_and_its_decisions(people: Any, ops: App) -> None:
    rider, driver = people.rider(), people.driver(category="van")
    trip = rider.ask(category="van")
    offer = driver.take(trip)
    seen = ops.call("GET", f"/v1/trips/{trip['id']}")
    assert (seen["driver_id"], seen["pin"]) == (driver.id, None)
    assert seen["rider"] == {"id": rider.id, "name": rider.call("GET", "/v1/me")["name"]}
    assert "rider" not in driver.call("GET", f"/v1/trips/{trip['id']}"), "operators only"
    listed = ops.call("GET", f"/v1/ops/trips?state=assigned&rider_id={rider.id}")["items"]
    assert [each["id"] for each in listed] == [trip["id"]]

    def decided() -> Any:
        items = ops.call("GET", f"/v1/ops/trips/{trip['id']}/decisions")["items"]
        return next((item for item in items if item["offer_id"] == offer["offer_id"] and item["answer"]), None)

    record = eventually(decided, within_s=15)
    assert (record["answer"], record["driver_name"]) == ("accepted", driver.call("GET", "/v1/me")["name"])
    assert ops.call("GET", f"/v1/trips/{trip['id']}/trace")["coarsened"] is False
    rider.call("GET", f"/v1/trips/{trip['id']}/trace")
    readings = ops.call("GET", f"/v1/ops/trace-readings?trip_id={trip['id']}")["items"]
    assert [each["ops_user_id"] for each in readings] == [ops.call("GET", "/v1/me")["id"]], "the operator's only"
    assert ops.call("POST", f"/v1/trips/{trip['id']}/cancel", {"reason": "asked by phone"})["cancelled_by"] == "ops"
    me = ops.call("GET", "/v1/me")
    told = ops.call("GET", f"/v1/ops/trips/{trip['id']}/timeline")["items"]
    [cancelled] = [item for item in told if item["code"] == "cancelled"]
    assert cancelled["who"] == {"role": "ops", "id": me["id"], "name": "Olli"}
    assert cancelled["words"] == "Olli cancelled the trip (asked by phone)."
    seen = (f"trips/{trip['id']}", "me/trips")
    for party in (rider, driver):
        heard = party.event("trip_cancelled", trip_id=trip["id"])
        assert me["id"] not in json.dumps([heard, *(party.call("GET", f"/v1/{path}") for path in seen)])


def test_an_operator_suspends_and_approves_a_driver(people: Any, ops: App, refused: Any) -> None:
    driver = people.driver(category="comfort")
    assert ops.call("GET", f"/v1/ops/drivers/{driver.id}/payouts") == {"items": [], "next_cursor": None}
    earned = ops.call("GET", f"/v1/ops/drivers/{driver.id}/earnings")
    assert (earned["totals"]["rides"], earned["lines"]) == (0, [])
    assert refused(ops, "GET", "/v1/ops/drivers/nobody/payouts").code == "unknown_driver"
    assert refused(driver, "GET", f"/v1/ops/drivers/{driver.id}/earnings").code == "wrong_role"
    suspended = ops.call("POST", f"/v1/ops/drivers/{driver.id}/suspend", {"reason": "papers"})
    assert (suspended["approval"], suspended["online"]) == ("suspended", False)
    again = refused(driver, "PUT", "/v1/driver/availability", {"online": True})
    assert (again.status, again.code) == (409, "driver_not_approved")
    assert driver.id in [
        each["id"] for each in ops.call("GET", "/v1/ops/drivers?approval=suspended&limit=100")["items"]
    ]
    assert ops.call("POST", f"/v1/ops/drivers/{driver.id}/approve")["approval"] == "approved"
    assert driver.call("PUT", "/v1/driver/availability", {"online": True})["online"] is True
    assert refused(ops, "POST", "/v1/ops/drivers/nobody/approve").status == 404


def test_live_figures_and_the_map_of_demand(people: Any, ops: App) -> None:
    people.driver(category="comfort")
    overview = ops.call("GET", "/v1/ops/overview")
    assert overview["missing"] == []
    assert overview["drivers"]["online"] >= 1
    demand = eventually(lambda: _with_free_cars(ops.call("GET", "/v1/ops/demand")), within_s=10)
    assert demand["type"] == "FeatureCollection"
    for feature in demand["features"]:
        ring = feature["geometry"]["coordinates"][0]
        assert ring[0] == ring[-1]
        assert {"requests", "unmet", "free", "busy", "forecast", "surge"} <= feature["properties"].keys()


def _with_free_cars(demand: dict[str, Any]) -> dict[str, Any] | None:
    return demand if any(feature["properties"]["free"] for feature in demand["features"]) else None


def test_an_operator_sees_how_promises_were_kept(ops: App, refused: Any) -> None:
    errors = ops.call("GET", "/v1/ops/eta")
    assert errors["city"] == "helsinki"
    for part in (errors, *errors["items"]):
        assert {"trips", "mean_abs_error_s", "p90_abs_error_s", "uncorrected"} <= part["pickup"].keys()
    by_hour = ops.call("GET", "/v1/ops/eta?by=hour")["items"]
    assert [line["hour"] for line in by_hour] == sorted({line["hour"] for line in by_hour})
    assert all("segment" not in line for line in by_hour)
    for query, field in (
        ("by=street", "by"),
        ("by=segment&since=2020-01-01", "since"),
        ("limit=0", "limit"),
        ("city=atlantis", "city"),
    ):
        wrong = refused(ops, "GET", f"/v1/ops/eta?{query}")
        assert (wrong.status, [*wrong.error["details"]]) == (422, [field])
