"""Why did nobody come? Riders who wait, drivers without rides and operators are all told."""

from __future__ import annotations

from typing import Any

from tests.support.apps import PICKUP, App
from tests.support.waiting import eventually


def test_who_waits_who_drives_and_who_operates_learn_how_it_stands(people: Any, ops: App) -> None:
    rider = people.rider()
    trip = rider.ask(category="van")
    waiting = eventually(lambda: rider.trip(trip["id"])["waiting"], within_s=10)
    # vans of other stories may have rides still
    assert waiting["text"].startswith("No car near") or "busy" in waiting["text"]
    assert (waiting["cars_near"], waiting["asked"]) == (waiting["busy_near"], 0)
    assert waiting["since"] == trip["waiting_since"]
    news = rider.wait(lambda: [each for each in rider.moves if each["event"] == "waiting_update"], "a waiting_update")
    assert (news[0]["trip_id"], news[0]["since"], "seq" in news[0]) == (trip["id"], waiting["since"], False)

    driver = people.driver(category="van", point=PICKUP)
    offer = driver.event("offer_made", trip_id=trip["id"])
    assert eventually(lambda: rider.trip(trip["id"])["waiting"])["asked"] in (0, 1)
    driver.call("POST", f"/v1/offers/{offer['offer_id']}/accept")
    assert rider.trip(trip["id"])["waiting"] is None

    def explained() -> Any:
        why = driver.call("GET", "/v1/driver/why-no-rides")
        assert (why["offers"]["accepted"], why["considered"], why["rides"]) == (1, 1, 1)
        return why

    why = eventually(explained, within_s=15)
    assert why["why_not"] == "busy"
    assert 0 < why["online_s"] <= 3600
    assert why["missing"] == []
    assert "1 offer was made to you: 1 accepted" in why["summary"]
    assert rider.id not in str(why) and trip["id"] not in str(why)
    assert ops.call("GET", f"/v1/ops/drivers/{driver.id}/why-no-rides")["offers"] == why["offers"]
    past = ops.call("GET", f"/v1/ops/drivers/{driver.id}/why-no-rides?until=2026-01-01T00:00:00Z")
    assert (past["until"], past["batches"], past["online_s"]) == ("2026-01-01T00:00:00.000Z", 0, 0)

    def decided() -> Any:
        told = ops.call("GET", f"/v1/ops/trips/{trip['id']}/decisions")
        assert [wait["how"] for wait in told["waits"]] == ["assigned"]
        assert [item["answer"] for item in told["items"] if item["offer_id"]] == ["accepted"]
        return told

    told = eventually(decided, within_s=15)
    assert "1 was asked: 1 accepted" in told["summary"]
    assert "none was near" in told["summary"]
    [line] = [item for item in told["items"] if item["offer_id"] == offer["offer_id"]]
    assert line["delay_s"] >= 0
    assert sum(line["parts"].values()) == line["score"] or abs(sum(line["parts"].values()) - line["score"]) < 0.1


def test_what_an_hour_is_told_to_is_the_driver_himself_and_operators(people: Any, ops: App, refused: Any) -> None:
    rider, driver = people.rider(), people.driver(category="comfort")
    assert refused(rider, "GET", "/v1/driver/why-no-rides").status == 403
    assert refused(driver, "GET", f"/v1/ops/drivers/{driver.id}/why-no-rides").status == 403
    assert refused(ops, "GET", "/v1/ops/drivers/nobody/why-no-rides").status == 404
    wrong = refused(ops, "GET", f"/v1/ops/drivers/{driver.id}/why-no-rides?until=0001-01-01")
    assert (wrong.status, list(wrong.error["details"])) == (422, ["until"])
