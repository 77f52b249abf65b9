"""A driver loses the network just before his offer: the rider gets the one who comes around the corner meanwhile."""

from __future__ import annotations

from typing import Any

from tests.support.apps import PICKUP, RiderApp

ACROSS_TOWN = {"lat": 60.1657, "lng": 24.9515}


def offers_of(ops: Any, trip_id: str) -> dict[str, dict[str, Any]]:
    """Driver → what was offered to him, as operators see it."""
    items = ops.call("GET", f"/v1/ops/trips/{trip_id}/decisions")["items"]
    return {item["driver_id"]: item for item in items if item["offer_id"] is not None}


def sees_vans(rider: RiderApp) -> bool:
    return any(
        option["category"] == "van" and option["pickup_eta_s"] is not None for option in rider.quote()["options"]
    )


def test_an_offer_that_nobody_saw_goes_to_the_driver_around_the_corner(people: Any, ops: Any) -> None:
    rider, lost = people.rider(), people.driver(category="van", point=ACROSS_TOWN)
    rider.wait(lambda: sees_vans(rider), "the van on the map")
    lost.close()
    trip = rider.ask(category="van")
    rider.wait(lambda: lost.id in offers_of(ops, trip["id"]), "the offer into the void")

    near = people.driver(category="van", point=PICKUP)
    near.take(trip)
    assert rider.event("trip_assigned", trip_id=trip["id"])["trip"]["driver_id"] == near.id

    def told() -> bool:
        answers = {driver_id: offer["answer"] for driver_id, offer in offers_of(ops, trip["id"]).items()}
        return answers == {lost.id: "withdrawn", near.id: "accepted"}

    rider.wait(told, "what became of both offers")
    rider.call("POST", f"/v1/trips/{trip['id']}/cancel")
