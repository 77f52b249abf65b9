"""The wire of a trip's timeline."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from hansom.contracts.timeline import Code, Kind
from hansom.wire import Rfc3339
from services.gateway.replies import Reply

MAYBE: dict[str, Any] = {"required": True, "allow_none": True}


class Who(Reply):
    role = fields.String(required=True, validate=validate.OneOf(["rider", "driver", "ops"]))
    id = fields.String(**MAYBE)
    name = fields.String(**MAYBE)


class Moment(Reply):
    at = Rfc3339(required=True)
    kind = fields.String(required=True, validate=validate.OneOf([kind.value for kind in Kind]))
    code = fields.String(required=True, validate=validate.OneOf([code.value for code in Code]))
    who = fields.Nested(
        Who, **MAYBE, metadata={"description": "Who did it; of an offer, to whom it was made. Null: nobody did."}
    )
    values = fields.Dict(
        required=True, metadata={"description": "Facts of the code, to say it in another language; money as Money."}
    )
    words = fields.String(required=True, metadata={"description": "In English."})


class MissingPart(Reply):
    part = fields.String(required=True)
    code = fields.String(required=True)


class Timeline(Reply):
    """What a service that is away would have told is left out, and it is named in `missing`."""

    trip_id = fields.String(required=True)
    items = fields.List(fields.Nested(Moment), required=True)
    missing = fields.List(fields.Nested(MissingPart), required=True)
