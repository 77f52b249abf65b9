"""The wire of one driver as operators see him, and of documents."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from hansom.contracts.drivers import DocumentState
from hansom.validation import PlainText
from hansom.wire import Finite, MoneySchema, PointSchema, Rfc3339
from services.gateway.ops_replies import Person
from services.gateway.replies import Driver, Reply
from services.gateway.schemas import Moment
from services.gateway.timeline_replies import MissingPart

MAYBE: dict[str, Any] = {"required": True, "allow_none": True}


class OwnDocument(Reply):
    kind = fields.String(required=True)
    required = fields.Boolean(required=True, metadata={"description": "Without it nobody is approved or goes online."})
    state = fields.String(required=True, validate=validate.OneOf([state.value for state in DocumentState]))
    number = fields.String(**MAYBE)
    expires_at = fields.Date(**MAYBE, metadata={"description": "The last day on which it is good."})
    submitted_at = Rfc3339(**MAYBE)
    decided_at = Rfc3339(**MAYBE)
    reason = fields.String(**MAYBE, metadata={"description": "Why it was rejected."})


class OwnDocuments(Reply):
    items = fields.List(fields.Nested(OwnDocument), required=True)


class Document(OwnDocument):
    decided_by = fields.Nested(Person, **MAYBE)


class Documents(Reply):
    items = fields.List(fields.Nested(Document), required=True)


class NewDocument(Schema):
    number = PlainText(required=True, longest=64)
    expires_at = fields.Date(allow_none=True, metadata={"description": "The last day on which it is good, if any."})


class Acceptance(Schema):
    submitted_at = Moment(
        metadata={"description": "Of the document that was looked at; 409 `document_changed` if it was replaced."}
    )


class Rejection(Acceptance):
    reason = PlainText(required=True, shortest=3, longest=500, multiline=True)


class Decided(Reply):
    at = Rfc3339(required=True)
    approval = fields.String(required=True, validate=validate.OneOf(["approved", "suspended"]))
    reason = fields.String(**MAYBE)
    by = fields.Nested(Person, required=True)


class LastPosition(Reply):
    point = fields.Nested(PointSchema, required=True)
    bearing_deg = Finite(**MAYBE)
    at = Rfc3339(required=True)
    state = fields.String(required=True)


class TripRef(Reply):
    id = fields.String(required=True)
    state = fields.String(required=True)


class Totals(Reply):
    """Of all time. What is not known is null."""

    trips = fields.Integer(**MAYBE, metadata={"description": "That he had at their end, and the one under way."})
    completed = fields.Integer(**MAYBE)
    cancelled = fields.Integer(**MAYBE)
    earned = fields.Nested(MoneySchema, **MAYBE)
    to_be_paid = fields.Nested(MoneySchema, **MAYBE)


class WholeDriver(Driver):
    """What a service that is away would have told is null, and it is named in `missing`."""

    rating_count = fields.Integer(required=True)
    suspended_for = fields.String(**MAYBE)
    went_online_at = Rfc3339(**MAYBE)
    created_at = Rfc3339(required=True)
    email = fields.String(**MAYBE)
    phone = fields.String(**MAYBE)
    decisions = fields.List(
        fields.Nested(Decided), required=True, metadata={"description": "Newest first, a hundred at most."}
    )
    documents = fields.List(fields.Nested(Document), required=True)
    position = fields.Nested(LastPosition, **MAYBE)
    trip = fields.Nested(TripRef, **MAYBE)
    totals = fields.Nested(Totals, **MAYBE)
    missing = fields.List(fields.Nested(MissingPart), required=True)
