"""An operator watches a city: a ride from its request to its end on the live map, and in the figures."""

from __future__ import annotations

from typing import Any

from tests.support.apps import App
from tests.support.waiting import eventually


def latest(ops: App) -> dict[str, Any]:
    """The newest state of the city; those before are forgotten."""
    seen = [move for move in ops.moves if move["event"] == "city_state"]
    del ops.moves[:-1]
    return seen[-1] if seen else {"drivers": [], "waiting": []}


def shown(ops: App, driver_id: str) -> str | None:
    return next((row[4] for row in latest(ops)["drivers"] if row[0] == driver_id), None)


def sees(ops: App, driver_id: str, state: str | None) -> None:
    ops.wait(lambda: shown(ops, driver_id) == state, f"{driver_id} to be {state}, not {shown(ops, driver_id)}")


def test_a_ride_is_seen_on_the_live_map_and_counted(people: Any, ops: App) -> None:
    ops.connect()
    try:
        before = ops.call("GET", "/v1/ops/figures?minutes=5")["today"]
        ops.send("watch_city", {"city": "helsinki"}, "watch")
        ops.wait(lambda: ops.results.get("watch"), "the answer")
        assert ops.results["watch"]["success"]
        rider, driver = people.rider(), people.driver(category="van")
        sees(ops, driver.id, "free")
        trip = rider.ask(category="van")
        offer = driver.event("offer_made", trip_id=trip["id"])
        ops.wait(lambda: trip["id"] in {row[0] for row in latest(ops)["waiting"]}, "the rider who waits")
        sees(ops, driver.id, "held")
        driver.call("POST", f"/v1/offers/{offer['offer_id']}/accept")
        sees(ops, driver.id, "to_pickup")
        assert trip["id"] not in {row[0] for row in latest(ops)["waiting"]}
        driver.do(trip["id"], "arrive")
        sees(ops, driver.id, "at_pickup")
        driver.do(trip["id"], "start", {"pin": rider.trip(trip["id"])["pin"]})
        sees(ops, driver.id, "riding")
        driver.do(trip["id"], "complete")
        sees(ops, driver.id, "free")
        driver.call("PUT", "/v1/driver/availability", {"online": False})
        sees(ops, driver.id, None)
        rider.event("payment_captured", trip_id=trip["id"])
        ops.send("unwatch_city", {}, "unwatch")
        ops.wait(lambda: ops.results.get("unwatch"), "the answer")

        def counted() -> dict[str, Any]:
            figures = ops.call("GET", "/v1/ops/figures?minutes=5")
            for name in ("requests", "assigned", "completed", "charged_minor"):
                assert figures["today"][name] > before[name], name
            assert any(figures["series"]["positions_per_s"]), "positions are collected every ten seconds"
            return figures

        figures = eventually(counted, within_s=30)
        assert (figures["city"], figures["interval_s"], len(figures["at"])) == ("helsinki", 60, 5)
        assert all(len(line) == 5 for line in figures["series"].values())
        assert figures["today"]["currency"] == "EUR"
        assert figures["today"]["wait_p90_s"] >= figures["today"]["wait_p50_s"] >= 0
    finally:
        ops.close()


def test_figures_are_for_operators_and_of_cities_that_are_here(people: Any, ops: App, refused: Any) -> None:
    assert refused(people.rider(), "GET", "/v1/ops/figures").code == "wrong_role"
    for query, field in (("minutes=0", "minutes"), ("minutes=1441", "minutes"), ("city=atlantis", "city")):
        wrong = refused(ops, "GET", f"/v1/ops/figures?{query}")
        assert (wrong.status, [*wrong.error["details"]]) == (422, [field])
