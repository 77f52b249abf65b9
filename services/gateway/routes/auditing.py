"""How operators see whether the money is right."""

from __future__ import annotations

from typing import Any

from services.gateway import audit_replies, schemas
from services.gateway.http.route import OPS, Call, route
from services.gateway.routes.needs import Needs

AUDIT_DEADLINE_S = 120.0
"""An audit of some million entries takes most of a minute."""


class AuditRoutes(Needs):
    @route("GET", "/v1/ops/audit", who=OPS, query=schemas.PageQuery(), gives=audit_replies.Audits(),
           summary="Audits of the money, newest first")  # fmt: skip
    def list_audits(self, call: Call) -> Any:
        """Each night's and those that operators asked for: each check, how much it looked at and what breaks it."""
        return self.payments.list_audits(call.data)

    @route("POST", "/v1/ops/audit", who=OPS, gives=audit_replies.Audit(), refuses=frozenset({409}), status=201,
           summary="Audit the money now")  # fmt: skip
    def run_audit(self, call: Call) -> Any:
        """Answers when it is done, and keeps the result. One at a time: 409 `audit_running`."""
        return self.payments.call("run_audit", {}, AUDIT_DEADLINE_S)
