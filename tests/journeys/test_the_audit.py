"""An operator has the money audited, and sees what was found."""

from __future__ import annotations

from typing import Any

from tests.support.apps import App


def test_an_operator_audits_the_money_and_finds_it_in_the_list(people: Any, ops: App, refused: Any) -> None:
    audit = ops.call("POST", "/v1/ops/audit")
    assert audit["cause"] == "asked" and audit["checked"] >= 0
    assert {check["service"] for check in audit["checks"]} == {"payments", "trips", "pricing"}
    assert audit["broken"] == sum(check["broken"] for check in audit["checks"])
    listed = ops.call("GET", "/v1/ops/audit?limit=100")["items"]
    assert audit["audit_id"] in [each["audit_id"] for each in listed]
    for method in ("GET", "POST"):
        assert refused(people.rider(), method, "/v1/ops/audit").status == 403
