"""A phone that was away hears all that it missed, in order, and nothing twice; every phone of a user hears it."""

from __future__ import annotations

from typing import Any

from tests.support.apps import RiderApp


def test_a_rider_who_was_away_misses_nothing(people: Any) -> None:
    rider, driver = people.rider(), people.driver(category="van")
    tablet = RiderApp(rider.url)
    tablet.token, tablet.id = rider.token, rider.id
    tablet.connect()
    people.apps.append(tablet)
    trip = rider.ask(category="van")
    offer = driver.event("offer_made", trip_id=trip["id"])
    rider.close()  # in a tunnel
    driver.call("POST", f"/v1/offers/{offer['offer_id']}/accept")
    driver.drive(trip)
    tablet.event("payment_captured", trip_id=trip["id"])
    assert rider.events == []

    rider._closing = False
    rider.connect()
    rider.event("payment_captured", trip_id=trip["id"])
    assert [event["event"] for event in rider.events] == [event["event"] for event in tablet.events]
    assert [event["seq"] for event in rider.events] == list(range(1, len(rider.events) + 1))
    assert (rider.gaps, tablet.gaps) == ([], [])
