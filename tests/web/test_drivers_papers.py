"""An operator looks at a driver's documents, one of which is replaced meanwhile, and at what was paid to him."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Route, expect

from hansom.contracts.payment_replies import PayoutReply
from tests.support.axe import violations

SOMEWHERE = {"lat": 60.17, "lng": 24.94}


def test_a_document_is_accepted_only_as_it_was_seen(people: Any) -> None:
    driver = people.driver(at=SOMEWHERE, online=False)
    documents = f"/v1/ops/drivers/{driver.id}/documents"
    for kind in ("insurance", "taxi_licence"):
        driver.call("PUT", f"/v1/driver/documents/{kind}", {"number": "OLD-1", "expires_at": "2999-05-01"})
    operator = people.operator("#/drivers")
    operator.call("POST", f"{documents}/taxi_licence/reject", {"reason": "The picture is cut off"})
    operator.page.route("**/payouts?*", paid_in_march)
    operator.open(f"#/drivers/{driver.id}")
    insurance = operator.page.get_by_role("listitem").filter(has_text="Insurance")
    expect(insurance).to_contain_text("OLD-1")
    expect(insurance).to_contain_text("To be looked at")

    operator.press("Accept… Insurance")
    driver.call("PUT", "/v1/driver/documents/insurance", {"number": "NEW-2"})
    accept = operator.dialog.get_by_role("button", name="Accept")
    accept.click()
    expect(operator.page.get_by_role("alert")).to_contain_text("Insurance: The driver has handed in another one")
    expect(insurance).to_contain_text("NEW-2")
    expect(insurance).to_contain_text("To be looked at")
    expect(operator.page.get_by_role("listitem").filter(has_text="€31.40")).to_contain_text("paid")
    assert violations(operator.page) == []

    operator.press("Accept… Insurance")
    accept.click()
    expect(insurance).to_contain_text("Accepted")
    expect(operator.page.get_by_role("alert")).to_be_hidden()


def paid_in_march(route: Route) -> None:
    """Answers as payments would a day after a day of rides, which no test can wait for."""
    payout = PayoutReply(
        payout_id="payout-1",
        driver_id="driver-1",
        city="helsinki",
        until_day="2026-03-02",
        amount={"amount_minor": 3140, "currency": "EUR"},
        state="sent",
        reason=None,
        created_at="2026-03-03T01:00:00.000Z",
        sent_at="2026-03-03T01:00:01.000Z",
        lines=[],
    )
    route.fulfill(json={"items": [payout], "next_cursor": None})
