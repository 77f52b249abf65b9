"""A driver accepts and then nothing is heard of him: his rider is not left waiting, and gets the next car."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from hansom.redis import live_redis
from hansom.store import engine_for
from tests.support.apps import PICKUP, DriverApp
from tests.support.waiting import eventually

MINUTES_MS = 300_000


def test_the_rider_of_a_silent_driver_gets_another(people: Any, refused: Any, config: dict[str, Any]) -> None:
    rider, first = people.rider(), people.driver(category="van", point=PICKUP)
    trip = rider.ask(category="van")
    first.take(trip)
    second = people.driver(category="van", point={"lat": 60.1725, "lng": 24.9440})
    first.stop_reporting()
    age(config, trip["id"], first)

    gone = rider.event("driver_cancelled", trip_id=trip["id"])
    assert (gone["reason"], gone["trip"]["state"]) == ("driver_silent", "requested")
    assert first.event("trip_returned", trip_id=trip["id"])["reason"] == "driver_silent"
    assert refused(first, "POST", f"/v1/trips/{trip['id']}/arrive", {}).status == 403
    second.take(trip)
    rider.wait(lambda: rider.trip(trip["id"])["driver_id"] == second.id, "the second driver")
    assert len([event for event in first.events if event["event"] == "offer_made"]) == 1
    rider.call("POST", f"/v1/trips/{trip['id']}/cancel")


def age(config: dict[str, Any], trip_id: str, driver: DriverApp) -> None:
    """As if the driver had accepted five minutes ago and been silent since, while others were heard."""
    engine = engine_for(config, "trips")
    with engine.begin() as connection:
        accepted = text("UPDATE trips SET assigned_at = assigned_at - interval '5 minutes' WHERE id = :id")
        assert connection.execute(accepted, {"id": trip_id}).rowcount == 1
    engine.dispose()
    redis = live_redis(config)
    known = f"location:driver:{driver.id}"
    eventually(lambda: redis.hget(known, "seq") == str(driver.seq), why="the last position")
    at, _, rest = (redis.hget(known, "pos") or "").partition(";")
    then = str(int(at) - MINUTES_MS)
    redis.hset(known, mapping={"at": then, "pos": f"{then};{rest}"})
    redis.delete(f"location:recent:{driver.id}")
    redis.hset("location:listening", "since", str(int(at) - 2 * MINUTES_MS))
    redis.close()
