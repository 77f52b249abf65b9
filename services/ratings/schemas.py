"""The ratings service's wire: payloads in. What goes out is plain already."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from hansom.contracts.ratings import COMMENT_MAX_CHARS, STARS, RateTrip
from hansom.validation import PlainText


class Stars(fields.Integer):
    """A whole number of stars: no strings, no booleans, no fractions."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.make_error("invalid", input=value)
        return value


class ActorSchema(Schema):
    user_id = PlainText(required=True, longest=64)
    role = fields.String(required=True)


class TripIdSchema(Schema):
    trip_id = PlainText(required=True, longest=64)


class RateTripSchema(Schema):
    trip_id = PlainText(required=True, longest=64)
    actor = fields.Nested(ActorSchema, required=True)
    stars = Stars(required=True, validate=validate.Range(*STARS))
    comment = PlainText(shortest=0, longest=COMMENT_MAX_CHARS, multiline=True, allow_none=True)
    idempotency = fields.Dict(allow_none=True)

    @post_load
    def command(self, data: dict[str, Any], **kwargs: Any) -> RateTrip:
        actor = data.pop("actor")
        data["comment"] = data.get("comment") or None
        return RateTrip(**data, rater_id=actor["user_id"], rater_role=actor["role"])
