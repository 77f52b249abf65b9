"""Two things at the same moment have one effect, and everybody is told the same."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import eventlet

from tests.support.apps import Refused


def at_once(*calls: Any) -> list[Any]:
    """What each call gave or was refused with, all begun together."""

    def outcome(call: Any) -> Any:
        try:
            return call()
        except Refused as refused:
            return refused

    return [greenlet.wait() for greenlet in [eventlet.spawn(outcome, call) for call in calls]]


def test_a_double_tapped_request_is_one_trip(people: Any) -> None:
    rider, key = people.rider(), uuid4().hex
    body = {"quote_id": rider.quote()["id"], "category": "comfort"}
    trips = at_once(*[lambda: rider.call("POST", "/v1/trips", body, key=key)] * 6)
    assert len({trip["id"] for trip in trips}) == 1
    others = at_once(*[lambda: rider.call("POST", "/v1/trips", body)] * 6)
    assert {refused.code for refused in others} == {"active_trip_exists"}
    rider.call("POST", f"/v1/trips/{trips[0]['id']}/cancel")


def test_cancel_and_accept_at_the_same_moment_agree(people: Any) -> None:
    rider, driver = people.rider(), people.driver(category="van")
    for _ in range(8):
        trip = rider.ask(category="van")
        offer = driver.event("offer_made", trip_id=trip["id"])
        cancelled, accepted = at_once(
            lambda trip=trip: rider.call("POST", f"/v1/trips/{trip['id']}/cancel"),
            lambda offer=offer: driver.call("POST", f"/v1/offers/{offer['offer_id']}/accept"),
        )
        assert cancelled["state"] == "cancelled", "a rider may cancel before and after"
        after = rider.trip(trip["id"])
        assert after["state"] == "cancelled"
        if isinstance(accepted, Refused):
            assert accepted.code == "offer_gone"
            assert after["driver_id"] is None
            driver.event("offer_withdrawn", trip_id=trip["id"])
        else:
            driver.event("trip_cancelled", trip_id=trip["id"])
        rider.event("trip_cancelled", trip_id=trip["id"])


def test_a_repeated_accept_and_complete_have_one_effect_and_one_charge(people: Any) -> None:
    rider, driver = people.rider(), people.driver(category="van")
    trip = rider.ask(category="van")
    offer = driver.event("offer_made", trip_id=trip["id"])
    accepts = at_once(*[lambda: driver.call("POST", f"/v1/offers/{offer['offer_id']}/accept")] * 5)
    assert {accepted["trip"]["state"] for accepted in accepts} == {"assigned"}
    driver.do(trip["id"], "arrive")
    driver.do(trip["id"], "start", {"pin": trip["pin"]})
    done = at_once(*[lambda: driver.do(trip["id"], "complete")] * 10)
    assert {each["state"] for each in done} == {"completed"}
    assert len({each["version"] for each in done}) == 1
    rider.event("payment_captured", trip_id=trip["id"])
    told = [event["event"] for event in rider.events]
    assert told.count("payment_captured") == told.count("trip_completed") == told.count("trip_settled") == 1
    assert len(driver.call("GET", "/v1/driver/earnings")["lines"]) == 1
