"""The wire of surge as operators see it, part of `replies`."""

from __future__ import annotations

from marshmallow import fields

from hansom.wire import Finite, Rfc3339
from services.gateway.replies import Reply, Surge


class SegmentSurge(Surge):
    """A segment above 1.0, and what was counted in it and around it."""

    waiting = fields.Integer(required=True)
    requests = fields.Integer(required=True)
    unmet = fields.Integer(required=True)
    free = fields.Integer(required=True)


class LiveSurge(Reply):
    enabled = fields.Boolean(required=True)
    cap = Finite(required=True)
    known = fields.Boolean(required=True, metadata={"description": "False: not reckoned lately, and all at 1.0."})
    at = Rfc3339(required=True, allow_none=True)
    items = fields.Dict(keys=fields.String(), values=fields.Nested(SegmentSurge), required=True)


class SurgeSetting(Reply):
    city = fields.String(required=True)
    enabled = fields.Boolean(required=True)
    cap = Finite(required=True, metadata={"description": "The highest multiplier."})
    default_enabled = fields.Boolean(required=True)
    default_cap = Finite(required=True)
    changed_at = Rfc3339(required=True, allow_none=True)
    changed_by = fields.String(
        required=True, allow_none=True, metadata={"description": "The operator who changed it last."}
    )


class CitySurge(SurgeSetting):
    live = fields.Nested(LiveSurge, required=True)


class SurgeSet(Reply):
    enabled = fields.Boolean(required=True)
    cap = Finite(required=True)


class SurgeChange(Reply):
    id = fields.String(required=True)
    city = fields.String(required=True)
    changed_at = Rfc3339(required=True)
    changed_by = fields.String(required=True)
    old = fields.Nested(SurgeSet, required=True)
    new = fields.Nested(SurgeSet, required=True)
    note = fields.String(required=True, allow_none=True)


class SurgeChanges(Reply):
    items = fields.List(fields.Nested(SurgeChange), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
