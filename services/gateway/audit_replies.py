"""The wire of audits as operators see them, part of `replies`."""

from __future__ import annotations

from marshmallow import fields, validate

from hansom.wire import Rfc3339
from services.gateway.replies import Reply


class AuditCheck(Reply):
    service = fields.String(required=True, metadata={"description": "Who looked."})
    name = fields.String(required=True, metadata={"description": "What must hold."})
    checked = fields.Integer(required=True, metadata={"description": "How many things were looked at."})
    broken = fields.Integer(required=True, metadata={"description": "How many of them break it."})
    breaches = fields.List(fields.String(), required=True, metadata={"description": "The first of them."})


class Audit(Reply):
    audit_id = fields.String(required=True)
    cause = fields.String(required=True, validate=validate.OneOf(["nightly", "asked"]))
    started_at = Rfc3339(required=True)
    finished_at = Rfc3339(required=True)
    checked = fields.Integer(required=True)
    broken = fields.Integer(required=True, metadata={"description": "0: everything holds."})
    checks = fields.List(fields.Nested(AuditCheck), required=True)


class Audits(Reply):
    items = fields.List(fields.Nested(Audit), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
