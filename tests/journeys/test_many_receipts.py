"""Printing is slow work: whoever asks for much of it stops nobody's money."""

from __future__ import annotations

from typing import Any

import eventlet
import requests


def test_many_receipts_printed_at_once_stop_nobody(people: Any) -> None:
    rider, driver = people.rider(), people.driver(category="van")
    trip = rider.ask(category="van")
    driver.take(trip)
    driver.drive(trip)
    rider.event("payment_captured", trip_id=trip["id"])

    def receipt(kind: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {rider.token}", "Accept": kind}
        return requests.get(f"{people.url}/v1/trips/{trip['id']}/receipt", headers=headers, timeout=40)

    printing = [eventlet.spawn(receipt, "application/pdf") for _ in range(8)]
    for _ in range(10):
        assert receipt("application/json").json()["trip_id"] == trip["id"]
        assert len(driver.call("GET", "/v1/driver/earnings")["lines"]) == 1
    printed = [each.wait() for each in printing]
    assert {each.status_code for each in printed} <= {200, 503}, "printed, or told to come again"
    assert any(each.content.startswith(b"%PDF-") for each in printed)
    assert receipt("application/pdf").content.startswith(b"%PDF-")
