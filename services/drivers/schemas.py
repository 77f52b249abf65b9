"""The drivers service's wire: payloads in. What goes out is plain already (see `usecases.driver_reply`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, fields, post_load, validate

from hansom.contracts.drivers import (
    MAX_DRIVERS,
    Approval,
    DecideDocument,
    DecideDriver,
    ListDrivers,
    RegisterDriver,
    SetAvailability,
    SubmitDocument,
    VehicleDetails,
)
from hansom.validation import PlainText
from hansom.wire import Rfc3339
from services.drivers.domain.documents import DocumentRules


class Plate(PlainText):
    """A number plate: upper case, single spaces."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return " ".join(super()._deserialize(value, attr, data, **kwargs).upper().split())


class VehicleSchema(Schema):
    make = PlainText(required=True, longest=50)
    model = PlainText(required=True, longest=50)
    colour = PlainText(required=True, longest=30)
    plate = Plate(required=True, longest=16)
    category = PlainText(required=True, longest=50)

    @post_load
    def details(self, data: dict[str, Any], **kwargs: Any) -> VehicleDetails:
        return VehicleDetails(**data)


class RegisterDriverSchema(Schema):
    """Only the vehicle is looked at; what is of the account goes to the users service as it came."""

    vehicle = fields.Nested(VehicleSchema, required=True)
    idempotency = fields.Dict(allow_none=True)

    class Meta:
        unknown = EXCLUDE

    @post_load(pass_original=True)
    def command(self, data: dict[str, Any], original: dict[str, Any], **kwargs: Any) -> RegisterDriver:
        account = {name: value for name, value in original.items() if name not in ("vehicle", "idempotency", "role")}
        return RegisterDriver({**account, "role": "driver"}, data["vehicle"], data.get("idempotency"))


class DriverIdSchema(Schema):
    driver_id = PlainText(required=True, longest=64)


class DriverIdsSchema(Schema):
    driver_ids = fields.List(PlainText(longest=64), required=True, validate=validate.Length(0, MAX_DRIVERS))


class JsonBoolean(fields.Boolean):
    """true or false, and nothing that merely looks like it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class SetAvailabilitySchema(Schema):
    driver_id = PlainText(required=True, longest=64)
    online = JsonBoolean(required=True)

    @post_load
    def command(self, data: dict[str, Any], **kwargs: Any) -> SetAvailability:
        return SetAvailability(**data)


class ListDriversSchema(Schema):
    approval = fields.Enum(Approval, by_value=True, allow_none=True)
    online = JsonBoolean(allow_none=True)
    q = PlainText(shortest=0, longest=100, allow_none=True)
    limit = fields.Integer(strict=True, load_default=20, validate=validate.Range(1, 100))
    cursor = fields.String(
        allow_none=True, validate=validate.Regexp(r"\A[0-9a-f]{32}\Z", error="Not a cursor of this list.")
    )

    @post_load
    def command(self, data: dict[str, Any], **kwargs: Any) -> ListDrivers:
        return ListDrivers(**data)


class ActorSchema(Schema):
    user_id = PlainText(required=True, longest=64)
    role = fields.String(required=True, validate=validate.Equal("ops"))


class DecideDriverSchema(Schema):
    driver_id = PlainText(required=True, longest=64)
    actor = fields.Nested(ActorSchema, required=True)
    reason = PlainText(shortest=0, longest=500, multiline=True, allow_none=True)

    @post_load
    def command(self, data: dict[str, Any], **kwargs: Any) -> DecideDriver:
        return DecideDriver(data["driver_id"], data["actor"]["user_id"], data.get("reason"))


class SubmitDocumentSchema(Schema):
    driver_id = PlainText(required=True, longest=64)
    kind = PlainText(required=True, longest=64)
    number = PlainText(required=True, longest=64)
    expires_at = fields.Date(load_default=None, allow_none=True)

    @post_load
    def command(self, data: dict[str, Any], **kwargs: Any) -> SubmitDocument:
        return SubmitDocument(data["driver_id"], data["kind"], data["number"], data["expires_at"])


class DecideDocumentSchema(Schema):
    driver_id = PlainText(required=True, longest=64)
    kind = PlainText(required=True, longest=64)
    verdict = fields.String(required=True, validate=validate.OneOf(["accept", "reject"]))
    actor = fields.Nested(ActorSchema, required=True)
    reason = PlainText(shortest=0, longest=500, multiline=True, load_default=None, allow_none=True)
    submitted_at = Rfc3339(load_default=None, allow_none=True)

    @post_load
    def command(self, data: dict[str, Any], **kwargs: Any) -> DecideDocument:
        actor = data.pop("actor")
        return DecideDocument(**data, decided_by=actor["user_id"])


def document_rules(config: Mapping[str, Any]) -> DocumentRules:
    """From DRIVER_DOCUMENTS and DRIVER_DOCUMENTS_REQUIRED, words with blanks between. Raises ValueError."""
    kinds = tuple(str(config.get("DRIVER_DOCUMENTS") or "").split())
    return DocumentRules(kinds, frozenset(str(config.get("DRIVER_DOCUMENTS_REQUIRED") or "").split()))
