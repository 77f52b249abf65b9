"""The wire of what only operators are shown."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from services.gateway import replies
from services.gateway.replies import Reply

MAYBE: dict[str, Any] = {"required": True, "allow_none": True}


class Person(Reply):
    id = fields.String(required=True)
    name = fields.String(**MAYBE)


class ListedTrip(replies.Trip):
    """A trip in an operator's list."""

    rider = fields.Nested(Person, required=True)


class ListedTrips(Reply):
    items = fields.List(fields.Nested(ListedTrip), required=True)
    next_cursor = fields.String(**MAYBE)
    cut_off = fields.Boolean(
        required=True,
        metadata={"description": "More trips have this `payment` than were looked at: the newest 1,000."},
    )
