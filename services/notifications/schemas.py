"""The wire: payloads in."""

from __future__ import annotations

from marshmallow import EXCLUDE, Schema, fields, validate

from hansom.contracts.notifications import MAX_EVENTS, MAX_USERS
from hansom.validation import PlainText


class _Request(Schema):
    class Meta:
        unknown = EXCLUDE


class PresenceSchema(_Request):
    gateway_id = PlainText(required=True, longest=64)
    user_ids = fields.List(PlainText(longest=64), required=True, validate=validate.Length(0, MAX_USERS))


class StreamSchema(_Request):
    user_id = PlainText(required=True, longest=64)
    after = fields.Integer(strict=True, required=True, validate=validate.Range(0))
    limit = fields.Integer(strict=True, load_default=100, validate=validate.Range(1, MAX_EVENTS))


PRESENCE, STREAM = PresenceSchema(), StreamSchema()
