"""An operator sees what was in each account of the ledger, now and before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.apps import App
from tests.support.waiting import eventually


def test_operators_see_what_a_rider_owes_now_and_owed_before(people: Any, ops: App, refused: Any) -> None:
    rider, driver = people.rider(), people.driver(category="van")
    before = datetime.now(UTC).isoformat()
    trip = rider.ask(category="van", payment_method="card_declined")
    driver.take(trip)
    driver.drive(trip)
    owed = rider.event("payment_failed", trip_id=trip["id"])["amount"]

    def balances(path: str) -> list[dict[str, Any]]:
        return ops.call("GET", f"/v1/ops/ledger/balances{path}")["items"]

    [account] = balances(f"?owner={trip['rider_id']}")
    assert (account["kind"], account["balance_minor"]) == ("rider", owed["amount_minor"])
    assert account["currency"] == owed["currency"]
    [was] = balances(f"?kind=rider&owner={trip['rider_id']}&at={before}")
    assert was["balance_minor"] == 0
    eventually(lambda: [each["kind"] for each in balances("?kind=revenue&limit=1")] == ["revenue"])
    assert refused(rider, "GET", "/v1/ops/ledger/balances").status == 403


@pytest.mark.parametrize("query", ["kind=gold", "currency=euro", "at=yesterday", "limit=0"])
def test_wrong_questions_of_the_ledger_are_refused(ops: App, refused: Any, query: str) -> None:
    no = refused(ops, "GET", f"/v1/ops/ledger/balances?{query}")
    assert no.status == 422
    assert query.partition("=")[0] in no.error["details"]
