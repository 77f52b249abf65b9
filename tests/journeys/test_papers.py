"""A rider gets all that a ride cost him on paper, in his own language, with the way he was driven."""

from __future__ import annotations

from typing import Any

import requests

from tests.support.waiting import eventually


def test_a_ride_on_paper_in_its_riders_language(people: Any, refused: Any) -> None:
    rider, driver = people.rider(), people.driver(category="van")
    trip = rider.ask(category="van")
    driver.take(trip)
    driver.do(trip["id"], "arrive")
    driver.do(trip["id"], "start", {"pin": trip["pin"]})
    eventually(lambda: len(rider.call("GET", f"/v1/trips/{trip['id']}/trace")["points"]) > 1, within_s=15)
    driver.do(trip["id"], "complete")
    rider.event("payment_captured", trip_id=trip["id"])
    path = f"/v1/trips/{trip['id']}/receipt"

    def page(accept: str = "text/html", lang: str = "", **headers: str) -> requests.Response:
        named = {"Authorization": f"Bearer {rider.token}", "Accept": accept, **headers}
        answer = requests.get(f"{people.url}{path}{lang}", headers=named, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer

    assert "Receipt" in page().text
    assert "Recibo" in page(**{"Accept-Language": "es-ES,es;q=0.9"}).text
    assert rider.call("PATCH", "/v1/me", {"language": "fi"})["language"] == "fi"
    finnish = page(**{"Accept-Language": "es-ES,es;q=0.9"})
    assert "Kuitti" in finnish.text and rider.call("GET", "/v1/me")["name"] in finnish.text
    assert "<svg" in finnish.text, "the way that was driven"
    policy = finnish.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "style-src 'sha256-" in policy and "unsafe" not in policy
    assert finnish.headers["Content-Language"] == "fi"
    assert finnish.headers["X-Content-Type-Options"] == "nosniff"
    assert page(lang="?lang=en").headers["Content-Language"] == "en"
    receipt = rider.call("GET", path)
    assert receipt["language"] == "fi"
    pdf = page("application/pdf")
    assert pdf.headers["Content-Disposition"] == f'inline; filename="{receipt["receipt_number"]}.pdf"'

    assert refused(rider, "GET", f"{path}?lang=xx").error["details"].keys() == {"lang"}
    assert refused(rider, "PATCH", "/v1/me", {"language": "xx"}).error["details"].keys() == {"language"}
    [listed] = rider.call("GET", f"{path}s")["items"]
    assert (listed["receipt_number"], listed["kind"]) == (receipt["receipt_number"], "ride")
    assert rider.call("GET", f"{path}s/{listed['receipt_number']}") == receipt
    assert refused(rider, "GET", f"{path}s/HELSINKI-2026-999999").code == "unknown_receipt"
    assert refused(people.rider(), "GET", f"{path}s").status == 403
