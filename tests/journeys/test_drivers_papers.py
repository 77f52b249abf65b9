"""A driver hands in his papers, an operator reads all there is of him and decides."""

from __future__ import annotations

from typing import Any

from services.gateway import fleet_replies
from tests.support.apps import App
from tests.support.waiting import eventually


def test_a_driver_hands_in_his_papers_and_an_operator_decides(people: Any, ops: App, refused: Any) -> None:
    driver = people.driver(category="comfort")
    own = driver.call("GET", "/v1/driver/documents")["items"]
    assert [(each["kind"], each["state"], each["required"]) for each in own] == [
        ("driving_licence", "missing", False),
        ("taxi_licence", "missing", False),
        ("vehicle_registration", "missing", False),
        ("insurance", "missing", False),
    ]
    path = "/v1/driver/documents/taxi_licence"
    sent = driver.call("PUT", path, {"number": "TL-12345", "expires_at": "2999-05-01"})
    assert fleet_replies.OwnDocument().validate(sent) == {}
    assert (sent["state"], sent["expires_at"]) == ("submitted", "2999-05-01")
    for wrong in ({}, {"number": ""}, {"number": "x", "expires_at": "soon"}, {"number": "x", "more": 1}):
        assert refused(driver, "PUT", path, wrong).status == 422
    assert refused(driver, "PUT", "/v1/driver/documents/passport", {"number": "x"}).code == "unknown_document"

    of_him = f"/v1/ops/drivers/{driver.id}"
    assert refused(ops, "POST", f"{of_him}/documents/insurance/accept").code == "document_not_there"
    assert refused(ops, "POST", f"{of_him}/documents/taxi_licence/reject", {}).status == 422
    ops.call("POST", f"{of_him}/documents/taxi_licence/reject", {"reason": "The picture is cut off."})
    told = {each["kind"]: each for each in driver.call("GET", "/v1/driver/documents")["items"]}["taxi_licence"]
    assert (told["state"], told["reason"], "decided_by" in told) == ("rejected", "The picture is cut off.", False)
    driver.call("PUT", path, {"number": "TL-12345", "expires_at": "2999-05-01"})
    accepted = ops.call("POST", f"{of_him}/documents/taxi_licence/accept")  # whichever is there
    assert fleet_replies.Document().validate(accepted) == {}
    me = ops.call("GET", "/v1/me")
    assert (accepted["state"], accepted["decided_by"]) == ("accepted", {"id": me["id"], "name": "Olli"})
    ops.call("POST", f"{of_him}/suspend", {"reason": "asked for it"})

    seen = eventually(lambda: _with_position(ops.call("GET", of_him)), within_s=15)
    assert fleet_replies.WholeDriver().validate(seen) == {}
    assert (seen["missing"], seen["email"], seen["phone"]) == ([], driver.email, "+358401234567")
    assert [(each["approval"], each["by"]["name"]) for each in seen["decisions"]] == [("suspended", "Olli")]
    assert seen["documents"] == ops.call("GET", f"{of_him}/documents")["items"]
    assert (seen["trip"], seen["totals"]["trips"], seen["totals"]["earned"]["amount_minor"]) == (None, 0, 0)
    assert refused(ops, "GET", "/v1/ops/drivers/nobody").code == "unknown_driver"
    assert refused(driver, "GET", of_him).status == 403


def test_a_document_that_its_driver_replaced_meanwhile_is_not_decided_unseen(
    people: Any, ops: App, refused: Any
) -> None:
    driver = people.driver()
    driver.call("PUT", "/v1/driver/documents/insurance", {"number": "IN-1"})
    documents = f"/v1/ops/drivers/{driver.id}/documents"

    def seen() -> dict[str, Any]:
        return next(each for each in ops.call("GET", documents)["items"] if each["kind"] == "insurance")

    looked_at = {"submitted_at": seen()["submitted_at"]}
    driver.call("PUT", "/v1/driver/documents/insurance", {"number": "IN-2"})
    for verdict, more in (("accept", {}), ("reject", {"reason": "It has expired."})):
        assert refused(ops, "POST", f"{documents}/insurance/{verdict}", {**looked_at, **more}).status == 409
    assert refused(ops, "POST", f"{documents}/insurance/accept", looked_at).code == "document_changed"
    for wrong in ({"submitted_at": "now"}, {"submitted_at": None}, {"number": "IN-2"}):
        assert refused(ops, "POST", f"{documents}/insurance/accept", wrong).status == 422
    now = seen()
    assert (now["number"], now["state"]) == ("IN-2", "submitted")
    told = ops.call("POST", f"{documents}/insurance/accept", {"submitted_at": now["submitted_at"]})
    assert (told["number"], told["state"]) == ("IN-2", "accepted")


def test_an_operator_sees_what_a_driver_drove(people: Any, ops: App) -> None:
    rider, driver = people.rider(), people.driver(category="van")
    trip = rider.ask(category="van")
    driver.take(trip)
    busy = ops.call("GET", f"/v1/ops/drivers/{driver.id}")
    assert (busy["trip"], busy["totals"]["trips"]) == ({"id": trip["id"], "state": "assigned"}, 1)
    driver.drive(trip)
    rider.event("payment_captured", trip_id=trip["id"])
    done = ops.call("GET", f"/v1/ops/drivers/{driver.id}")
    assert (done["trip"], done["totals"]["completed"], done["totals"]["cancelled"]) == (None, 1, 0)
    assert done["totals"]["earned"]["amount_minor"] > 0


def _with_position(driver: dict[str, Any]) -> dict[str, Any] | None:
    return driver if driver["position"] is not None else None
